#include "store/candidates.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace hobd {
namespace {

struct Entry {
  std::int64_t row = 0;
  float weight = 0;
};

/// Rows this near each other are taken for neighbours; which of them share a session is known once they are read.
constexpr std::array<float, 3> kNear = {1.0F, 0.5F, 0.25F};

/// How many rows of the span an entry may cost, so that a plain array is the faster way to add them up.
constexpr std::int64_t kDense = 16;

float weight_of(const Posting& posting, double all_rows) {
  const double all = std::max(all_rows, posting.count);
  return static_cast<float>(std::pow(std::log(1 + (all - posting.count + 0.5) / (posting.count + 0.5)), 1.5));
}

/// The rows of all lists with their summed weights, ascending.
std::vector<Entry> summed(const std::vector<Posting>& postings, double all_rows, const std::vector<double>& factors) {
  const auto weight_at = [&](std::size_t i) {
    return weight_of(postings[i], all_rows) * static_cast<float>(i < factors.size() ? factors[i] : 1);
  };
  std::int64_t first = std::numeric_limits<std::int64_t>::max(), last = std::numeric_limits<std::int64_t>::min();
  std::size_t total = 0;
  for (const Posting& posting : postings) {
    if (posting.rows.empty()) continue;
    first = std::min(first, posting.rows.front());
    last = std::max(last, posting.rows.back());
    total += posting.rows.size();
  }
  std::vector<Entry> entries;
  if (total == 0) return entries;
  if ((last - first) / kDense <= static_cast<std::int64_t>(total)) {
    std::vector<float> weights(static_cast<std::size_t>(last - first + 1));
    for (std::size_t i = 0; i < postings.size(); ++i) {
      const float weight = weight_at(i);
      for (const std::int64_t row : postings[i].rows) weights[static_cast<std::size_t>(row - first)] += weight;
    }
    entries.reserve(total);
    for (std::size_t i = 0; i < weights.size(); ++i)
      if (weights[i] > 0) entries.push_back({first + static_cast<std::int64_t>(i), weights[i]});
    return entries;
  }
  entries.reserve(total);
  for (std::size_t i = 0; i < postings.size(); ++i) {
    const float weight = weight_at(i);
    for (const std::int64_t row : postings[i].rows) entries.push_back({row, weight});
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.row < b.row; });
  std::size_t kept = 0;
  for (std::size_t i = 1; i < entries.size(); ++i) {
    if (entries[i].row == entries[kept].row)
      entries[kept].weight += entries[i].weight;
    else
      entries[++kept] = entries[i];
  }
  entries.resize(kept + 1);
  return entries;
}

}  // namespace

std::vector<std::int64_t> best_rows(const std::vector<Posting>& postings, double all_rows, std::size_t most,
                                    const std::vector<double>& factors) {
  const std::vector<Entry> entries = summed(postings, all_rows, factors);
  std::vector<Entry> best;
  best.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    float weight = entries[i].weight;
    for (std::size_t j = i; j-- > 0 && entries[i].row - entries[j].row < std::int64_t(kNear.size());)
      weight += entries[j].weight * kNear[static_cast<std::size_t>(entries[i].row - entries[j].row)];
    if (i + 1 < entries.size() && entries[i + 1].row == entries[i].row + 1) weight += entries[i + 1].weight * kNear[2];
    best.push_back({entries[i].row, weight});
  }
  if (best.size() > most) {
    std::nth_element(best.begin(), best.begin() + static_cast<std::ptrdiff_t>(most), best.end(), [](const Entry& a, const Entry& b) {
      return a.weight != b.weight ? a.weight > b.weight : a.row > b.row;
    });
    best.resize(most);
  }
  std::vector<std::int64_t> rows;
  rows.reserve(best.size());
  for (const Entry& entry : best) rows.push_back(entry.row);
  std::sort(rows.begin(), rows.end());
  return rows;
}

std::vector<std::uint64_t> terms_of_rows(const std::vector<Posting>& postings, const std::vector<std::int64_t>& rows) {
  std::vector<std::uint64_t> found(rows.size());
  for (std::size_t term = 0; term < postings.size() && term < 64; ++term) {
    auto at = postings[term].rows.begin();
    const auto end = postings[term].rows.end();
    for (std::size_t i = 0; i < rows.size() && at != end; ++i) {
      at = std::lower_bound(at, end, rows[i]);
      if (at != end && *at == rows[i]) found[i] |= std::uint64_t{1} << term;
    }
  }
  return found;
}

}  // namespace hobd

#include "memory/ranking.hpp"

#include "store/terms.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <set>

namespace hobd {
namespace {

constexpr double kHalfLifeDays = 90;
constexpr std::size_t kMostRead = 200;
constexpr double kLeastFactor = 0.9, kLeastFactorOfLatest = 0.5;

/// How much each term tells.
std::vector<double> weights_of(const Question& question, const TermCounts& counts, const std::set<std::string>& names, const RankingWeights& w) {
  std::vector<double> weights;
  for (std::size_t i = 0; i < question.terms.size() && i < counts.holding.size(); ++i) {
    const double holding = counts.holding[i], all = std::max(counts.rows, holding);
    double weight = holding > 0 ? std::pow(std::log(1 + (all - holding + 0.5) / (holding + 0.5)), w.rarity) : 0;
    if (names.contains(question.terms[i])) weight *= w.name;
    if (question.date_terms.contains(question.terms[i])) weight *= w.date_word;
    weights.push_back(weight);
  }
  return weights;
}

struct Place {
  TermsAt at;
  double weight = 0;
};

/// BM25F over some places.
template <std::size_t N>
double lexical_score(const std::array<Place, N>& places, const std::vector<double>& weights, const RankingWeights& w) {
  std::array<double, N> shares{};
  std::uint64_t present = 0;
  for (std::size_t p = 0; p < N; ++p) {
    if (places[p].at.length == 0) continue;
    shares[p] = places[p].weight / (1 - w.length_share + w.length_share * double(places[p].at.length) / w.usual_length);
    present |= places[p].at.terms;
  }
  double score = 0;
  for (std::uint64_t left = present; left != 0; left &= left - 1) {
    const auto term = static_cast<std::size_t>(std::countr_zero(left));
    if (term >= weights.size()) break;
    double frequency = 0;
    for (std::size_t p = 0; p < N; ++p)
      if (places[p].at.terms >> term & 1) frequency += shares[p];
    score += weights[term] * frequency * (w.saturation + 1) / (w.saturation + frequency);
  }
  return score;
}

/// The best that a short message with all terms could reach.
double ideal_score(const std::vector<double>& weights) {
  double sum = 0;
  for (const double weight : weights) sum += weight;
  return sum;
}

bool overlaps(const DateMention& mention, Time from, Time to) { return mention.from < to && from < mention.to; }

bool matches_date(const Question& question, std::string_view text, Time at) {
  if (question.dates.empty()) return false;
  for (const DateMention& asked : question.dates)
    if (at >= asked.from && at < asked.to) return true;
  for (const DateMention& named : find_dates(text, at))
    for (const DateMention& asked : question.dates)
      if (overlaps(asked, named.from, named.to)) return true;
  return false;
}

double recency(Time at, Time now) {
  const double days = std::chrono::duration<double, std::ratio<86'400>>(now - at).count();
  return std::exp2(-std::clamp(days, 0.0, 36'500.0) / kHalfLifeDays);
}

/// `merit` 0..1 as a factor that is never small.
double bounded(double merit, const Question& question) {
  const double least = question.wants_latest ? kLeastFactorOfLatest : kLeastFactor;
  return least + (1 - least) * std::clamp(merit, 0.0, 1.0);
}

/// Of a text's form: that it asks, that it says little.
double form_factor(const TextTraits& traits, const RankingWeights& w) {
  return (1 - w.question * traits.questions) * (1 - w.empty / (w.empty + double(traits.content)));
}

double best_cosine(const DenseScores& dense) {
  double best = 0;
  for (const auto& [row, cosine] : dense.cosines) best = std::max(best, cosine);
  return best;
}

double dense_share(const DenseScores& dense, double best, std::int64_t row) {
  const auto found = dense.cosines.find(row);
  return found == dense.cosines.end() || best <= 0 ? 0 : std::max(0.0, found->second) / best;
}

void sort_best_first(std::vector<Ranked>& ranked) {
  std::sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) { return a.score != b.score ? a.score > b.score : a.index > b.index; });
}

/// Between 0 and 1, in the same order.
double shown(double score) { return score / (1 + score); }

/// How good a match the best one is at all, 0..1: what makes scores of two lists comparable.
double quality_of(double best, double ideal) { return ideal > 0 ? std::min(1.0, best / ideal) : 0; }

}  // namespace

std::vector<Ranked> rank_messages(const Question& question, const MessageCandidates& candidates, const DenseScores& dense, Time now,
                                  const RankingWeights& w) {
  const auto& items = candidates.items;
  // Who speaks, by each word of their name; the question's words among these are names.
  std::set<std::string> speakers;
  for (const MessageCandidate& item : items)
    if (item.role == "user") speakers.insert(item.speaker);
  std::set<std::string> names, asked;
  for (const std::string& speaker : speakers) {
    for (const std::string& name : terms(speaker)) {
      if (std::find(question.terms.begin(), question.terms.end(), name) == question.terms.end()) continue;
      names.insert(name);
      asked.insert(speaker);
    }
  }

  const std::vector<double> weights = weights_of(question, candidates.counts, names, w);
  std::vector<double> own(items.size()), whole(items.size());
  double best = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const MessageCandidate& item = items[i];
    const Place place{item.own, w.own};
    own[i] = lexical_score(std::array{place}, weights, w);
    whole[i] = lexical_score(std::array{place, Place{item.previous, w.previous}, Place{item.second, w.second}, Place{item.next, w.next}}, weights, w);
    best = std::max(best, whole[i]);
  }
  const double scale = best > 0 ? 1 / best : 0, nearest = best_cosine(dense);
  std::unordered_map<std::int64_t, std::array<double, 3>> sessions;  // their three best
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto& top = sessions[items[i].session];
    if (whole[i] * scale > top[2]) top[2] = whole[i] * scale;
    std::sort(top.rbegin(), top.rend());
  }

  const double quality = std::max(quality_of(best, ideal_score(weights)), best > 0 ? 0.0 : 0.5);
  std::vector<Ranked> ranked;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const MessageCandidate& item = items[i];
    Ranked hit;
    hit.index = i;
    hit.why.lexical = own[i] * scale;
    hit.why.dense = dense_share(dense, nearest, item.row);
    if (matches_date(question, item.text, item.at)) hit.why.date = w.date;
    const double base = whole[i] * scale + dense.weight * hit.why.dense;
    if (base <= 0 && hit.why.date <= 0) continue;
    const auto& top = sessions[item.session];
    hit.why.context = (whole[i] - own[i]) * scale + w.session * (top[0] + top[1] + top[2]) / 3;
    double score = base + w.session * (top[0] + top[1] + top[2]) / 3 + hit.why.date;

    double person = 1;
    if (asked.size() == 1 && asked.contains(item.speaker) && item.role == "user") person = w.speaker;
    if (item.role != "user") person *= question.is_of_assistant ? w.assistant_asked : question.is_of_self ? w.assistant_of_self : w.assistant;
    hit.why.speaker = score * (person - 1);
    if (w.has_factor) hit.why.factor = bounded(recency(item.at, now), question);
    hit.score = score * person * hit.why.factor;
    ranked.push_back(hit);
  }
  sort_best_first(ranked);
  // The form of a text takes a while to read, and can't bring one to the front from so far behind.
  if (ranked.size() > kMostRead) ranked.resize(kMostRead);
  for (Ranked& hit : ranked) {
    const TextTraits traits = traits_of(items[hit.index].text);
    const double form = form_factor(traits, w) * (question.asks_when && traits.has_time ? w.when : 1);
    hit.score = shown(hit.score * form * quality);
    hit.why.factor *= form;
  }
  sort_best_first(ranked);
  return ranked;
}

std::vector<Ranked> rank_memories(const Question& question, const MemoryCandidates& candidates, const DenseScores& dense, Time now,
                                  const RankingWeights& w) {
  const auto& items = candidates.items;
  const std::vector<double> weights = weights_of(question, candidates.counts, {}, w);
  std::vector<double> words(items.size());
  double best = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto length = static_cast<std::uint32_t>(std::max<std::size_t>(1, items[i].memory.text.size()));
    words[i] = lexical_score(std::array{Place{{items[i].terms, length}, w.own}}, weights, w);
    best = std::max(best, words[i]);
  }
  const double scale = best > 0 ? 1 / best : 0, nearest = best_cosine(dense);
  const double quality = std::max(quality_of(best, ideal_score(weights)), best > 0 ? 0.0 : 0.5);
  std::vector<Ranked> ranked;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Memory& memory = items[i].memory;
    Ranked hit;
    hit.index = i;
    hit.why.lexical = words[i] * scale;
    hit.why.dense = dense_share(dense, nearest, items[i].row);
    const Time said = memory.sources.empty() ? memory.recorded_at : memory.sources.front().at;
    if (matches_date(question, memory.text, said)) hit.why.date = w.date;
    for (const DateMention& asked : question.dates)
      if (memory.valid_from && overlaps(asked, *memory.valid_from, std::max(*memory.valid_from + Duration(1), memory.valid_to.value_or(*memory.valid_from))))
        hit.why.date = w.date;
    const double base = hit.why.lexical + dense.weight * hit.why.dense;
    if (base <= 0 && hit.why.date <= 0) continue;
    // A memory stands for the talk it was made of: it is its own session.
    hit.why.context = w.session * hit.why.lexical;
    double score = base + hit.why.context + hit.why.date;
    double person = 1;
    for (const std::string& name : memory.people)
      for (const std::string& term : terms(name))
        if (std::find(question.terms.begin(), question.terms.end(), term) != question.terms.end()) person = w.speaker;
    hit.why.speaker = score * (person - 1);
    if (w.has_factor) {
      const double use = 1 - std::exp2(-double(memory.access_count) / 4);
      const double fresh = recency(memory.last_used_at ? std::max(*memory.last_used_at, memory.recorded_at) : memory.recorded_at, now);
      hit.why.factor = bounded(question.wants_latest ? fresh : (memory.importance + fresh + use) / 3, question);
    }
    hit.score = shown(score * person * hit.why.factor * quality);
    ranked.push_back(hit);
  }
  sort_best_first(ranked);
  return ranked;
}

}  // namespace hobd

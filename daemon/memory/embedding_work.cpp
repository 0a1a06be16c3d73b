#include "memory/embedding_work.hpp"

#include "base/log.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <map>

namespace hobd {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kBatchDeadline{120'000};

/// What is refused for what it is, not for how things stand.
bool is_about_the_text(const Error& error) { return error.code == Code::invalid || error.code == Code::internal; }

/// As much time as the last batch took, so that embedding leaves half of the machine to others.
awaitable<void> rest_after(asio::any_io_executor core, steady_clock::duration took) {
  asio::steady_timer timer(core, std::min<steady_clock::duration>(took, std::chrono::seconds(1)));
  boost::system::error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace

awaitable<Result<void>> EmbeddingWork::count(std::int64_t space) {
  CO_TRY(const VectorCounts counts, co_await store_.counts(space));
  progress_.embedded = counts.embedded;
  progress_.texts = counts.texts;
  co_return Result<void>{};
}

awaitable<Result<void>> EmbeddingWork::fill(EmbedderCard card, VectorSpace space) {
  if (space.id != space_) {
    space_ = space.id;
    after_[0] = after_[1] = 0;
  }
  if (!space.complete || progress_.texts == 0) CO_CHECK(co_await count(space.id));
  CO_CHECK(co_await fill_source(card, space, VectorSource::memories));
  CO_CHECK(co_await fill_source(card, space, VectorSource::messages));
  co_return Result<void>{};
}

awaitable<Result<void>> EmbeddingWork::fill_source(const EmbedderCard& card, const VectorSpace& space, VectorSource source) {
  std::int64_t& after = after_[static_cast<int>(source)];
  for (;;) {
    CO_TRY(PendingTexts waiting, co_await store_.pending(space.id, source, after, static_cast<std::uint32_t>(card.max_batch)));
    if (waiting.epoch != epoch_) {  // rows that were passed may be others now
      epoch_ = waiting.epoch;
      const bool is_first = after_[0] == 0 && after_[1] == 0;
      after_[0] = after_[1] = 0;
      if (!is_first) continue;
    }
    const auto begun = steady_clock::now();
    const bool is_work = !waiting.texts.empty();
    if (is_work) CO_CHECK(co_await embed_batch(card, space, source, std::move(waiting.texts)));
    after = waiting.upto;
    if (waiting.done) co_return Result<void>{};
    if (is_work) co_await rest_after(core_, steady_clock::now() - begun);
  }
}

awaitable<Result<void>> EmbeddingWork::embed_batch(const EmbedderCard& card, const VectorSpace& space, VectorSource source,
                                                   std::vector<PendingText> texts) {
  // Equal texts of one batch are asked once. A batch of one user's texts is booked on that user.
  std::map<std::string, std::string> made;
  std::vector<std::string> asked, hashes;
  EmbedPayer payer{spare_, {}};
  payer.call.is_background = true;
  for (const PendingText& one : texts) {
    if (one.is_known || !made.try_emplace(one.hash).second) {
      ++progress_.reused;
      continue;
    }
    if (asked.empty()) payer.call.user_id = one.user_id;
    if (payer.call.user_id != one.user_id) payer.call.user_id.clear();
    asked.push_back(one.text);
    hashes.push_back(one.hash);
  }
  if (!asked.empty()) {
    CO_TRY(const std::vector<std::string> vectors, co_await vectors_of(card, asked, std::move(payer)));
    for (std::size_t i = 0; i < hashes.size(); ++i) made[hashes[i]] = vectors[i];
  }
  std::vector<StoredVector> rows;
  std::map<std::int64_t, std::string> users;
  for (PendingText& one : texts) {
    users[one.row] = one.user_id;
    rows.push_back({one.row, one.hash, one.is_known ? std::move(one.vector) : made[one.hash]});
  }
  CO_TRY(const std::vector<std::int64_t> stored, co_await store_.put(space.id, source, rows));
  progress_.embedded += static_cast<std::int64_t>(stored.size());
  std::map<std::string, std::vector<StoredVector>> by_user;
  for (StoredVector& row : rows) {
    if (row.vector.empty() || !std::binary_search(stored.begin(), stored.end(), row.row)) continue;
    by_user[users[row.row]].push_back(std::move(row));
  }
  for (auto& [user, vectors] : by_user) shelf_.add(space.id, user, source, std::move(vectors));
  co_return Result<void>{};
}

/// Each as the store keeps it: float16 of length 1; "" for a text without a vector.
awaitable<Result<std::vector<std::string>>> EmbeddingWork::vectors_of(const EmbedderCard& card, std::vector<std::string> texts, EmbedPayer payer) {
  progress_.asked += static_cast<std::int64_t>(texts.size());
  auto answered = co_await embed_texts(registry_, card, texts, EmbedPurpose::document, kBatchDeadline, payer);
  if (answered.has_error()) {
    if (!is_about_the_text(answered.error())) co_return answered.error();
    co_return co_await one_by_one(card, std::move(texts), std::move(payer), answered.error());
  }
  std::vector<std::string> vectors(texts.size());
  std::vector<Half> halves(card.dimension);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::span<float> row = std::span(*answered).subspan(i * card.dimension, card.dimension);
    if (!normalize(row)) continue;
    std::transform(row.begin(), row.end(), halves.begin(), to_half);
    vectors[i].assign(reinterpret_cast<const char*>(halves.data()), halves.size() * sizeof(Half));
  }
  co_return vectors;
}

/// A batch was refused: which of its texts is it? The embedder's fault it is when it takes not even a plain word.
awaitable<Result<std::vector<std::string>>> EmbeddingWork::one_by_one(const EmbedderCard& card, std::vector<std::string> texts, EmbedPayer payer, Error why) {
  const std::vector<std::string> word{"yes"};
  const auto works = co_await embed_texts(registry_, card, word, EmbedPurpose::document, kBatchDeadline, payer);
  if (works.has_error()) co_return why;
  std::vector<std::string> vectors(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    bool is_refused = texts.size() == 1;
    if (!is_refused) {
      std::vector<std::string> single{texts[i]};
      auto one = co_await embed_texts(registry_, card, single, EmbedPurpose::document, kBatchDeadline, payer);
      is_refused = one.has_error();
      if (is_refused && !is_about_the_text(one.error())) co_return one.error();
      if (!is_refused && normalize(*one))
        for (const float value : *one) {
          const Half half = to_half(value);
          vectors[i].append(reinterpret_cast<const char*>(&half), sizeof half);
        }
    }
    if (is_refused) {
      ++progress_.skipped;
      log::warn("memory", "{} can't embed a text of {} bytes: {}", card.entry, texts[i].size(), why.message);
    }
  }
  co_return vectors;
}

}  // namespace hobd

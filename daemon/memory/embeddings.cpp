#include "memory/embeddings.hpp"

#include "base/log.hpp"
#include "memory/embedding_work.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <list>

namespace hobd {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr std::size_t kMaxSearches = 32;     // at once; more go on without vectors
constexpr std::size_t kCachedQueries = 64;
constexpr std::size_t kMaxQuery = 4'096;     // bytes of a query that are embedded
constexpr std::uint32_t kRemovedAtOnce = 500;
constexpr milliseconds kLongestRetry{5 * 60'000};
/// A plugin that was replaced may have another model: so long a description is believed.
constexpr seconds kBelieved{30};

/// "retry after 7 s: ...", as providers word it.
std::optional<seconds> retry_after(std::string_view message) {
  constexpr std::string_view kWords = "retry after ";
  const std::size_t at = message.find(kWords);
  int count = 0;
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view number = message.substr(at + kWords.size());
  const auto read = std::from_chars(number.data(), number.data() + number.size(), count);
  if (read.ec != std::errc() || count < 0) return std::nullopt;
  return seconds(std::min(count, 3600));
}

bool is_temporary(const Error& error) {
  return error.code == Code::unavailable || error.code == Code::timeout || error.code == Code::overloaded;
}

/// The vectors of the latest queries.
class QueryCache {
 public:
  const std::vector<float>* find(const std::string& key) {
    const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const auto& one) { return one.first == key; });
    if (found == entries_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found);
    return &entries_.front().second;
  }
  void put(std::string key, std::vector<float> vector) {
    if (find(key)) return;
    entries_.emplace_front(std::move(key), std::move(vector));
    if (entries_.size() > kCachedQueries) entries_.pop_back();
  }
  void clear() { entries_.clear(); }

 private:
  std::list<std::pair<std::string, std::vector<float>>> entries_;
};

/// A space that can be searched: its embedder is there to embed queries.
struct Serving {
  EmbedderCard card;
  VectorSpace space;
};

class LiveEmbeddings final : public Embeddings {
 public:
  explicit LiveEmbeddings(EmbeddingsContext context)
      : context_(std::move(context)),
        config_(context_.config),
        shelf_(context_.core, *context_.store,
               {.folder = config_->state_dir / "indexes",
                .thresholds = {context_.binary_from, context_.graph_from},
                .max_bytes = context_.max_index_bytes}),
        work_(context_.core, *context_.registry, *context_.store, shelf_, context_.spare),
        alarm_(context_.core, asio::steady_timer::time_point::max()),
        tasks_(context_.core) {}

  awaitable<Result<std::vector<DenseHit>>> nearest(std::string user_id, std::string text, EmbeddedSource source, std::uint32_t limit) override;
  double weight() const override {
    if (!serving_) return 0;
    const double full = serving_->card.entry == "embedder_hashing" ? 0.08 : 0.4;
    if (serving_->space.complete) return full;
    // While a space is filled, many a row has no vector yet; those that have one must not win by that.
    const FillProgress& done = work_.progress();
    return full * std::min(1.0, double(done.embedded) / double(std::max<std::int64_t>(1, done.texts)));
  }
  void wake() override {
    has_news_ = true;
    if (stopping_ || (entries().empty() && !is_running_)) return;
    if (!std::exchange(is_running_, true)) tasks_.spawn("embeddings", run());
    if (!is_backing_off_) alarm_.cancel();
  }
  void room_again() override {
    is_backing_off_ = false;
    wake();
  }
  json::object status() const override;
  void drop(const std::string& user_id) override {
    shelf_.drop(user_id);
    queries_.clear();
  }
  void set_config(std::shared_ptr<const Config> config) override {
    config_ = std::move(config);
    described_at_ = {};
    is_backing_off_ = false;
    wake();
  }
  awaitable<void> stop(milliseconds limit) override {
    stopping_ = true;
    tasks_.cancel();
    co_await tasks_.async_wait(limit);
    co_await shelf_.stop(limit);
  }

 private:
  /// A search under way; shared with the task that makes it, which may end after the one who asked has given up.
  struct Search {
    explicit Search(asio::any_io_executor core, milliseconds deadline) : done(core, deadline) {}
    asio::steady_timer done;
    std::optional<Result<std::vector<DenseHit>>> hits;
  };

  const std::vector<std::string>& entries() const {
    static const std::vector<std::string> none;
    const auto tier = config_->models.tiers.find("embed");
    return tier == config_->models.tiers.end() ? none : tier->second;
  }

  /// What is asked for the household's sake, off every turn's road.
  EmbedPayer nobody_in_particular() const {
    EmbedPayer payer;
    payer.spare = context_.spare;
    payer.call.is_background = true;
    return payer;
  }

  awaitable<void> run();
  awaitable<Result<void>> work_once();
  awaitable<Result<EmbedderCard>> choose(const std::vector<VectorSpace>& spaces);
  awaitable<void> serve_while_filling(const std::vector<VectorSpace>& spaces);
  awaitable<Result<void>> drop_others(std::int64_t kept);
  awaitable<void> answer(std::shared_ptr<Search> search, std::string user_id, std::string text, VectorSource source, std::uint32_t limit);
  awaitable<Result<std::vector<DenseHit>>> look(std::string user_id, std::string text, VectorSource source, std::uint32_t limit);

  EmbeddingsContext context_;
  std::shared_ptr<const Config> config_;  // shared: a coroutine reads it over a reload
  VectorShelf shelf_;
  EmbeddingWork work_;
  QueryCache queries_;
  std::optional<Serving> target_;   // what is being filled, or kept full
  std::optional<Serving> serving_;  // what searches look into
  std::string state_ = "off";
  Error error_;  // of the last try
  steady_clock::time_point described_at_{};
  asio::steady_timer alarm_;  // the worker task sleeps on it
  bool has_news_ = false, is_running_ = false, is_backing_off_ = false, stopping_ = false;
  std::size_t searches_ = 0;
  TaskGroup tasks_;
};

awaitable<void> LiveEmbeddings::run() {
  milliseconds retry = context_.first_retry;
  while (!stopping_) {
    has_news_ = false;
    const auto worked = co_await work_once();
    if (stopping_) co_return;
    boost::system::error_code ignored;
    if (worked.has_error()) {
      if (error_ != worked.error()) log::warn("memory", "embeddings wait: {}", worked.error().message);
      error_ = worked.error();
      state_ = "waiting";
      described_at_ = {};
      is_backing_off_ = true;
      const auto asked = retry_after(error_.message);
      alarm_.expires_after(asked ? std::max<milliseconds>(*asked, milliseconds(1)) : retry);
      retry = std::min(retry * 2, kLongestRetry);
      co_await alarm_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      is_backing_off_ = false;
      continue;
    }
    retry = context_.first_retry;
    error_ = {};
    if (has_news_) continue;
    alarm_.expires_at(asio::steady_timer::time_point::max());
    co_await alarm_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

awaitable<Result<void>> LiveEmbeddings::work_once() {
  if (entries().empty()) {
    target_.reset();
    serving_.reset();
    shelf_.keep_spaces({});
    queries_.clear();
    state_ = "off";
    co_return Result<void>{};
  }
  if (!target_ || steady_clock::now() - described_at_ > kBelieved) {
    CO_TRY(const std::vector<VectorSpace> spaces, co_await context_.store->spaces());
    CO_TRY(EmbedderCard card, co_await choose(spaces));
    CO_TRY(VectorSpace space, co_await context_.store->ensure_space(card.entry, card.model, card.dimension));
    described_at_ = steady_clock::now();
    const bool is_new = !target_ || target_->space.id != space.id;
    target_ = Serving{std::move(card), std::move(space)};
    if (is_new) {
      if (!target_->space.complete) co_await serve_while_filling(spaces);
      else serving_ = target_;
      queries_.clear();
    }
  }
  const Serving target = *target_;
  if (!target.space.complete) state_ = "filling";
  CO_CHECK(co_await work_.fill(target.card, target.space));
  if (!target.space.complete) {
    CO_CHECK(co_await context_.store->set_complete(target.space.id));
    target_->space.complete = true;
    log::info("memory", "everything is embedded with {}, {} numbers a text", target.card.model, target.card.dimension);
  }
  serving_ = target_;
  state_ = "ready";
  co_return co_await drop_others(target.space.id);
}

/// The first embedder of the tier that answers. One that has a whole space and is only away for a while is waited for:
/// embedding everything with the next would cost more than searching by words until it is back.
awaitable<Result<EmbedderCard>> LiveEmbeddings::choose(const std::vector<VectorSpace>& spaces) {
  Error first{Code::unavailable, "models.tiers.embed names no embedder"};
  const std::vector<std::string> names = entries();
  for (std::size_t i = 0; i < names.size(); ++i) {
    EmbedPayer payer = nobody_in_particular();
    auto card = co_await describe_embedder(*context_.registry, names[i], payer);
    if (card.has_value()) co_return card;
    if (i == 0) first = card.error();
    const bool has_space = std::any_of(spaces.begin(), spaces.end(), [&](const VectorSpace& one) { return one.complete && one.embedder == names[i]; });
    if (has_space && is_temporary(card.error())) co_return card.error();
  }
  co_return first;
}

/// Until the new space is full, searches look into the old one, if its embedder is still there; else into the new one.
awaitable<void> LiveEmbeddings::serve_while_filling(const std::vector<VectorSpace>& spaces) {
  serving_.reset();
  for (const VectorSpace& space : spaces) {
    if (!space.complete || space.id == target_->space.id) continue;
    EmbedPayer payer = nobody_in_particular();
    const auto card = co_await describe_embedder(*context_.registry, space.embedder, payer);
    if (card.has_error() || card->model != space.model || card->dimension != space.dimension) continue;
    serving_ = Serving{*card, space};
    co_return;
  }
  serving_ = target_;
}

awaitable<Result<void>> LiveEmbeddings::drop_others(std::int64_t kept) {
  CO_TRY(const std::vector<VectorSpace> spaces, co_await context_.store->spaces());
  if (spaces.size() <= 1) co_return Result<void>{};
  std::vector<VectorSpace> left;
  std::copy_if(spaces.begin(), spaces.end(), std::back_inserter(left), [&](const VectorSpace& one) { return one.id == kept; });
  shelf_.keep_spaces(left);
  for (const VectorSpace& space : spaces)
    for (bool is_gone = space.id == kept; !is_gone;) {
      CO_TRY(is_gone, co_await context_.store->remove_space(space.id, kRemovedAtOnce));
    }
  co_return Result<void>{};
}

awaitable<Result<std::vector<DenseHit>>> LiveEmbeddings::nearest(std::string user_id, std::string text, EmbeddedSource source, std::uint32_t limit) {
  if (!serving_ || stopping_ || text.find_first_not_of(" \t\r\n") == std::string::npos) co_return std::vector<DenseHit>{};
  if (searches_ >= kMaxSearches) co_return Error{Code::overloaded, fmt::format("{} searches wait for vectors", searches_)};
  const auto search = std::make_shared<Search>(context_.core, context_.search_deadline);
  const VectorSource kind = source == EmbeddedSource::messages ? VectorSource::messages : VectorSource::memories;
  tasks_.spawn("vector search", answer(search, std::move(user_id), std::move(text), kind, limit));
  boost::system::error_code ignored;
  if (!search->hits) co_await search->done.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  if (!search->hits) co_return Error{Code::timeout, fmt::format("no vectors within {} ms", context_.search_deadline.count())};
  co_return std::move(*search->hits);
}

awaitable<void> LiveEmbeddings::answer(std::shared_ptr<Search> search, std::string user_id, std::string text, VectorSource source,
                                       std::uint32_t limit) {
  ++searches_;
  search->hits = co_await look(std::move(user_id), std::move(text), source, limit);
  --searches_;
  search->done.cancel();
}

awaitable<Result<std::vector<DenseHit>>> LiveEmbeddings::look(std::string user_id, std::string text, VectorSource source, std::uint32_t limit) {
  const Serving serving = *serving_;
  if (text.size() > kMaxQuery) {
    std::size_t end = kMaxQuery;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text.resize(end);
  }
  std::string key = fmt::format("{} {}", serving.space.id, text);
  std::vector<float> query;
  if (const std::vector<float>* cached = queries_.find(key)) {
    query = *cached;
  } else {
    // What comes too late for this search is there for the next.
    std::vector<std::string> texts{std::move(text)};
    EmbedPayer payer{context_.spare, {}};
    payer.call.user_id = user_id;
    CO_TRY(query, co_await embed_texts(*context_.registry, serving.card, texts, EmbedPurpose::query, 10 * context_.search_deadline, payer));
    if (!normalize(query)) co_return std::vector<DenseHit>{};
    queries_.put(std::move(key), query);
  }
  co_return co_await shelf_.search(serving.space, std::move(user_id), source, std::move(query), limit);
}

json::object LiveEmbeddings::status() const {
  json::object out{{"state", state_}};
  if (target_) {
    out["embedder"] = target_->card.entry;
    out["model"] = target_->card.model;
    out["dimension"] = target_->card.dimension;
    out["embedded"] = work_.progress().embedded;
    out["waiting"] = state_ == "ready" ? 0 : std::max<std::int64_t>(0, work_.progress().texts - work_.progress().embedded);
    out["asked"] = work_.progress().asked;
    out["skipped"] = work_.progress().skipped;
    out["reused"] = work_.progress().reused;
    out["index"] = shelf_.status();
  }
  if (serving_ && target_ && serving_->space.id != target_->space.id) out["searched_meanwhile"] = serving_->card.model;
  if (error_.code != Code::ok && state_ == "waiting") out["error"] = error_.message;
  return out;
}

}  // namespace

std::unique_ptr<Embeddings> make_embeddings(EmbeddingsContext context) { return std::make_unique<LiveEmbeddings>(std::move(context)); }

}  // namespace hobd

#include "memory/forgetting.hpp"

#include "memory/recall.hpp"

#include "base/fault.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "memory/embeddings.hpp"
#include "models/router.hpp"
#include "store/blocks.hpp"
#include "store/erasures.hpp"
#include "store/terms.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace hobd {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstRetry{20};
constexpr milliseconds kLongestRetry{5'000};
/// How long a caller waits for a disk that refuses.
constexpr std::chrono::seconds kPatience{60};
/// A block's line is found by a text at least this long; shorter ones stand everywhere.
constexpr std::size_t kLeastBlockBytes = 12;

/// How much a text is about what is to be forgotten: 0 not at all, 1 all of its words, 2 word for word.
class Wanted {
 public:
  explicit Wanted(std::string_view text) : phrase_(joined(terms(text))), words_(query_terms(text)) {}
  bool empty() const { return words_.empty(); }

  double match(std::string_view text) const {
    const std::vector<std::string> found = terms(text);
    if (joined(found).find(phrase_) != std::string::npos) return 2;
    const std::set<std::string_view> present(found.begin(), found.end());
    const auto hits = std::count_if(words_.begin(), words_.end(), [&](const std::string& word) { return present.contains(word); });
    const double share = static_cast<double>(hits) / static_cast<double>(words_.size());
    // One word of many is a coincidence; of few all must be there.
    return share >= (words_.size() > 3 ? 0.75 : 1.0) ? share : 0;
  }

 private:
  static std::string joined(const std::vector<std::string>& all) {
    std::string text = " ";
    for (const std::string& term : all) text += term + " ";
    return text;
  }
  std::string phrase_;
  std::vector<std::string> words_;
};

class StoreForgetting final : public Forgetting {
 public:
  explicit StoreForgetting(ForgettingContext context)
      : core_(context.core), store_(*context.store), embeddings_(context.embeddings), state_dir_(std::move(context.state_dir)), router_(context.router), tasks_(core_) {}

  awaitable<Result<ForgetPlan>> find(std::string user_id, std::string text, WithMessages messages, std::uint32_t limit) override {
    const Wanted wanted(text);
    if (wanted.empty()) co_return ForgetPlan{};
    CO_TRY(std::vector<std::string> ids, co_await find_memories(user_id, wanted, limit));
    if (messages == WithMessages::yes) {
      Recall recall(store_, nullptr);
      SearchQuery query;
      query.user_id = user_id;
      query.text = text;
      query.in = SearchQuery::In::messages;
      query.limit = limit;
      CO_TRY(const std::vector<RecallHit> hits, co_await recall.search(std::move(query)));
      for (const RecallHit& hit : hits) {
        if (wanted.match(hit.message.text) == 0) continue;
        // The message that asks for this is one that is being answered: it stays, and is cleaned.
        std::vector<std::string> one{hit.message.id};
        const auto takes = co_await plan(user_id, std::move(one), WithMessages::no);
        if (takes.has_value()) ids.push_back(hit.message.id);
      }
    }
    if (ids.empty()) co_return ForgetPlan{};
    co_return co_await plan(std::move(user_id), std::move(ids), messages);
  }

  awaitable<Result<ForgetPlan>> plan(std::string user_id, std::vector<std::string> ids, WithMessages messages) override {
    ErasureQuery query{.user_id = user_id, .ids = std::move(ids), .with_messages = messages == WithMessages::yes};
    CO_TRY(ErasurePlan rows, co_await store_.erasures().plan(std::move(query)));
    ForgetPlan plan{.memories = std::move(rows.memories), .messages = std::move(rows.messages), .blocks = {}};
    CO_TRY(const std::vector<StoredBlock> blocks, co_await store_.blocks().list(user_id));
    for (const StoredBlock& block : blocks) {
      const auto stands_there = [&](const auto& one) { return one.text.size() >= kLeastBlockBytes && block.text.find(one.text) != std::string::npos; };
      if (std::any_of(plan.memories.begin(), plan.memories.end(), stands_there) || std::any_of(plan.messages.begin(), plan.messages.end(), stands_there))
        plan.blocks.push_back(block.label);
    }
    co_return plan;
  }

  awaitable<Result<ForgetReceipt>> erase(std::string user_id, std::vector<std::string> ids, WithMessages messages) override {
    ErasureQuery query{.user_id = std::move(user_id), .ids = std::move(ids), .with_messages = messages == WithMessages::yes};
    CO_TRY(const ErasureProgress begun, co_await store_.erasures().begin(std::move(query)));
    fault_point("forget.after_begin");
    // Who asked may leave; the work goes on.
    const std::shared_ptr<Job> job = start_job(begun.id);
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!job->progress.done && std::chrono::steady_clock::now() < deadline) {
      boost::system::error_code ignored;
      job->wake.expires_at(deadline);
      co_await job->wake.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    if (!job->progress.done)
      co_return Error{Code::unavailable, "it is written down as " + begun.id + " and goes on, but is not done yet: " + job->trouble};
    ForgetReceipt receipt{.erased = job->progress.receipt, .notes = notes()};
    if (messages == WithMessages::no && receipt.erased.memories > 0)
      receipt.notes.insert(receipt.notes.begin(), "what was said stays in the record of the conversation: with `messages` the messages it was learned from go too");
    co_return receipt;
  }

  awaitable<Result<void>> start() override {
    CO_TRY(const std::int64_t found, co_await store_.erasures().reconcile());
    if (found > 0) log::warn("memory", "the database is an older copy: {} forgotten memories and messages in it are erased again", found);
    CO_TRY(const std::vector<ErasureProgress> waiting, co_await store_.erasures().unfinished());
    for (const ErasureProgress& one : waiting) {
      for (ErasureProgress now = one; !now.rows_gone;) {
        CO_TRY(now, co_await store_.erasures().step(one.id));
      }
      start_job(one.id);
    }
    co_return Result<void>{};
  }

  awaitable<void> stop(milliseconds limit) override {
    tasks_.cancel();
    co_await tasks_.async_wait(limit);
  }

 private:
  /// One erasure that runs; shared with who waits for it.
  struct Job {
    explicit Job(asio::any_io_executor core) : wake(core) {}
    ErasureProgress progress;
    std::string trouble;  // why it waits
    asio::steady_timer wake;
  };

  std::shared_ptr<Job> start_job(const std::string& id) {
    auto job = std::make_shared<Job>(core_);
    tasks_.spawn("forget", run(store_, embeddings_, router_, id, job));
    return job;
  }

  static awaitable<void> run(Store& store, Embeddings* embeddings, Router* router, std::string id, std::shared_ptr<Job> job) {
    bool copies_dropped = false;
    asio::steady_timer pause(co_await asio::this_coro::executor);
    for (milliseconds wait = kFirstRetry; !job->progress.done;) {
      auto stepped = co_await store.erasures().step(id);
      if (stepped.has_value()) {
        job->progress = *std::move(stepped);
        // Also for one that a crash interrupted: its indexes may be on disk still.
        if (job->progress.rows_gone && !std::exchange(copies_dropped, true)) {
          if (embeddings) embeddings->drop(job->progress.user_id);
          if (router) router->forget_answers();
        }
        fault_point("forget.after_step");
        wait = kFirstRetry;
        continue;
      }
      job->trouble = stepped.error().message;
      if (wait == kLongestRetry / 2) log::warn("memory", "forgetting {} waits: {}", id, job->trouble);
      pause.expires_after(wait);
      wait = std::min(wait * 2, kLongestRetry);
      co_await pause.async_wait(asio::use_awaitable);
    }
    job->wake.cancel();
  }

  /// Ids of memories that have a version about it, the nearest and then the newest first.
  awaitable<Result<std::vector<std::string>>> find_memories(std::string user_id, const Wanted& wanted, std::uint32_t limit) {
    std::map<std::string, double> best;
    std::vector<std::string> order;  // as they were made
    PageRequest page{.limit = 500, .cursor = {}};
    do {
      CO_TRY(Page<MemoryVersion> versions, co_await store_.memories().versions(user_id, std::nullopt, page));
      for (const MemoryVersion& version : versions.items) {
        const double match = wanted.match(version.memory.text);
        if (match == 0) continue;
        const auto [known, is_new] = best.emplace(version.memory.id, match);
        if (is_new) order.push_back(version.memory.id);
        known->second = std::max(known->second, match);
      }
      page.cursor = std::move(versions.next);
    } while (!page.cursor.empty());
    std::reverse(order.begin(), order.end());
    std::stable_sort(order.begin(), order.end(), [&](const std::string& a, const std::string& b) { return best[a] > best[b]; });
    if (order.size() > limit) order.resize(limit);
    co_return order;
  }

  std::vector<std::string> notes() const {
    std::vector<std::string> notes;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(state_dir_, error)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("hob.db.v") && name.find(".before-v") != std::string::npos)
        notes.push_back(name + " is a copy of the database from before an update and still holds it: delete it when you no longer need it");
    }
    std::sort(notes.begin(), notes.end());
    return notes;
  }

  asio::any_io_executor core_;
  Store& store_;
  Embeddings* embeddings_;
  std::filesystem::path state_dir_;
  Router* router_;
  TaskGroup tasks_;
};

}  // namespace

json::object to_json(const ForgetReceipt& receipt) {
  const ErasureReceipt& erased = receipt.erased;
  json::object object{{"id", erased.id},           {"memories", erased.memories}, {"versions", erased.versions},
                      {"messages", erased.messages}, {"vectors", erased.vectors},   {"summaries", erased.summaries},
                      {"changes", erased.changes},   {"at", format_time(erased.at)}};
  object["notes"] = json::array(receipt.notes.begin(), receipt.notes.end());
  return object;
}

std::unique_ptr<Forgetting> make_forgetting(ForgettingContext context) {
  return std::make_unique<StoreForgetting>(std::move(context));
}

}  // namespace hobd

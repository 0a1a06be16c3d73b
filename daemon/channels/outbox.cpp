#include "channels/outbox.hpp"

#include "base/fault.hpp"
#include "base/id.hpp"
#include "channels/split.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <charconv>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <unordered_set>

namespace hobd {
namespace {

constexpr std::string_view kChannel = "hob.channel/1";
constexpr std::chrono::hours kExpiry{24};
constexpr std::chrono::seconds kSendDeadline{30};
constexpr std::chrono::seconds kHardStop{2};
/// Items held in memory; beyond that they wait in the database until half of these are gone.
constexpr std::size_t kMaxHeld = 10'000;
/// How long the receipt of an ended item is kept, and how many leave in one write.
constexpr std::chrono::hours kReceiptAge{7 * 24};
constexpr std::int64_t kPruneBatch = 500;

/// The wait that a message "retry after N s: ..." of a channel asks for; 0 none.
std::chrono::milliseconds wanted_wait(const Error& error) {
  constexpr std::string_view kPrefix = "retry after ";
  const std::size_t at = error.message.find(kPrefix);
  if (at == std::string::npos) return {};
  int seconds = 0;
  std::from_chars(error.message.data() + at + kPrefix.size(), error.message.data() + error.message.size(), seconds);
  return std::chrono::seconds(std::clamp(seconds, 0, 3600));
}

class StoredOutbox final : public Outbox {
 public:
  StoredOutbox(asio::any_io_executor core, Registry& registry, Store& store, const Clock& clock, OutboxOptions options)
      : core_(core), registry_(registry), store_(store), clock_(clock), options_(options), reload_wait_(options.first_retry), workers_(core) {}

  awaitable<void> start() override {
    running_ = true;
    workers_.spawn("outbox prune", prune_receipts());
    co_await reload();
  }

  void wake(std::vector<OutboxItem> items) override {
    if (!running_) return;  // start() finds them in the database
    // Order would break if a later item entered while an earlier one of its key waits in the database alone. While a
    // reload reads, nobody knows whether it sees these.
    if (overflowed_ || reloading_ || held_.size() + items.size() > kMaxHeld) {
      overflowed_ = true;
      reload_when_there_is_room();
      return;
    }
    for (OutboxItem& item : items) hold(std::move(item));
  }

  std::vector<OutboxItem> compose(const std::string& channel, const std::string& recipient, const std::string& thread,
                                  std::string_view text, std::string_view kind) const override {
    std::vector<OutboxItem> items;
    const Time now = clock_.now();
    for (std::string& piece : split_message(text, limits_of(channel))) {
      OutboxItem item;
      item.id = make_id("out");
      item.channel = channel;
      item.order_key = channel + '\x1f' + recipient + '\x1f' + thread;
      json::object to;
      to["id"] = recipient;
      item.message["to"] = std::move(to);
      if (!thread.empty()) item.message["thread"] = thread;
      item.message["text"] = std::move(piece);
      item.message["kind"] = kind;
      item.created_at = now;
      item.next_attempt_at = now;
      item.expires_at = now + kExpiry;
      items.push_back(std::move(item));
    }
    return items;
  }

  std::size_t pending() const override { return held_.size(); }

  awaitable<void> stop(std::chrono::milliseconds limit) override {
    running_ = false;
    for (asio::steady_timer* wait : waits_) wait->cancel();
    if (co_await workers_.async_wait(limit)) co_return;
    workers_.cancel();
    // What has no answer by then is noted as being sent, and the next start knows what that means.
    co_await workers_.async_wait(kHardStop);
  }

 private:
  ChannelManifest limits_of(const std::string& channel) const {
    const Instance* instance = registry_.find(channel);
    return instance && instance->manifest().channel ? *instance->manifest().channel : ChannelManifest{};
  }

  /// Holds what waits in the database, as far as there is room, and again when others came meanwhile.
  awaitable<void> reload() {
    if (reloading_) co_return;
    do {
      overflowed_ = false;
      reloading_ = true;
      Result<std::vector<OutboxItem>> items = co_await store_.journal().open_outbox();
      reloading_ = false;
      if (items.has_error()) {
        log::error("outbox", "read what waits to be sent: {}; trying again", items.error().message);
        overflowed_ = true;
        workers_.spawn("outbox reload", reload_later());
        co_return;
      }
      reload_wait_ = options_.first_retry;
      const auto ended = std::exchange(ended_meanwhile_, {});
      for (OutboxItem& item : *items) {
        if (ended.contains(item.id)) continue;
        if (held_.size() >= kMaxHeld) {
          overflowed_ = true;
          co_return;
        }
        hold(std::move(item));
      }
    } while (overflowed_ && running_);
  }

  awaitable<void> reload_later() {
    co_await pause(reload_wait_);
    reload_wait_ = std::min(reload_wait_ * 2, options_.longest_retry);
    if (running_) co_await reload();
  }

  void reload_when_there_is_room() {
    if (running_ && overflowed_ && !reloading_ && held_.size() <= kMaxHeld / 2) workers_.spawn("outbox reload", reload());
  }

  /// One item at most once: the same one comes from wake() and from a reload.
  void hold(OutboxItem item) {
    if (!held_.insert(item.id).second) return;
    const std::string key = item.order_key;
    auto [queue, is_new] = queues_.try_emplace(key);
    queue->second.push_back(std::move(item));
    if (is_new) workers_.spawn("outbox", deliver_in_order(key));
  }

  void let_go(const std::string& id) {
    held_.erase(id);
    // What a reload in flight has read of it is out of date.
    if (reloading_) ended_meanwhile_.insert(id);
  }

  /// Sends the items of one recipient and thread, one after another, until none is left.
  awaitable<void> deliver_in_order(std::string key) {
    std::chrono::milliseconds wait = options_.first_retry;
    while (running_) {
      // The queue and its front stay where they are: only this worker removes them.
      const auto queue = queues_.find(key);
      if (queue->second.empty()) {
        queues_.erase(queue);
        break;
      }
      OutboxItem& item = queue->second.front();
      bool is_done = false;
      std::string fault;
      try {
        is_done = co_await deliver(item);
      } catch (const boost::system::system_error& e) {
        if (e.code() == asio::error::operation_aborted) throw;
        fault = e.what();
      } catch (const std::exception& e) {
        fault = e.what();
      }
      if (!fault.empty()) {
        log::error("outbox", "deliver message {} to channel {}: {}; trying again", item.id, item.channel, fault);
        co_await pause(wait);
        wait = std::min(wait * 2, options_.longest_retry);
        continue;
      }
      if (!is_done) break;  // stopping: the next start goes on
      let_go(item.id);
      queue->second.pop_front();
      wait = options_.first_retry;
      reload_when_there_is_room();
    }
  }

  /// Brings one item to its end. False when the outbox stops first.
  awaitable<bool> deliver(OutboxItem& item) {
    if (item.state == OutboxState::sending && !limits_of(item.channel).idempotent_send) {
      item.state = OutboxState::unknown;
      item.last_error = "sending this was broken off";
      log::warn("outbox", "message {} to channel {} may or may not have been sent: it is not sent again", item.id, item.channel);
      co_return co_await save(item, Durability::journaled) != Saved::stopped;
    }
    while (running_) {
      if (clock_.now() >= item.expires_at) {
        item.state = OutboxState::expired;
        log::warn("outbox", "message {} to channel {} expired unsent: {}", item.id, item.channel, item.last_error);
        co_return co_await save(item, Durability::journaled) != Saved::stopped;
      }
      if (!co_await wait_for_slot(item)) break;
      const bool idempotent = limits_of(item.channel).idempotent_send;
      ++item.attempts;
      // Losing this mark with the power would send a message twice on a channel that can't tell.
      OutboxItem marked = item;
      marked.state = OutboxState::sending;
      const Saved mark = co_await save(marked, idempotent ? Durability::journaled : Durability::synced);
      if (mark != Saved::yes) co_return mark == Saved::gone;
      item.state = OutboxState::sending;
      fault_point("outbox.after_sending");
      const Result<std::string> receipt = co_await send(item);
      const bool is_settled = settle(item, receipt, idempotent);
      if (is_settled) fault_point("outbox.after_sent");
      const Saved saved = co_await save(item, Durability::journaled);
      if (saved != Saved::yes || is_settled) co_return saved != Saved::stopped;
    }
    co_return false;
  }

  /// Sets what came of an attempt; true when the item has reached its end.
  bool settle(OutboxItem& item, const Result<std::string>& receipt, bool idempotent) {
    if (receipt.has_value()) {
      item.state = OutboxState::sent;
      item.last_error.clear();
      if (const Result<json::object> parsed = parse_json_object(*receipt)) item.receipt = string_or(*parsed, "message_id");
      return true;
    }
    const Error& error = receipt.error();
    item.last_error = std::string(code_name(error.code)) + ": " + error.message;
    const bool may_come = error.code == Code::unavailable || error.code == Code::overloaded;
    const bool is_unknown = error.code == Code::timeout || error.code == Code::cancelled;
    if (may_come || (is_unknown && idempotent)) {
      item.state = OutboxState::pending;
      item.next_attempt_at = clock_.now() + backoff(item.attempts, wanted_wait(error));
      return false;
    }
    item.state = is_unknown ? OutboxState::unknown : OutboxState::failed;
    log::warn("outbox", "message {} to channel {} is {}: {}", item.id, item.channel, outbox_state_name(item.state), item.last_error);
    return true;
  }

  std::chrono::milliseconds backoff(int attempts, std::chrono::milliseconds wanted) {
    const int doublings = std::clamp(attempts - 1, 0, 20);
    const auto base = std::max(wanted, std::min(options_.first_retry * (1 << doublings), options_.longest_retry));
    std::uniform_real_distribution<double> jitter(0.75, 1.25);
    const auto wait = std::chrono::milliseconds(static_cast<std::int64_t>(double(base.count()) * jitter(random_)));
    return std::max(wait, wanted);
  }

  /// Waits until the item is due and the channel's rate has room. False when the outbox stops meanwhile.
  awaitable<bool> wait_for_slot(const OutboxItem& item) {
    using std::chrono::duration_cast;
    using std::chrono::steady_clock;
    const auto due_in = std::max(Duration::zero(), duration_cast<Duration>(item.next_attempt_at - clock_.now()));
    auto at = clock_.steady() + due_in;
    const double per_second = limits_of(item.channel).per_second;
    if (per_second > 0) {
      auto& free_at = next_slot_[item.channel];
      at = std::max(at, free_at);
      free_at = at + duration_cast<steady_clock::duration>(std::chrono::duration<double>(1 / per_second));
    }
    if (at > clock_.steady()) co_await pause(std::min<steady_clock::duration>(at - clock_.steady(), kExpiry));
    co_return running_;
  }

  awaitable<Result<std::string>> send(const OutboxItem& item) {
    Instance* instance = registry_.find(item.channel);
    if (!instance) co_return Error{Code::unavailable, "the channel \"" + item.channel + "\" is not running"};
    json::object message = item.message;
    message["id"] = item.id;
    PluginCall call;
    call.extension = kChannel;
    call.function = "send";
    call.payload = json::serialize(message);
    call.deadline = kSendDeadline;
    co_return co_await instance->async_call(std::move(call));
  }

  /// Waits, or until stop() is called.
  awaitable<void> pause(std::chrono::steady_clock::duration wait) {
    if (!running_) co_return;
    asio::steady_timer timer(core_, wait);
    const auto entry = waits_.insert(&timer).first;
    struct Leave {
      std::set<asio::steady_timer*>& waits;
      std::set<asio::steady_timer*>::iterator entry;
      ~Leave() { waits.erase(entry); }
    } leave{waits_, entry};
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }

  enum class Saved { yes, gone, stopped };

  /// Stores what `item` is; a database that refuses is tried until it takes it. gone: its conversation or user was
  /// removed, and it with them. stopped: the outbox stops first.
  awaitable<Saved> save(const OutboxItem& item, Durability durability) {
    for (std::chrono::milliseconds wait = options_.first_retry;; wait = std::min(wait * 2, options_.longest_retry)) {
      OutboxItem copy = item;
      const Result<void> saved = co_await store_.journal().update_outbox(std::move(copy), durability);
      if (saved.has_value()) co_return Saved::yes;
      if (saved.error().code == Code::not_found) co_return Saved::gone;
      if (!running_ || wait == options_.first_retry)
        log::error("outbox", "note that message {} is {}: {}", item.id, outbox_state_name(item.state), saved.error().message);
      if (!running_) co_return Saved::stopped;
      co_await pause(wait);
    }
  }

  /// Removes what was sent or given up a week ago, at a start and each day.
  awaitable<void> prune_receipts() {
    while (running_) {
      for (std::int64_t removed = kPruneBatch; running_ && removed == kPruneBatch;) {
        const Result<std::int64_t> pruned = co_await store_.journal().prune_outbox(clock_.now() - kReceiptAge, kPruneBatch);
        if (pruned.has_error()) log::warn("outbox", "remove old receipts: {}; trying again tomorrow", pruned.error().message);
        removed = pruned.has_value() ? *pruned : 0;
      }
      co_await pause(std::chrono::hours(24));
    }
  }

  asio::any_io_executor core_;
  Registry& registry_;
  Store& store_;
  const Clock& clock_;
  OutboxOptions options_;
  std::map<std::string, std::deque<OutboxItem>> queues_;  // by order key; the front is being delivered
  std::unordered_set<std::string> held_;                  // ids of the items in queues_
  std::unordered_set<std::string> ended_meanwhile_;       // ids that left queues_ while a reload read
  std::map<std::string, std::chrono::steady_clock::time_point> next_slot_;  // by channel
  std::set<asio::steady_timer*> waits_;                   // of pause()
  bool running_ = false, reloading_ = false;
  bool overflowed_ = false;  // the database has items that are not in queues_
  std::chrono::milliseconds reload_wait_;
  std::mt19937 random_{std::random_device{}()};
  TaskGroup workers_;
};

}  // namespace

std::unique_ptr<Outbox> make_outbox(asio::any_io_executor core, Registry& registry, Store& store, const Clock& clock,
                                    OutboxOptions options) {
  return std::make_unique<StoredOutbox>(core, registry, store, clock, options);
}

}  // namespace hobd

#include "channels/outbox.hpp"

#include "base/fault.hpp"
#include "base/id.hpp"
#include "channels/split.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <charconv>
#include <deque>
#include <map>
#include <random>

namespace hobd {
namespace {

constexpr std::string_view kChannel = "hob.channel/1";
constexpr std::chrono::hours kExpiry{24};
constexpr std::chrono::seconds kSendDeadline{30};
/// Items held in memory; beyond that they wait in the database until all of these are gone.
constexpr std::size_t kMaxHeld = 10'000;

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
      : core_(core), registry_(registry), store_(store), clock_(clock), options_(options), workers_(core) {}

  awaitable<void> start() override {
    running_ = true;
    co_await reload();
  }

  void wake(std::vector<OutboxItem> items) override {
    if (!running_) return;  // start() finds them in the database
    // Order would break if a later item entered while an earlier one of its key waits in the database alone.
    if (overflowed_ || held_ + items.size() > kMaxHeld) {
      overflowed_ = true;
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

  std::size_t pending() const override { return held_; }

  awaitable<void> stop(std::chrono::milliseconds limit) override {
    running_ = false;
    for (auto& [key, timer] : waits_) timer->cancel();
    if (co_await workers_.async_wait(limit)) co_return;
    workers_.cancel();
    // A channel that is asked to cancel has 5 s to answer.
    co_await workers_.async_wait(std::chrono::seconds(6));
  }

 private:
  ChannelManifest limits_of(const std::string& channel) const {
    const Instance* instance = registry_.find(channel);
    return instance && instance->manifest().channel ? *instance->manifest().channel : ChannelManifest{};
  }

  awaitable<void> reload() {
    overflowed_ = false;
    Result<std::vector<OutboxItem>> items = co_await store_.journal().open_outbox();
    if (items.has_error()) {
      log::error("outbox", "read what waits to be sent: {}; it waits for the next start", items.error().message);
      co_return;
    }
    for (OutboxItem& item : *items) {
      if (held_ >= kMaxHeld) {
        overflowed_ = true;
        break;
      }
      hold(std::move(item));
    }
  }

  void hold(OutboxItem item) {
    const std::string key = item.order_key;
    auto [queue, is_new] = queues_.try_emplace(key);
    queue->second.push_back(std::move(item));
    ++held_;
    if (is_new) workers_.spawn("outbox", deliver_in_order(key));
  }

  /// Sends the items of one recipient and thread, one after another, until none is left.
  awaitable<void> deliver_in_order(std::string key) {
    while (running_) {
      const auto queue = queues_.find(key);
      if (queue->second.empty()) {
        queues_.erase(queue);
        break;
      }
      OutboxItem item = queue->second.front();
      const bool is_done = co_await deliver(item);
      if (!is_done) break;  // stopping, or the database refuses: the next start goes on
      queues_.find(key)->second.pop_front();
      --held_;
    }
    if (running_ && overflowed_ && held_ == 0) co_await reload();
  }

  /// Brings one item to its end. False when it has to stay as it is.
  awaitable<bool> deliver(OutboxItem& item) {
    if (item.state == OutboxState::sending && !limits_of(item.channel).idempotent_send) {
      item.state = OutboxState::unknown;
      item.last_error = "the daemon stopped while this was being sent";
      log::warn("outbox", "message {} to channel {} may or may not have been sent: it is not sent again", item.id, item.channel);
      co_return co_await save(item, Durability::journaled);
    }
    while (running_) {
      if (clock_.now() >= item.expires_at) {
        item.state = OutboxState::expired;
        log::warn("outbox", "message {} to channel {} expired unsent: {}", item.id, item.channel, item.last_error);
        co_return co_await save(item, Durability::journaled);
      }
      if (!co_await wait_for_slot(item)) break;
      const bool idempotent = limits_of(item.channel).idempotent_send;
      item.state = OutboxState::sending;
      ++item.attempts;
      // Losing this mark with the power would send a message twice on a channel that can't tell.
      if (!co_await save(item, idempotent ? Durability::journaled : Durability::synced)) co_return false;
      fault_point("outbox.after_sending");
      const Result<std::string> receipt = co_await send(item);
      if (!settle(item, receipt, idempotent)) {
        if (!co_await save(item, Durability::journaled)) co_return false;
        continue;
      }
      fault_point("outbox.after_sent");
      co_return co_await save(item, Durability::journaled);
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
    if (at > clock_.steady()) {
      asio::steady_timer timer(core_, std::min<steady_clock::duration>(at - clock_.steady(), kExpiry));
      waits_[item.order_key] = &timer;
      boost::system::error_code ignored;
      co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      waits_.erase(item.order_key);
    }
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

  awaitable<bool> save(const OutboxItem& item, Durability durability) {
    OutboxItem copy = item;
    const Result<void> saved = co_await store_.journal().update_outbox(std::move(copy), durability);
    if (saved.has_error())
      log::error("outbox", "note that message {} is {}: {}", item.id, outbox_state_name(item.state), saved.error().message);
    co_return saved.has_value();
  }

  asio::any_io_executor core_;
  Registry& registry_;
  Store& store_;
  const Clock& clock_;
  OutboxOptions options_;
  std::map<std::string, std::deque<OutboxItem>> queues_;  // by order key; the front is being delivered
  std::size_t held_ = 0;                                  // items in queues_
  std::map<std::string, std::chrono::steady_clock::time_point> next_slot_;  // by channel
  std::map<std::string, asio::steady_timer*> waits_;      // by order key, while its worker waits
  bool running_ = false, overflowed_ = false;
  std::mt19937 random_{std::random_device{}()};
  TaskGroup workers_;
};

}  // namespace

std::unique_ptr<Outbox> make_outbox(asio::any_io_executor core, Registry& registry, Store& store, const Clock& clock,
                                    OutboxOptions options) {
  return std::make_unique<StoredOutbox>(core, registry, store, clock, options);
}

}  // namespace hobd

#include "channels/inbox.hpp"

#include "base/fault.hpp"
#include "base/id.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <unordered_map>

namespace hobd {
namespace {

constexpr std::size_t kMaxText = 1 << 20;
constexpr std::size_t kMaxId = 512;
constexpr std::chrono::hours kNoticeInterval{1};
/// Strangers remembered for the notice interval; when full, all are forgotten, at worst one notice too many.
constexpr std::size_t kMaxStrangers = 10'000;

/// Eight characters without those that look alike (0 O, 1 I): 40 random bits.
std::string make_pairing_code() {
  constexpr std::string_view kAlphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  const std::string hex = random_hex(8);
  std::string code;
  for (std::size_t i = 0; i < 8; ++i) code += kAlphabet[std::stoul(hex.substr(i * 2, 2), nullptr, 16) % kAlphabet.size()];
  return code;
}

struct Event {
  std::string id, sender_id, sender_name, text, thread;
  json::array attachments;
};

Result<std::string> short_id(const json::object& object, std::string_view key, const std::string& name) {
  const std::string_view id = string_or(object, key);
  if (id.empty()) return Error{Code::invalid, "an inbound event needs \"" + name + "\", a text that is not empty"};
  if (id.size() > kMaxId || !is_valid_utf8(id))
    return Error{Code::invalid, "\"" + name + "\" of an inbound event must be UTF-8 of at most 512 bytes"};
  return std::string(id);
}

Result<Event> read_event(const json::object& object) {
  Event event;
  event.id = TRY(short_id(object, "id", "id"));
  const json::object* sender = object_at(object, "sender");
  if (!sender) return Error{Code::invalid, "an inbound event needs \"sender\":{\"id\":...}"};
  event.sender_id = TRY(short_id(*sender, "id", "sender.id"));
  event.sender_name = to_valid_utf8(utf8_prefix(string_or(*sender, "name"), kMaxId));
  event.text = string_or(object, "text");
  if (event.text.size() > kMaxText) return Error{Code::invalid, "the message is longer than 1 MiB"};
  if (!is_valid_utf8(event.text)) return Error{Code::invalid, "the message's text is not UTF-8"};
  if (const json::array* attachments = array_at(object, "attachments")) event.attachments = *attachments;
  if (trim(event.text).empty() && event.attachments.empty()) return Error{Code::invalid, "the message is empty"};
  event.thread = string_or(object, "thread");
  if (event.thread.size() > kMaxId || !is_valid_utf8(event.thread))
    return Error{Code::invalid, "\"thread\" of an inbound event must be UTF-8 of at most 512 bytes"};
  return event;
}

class StoredInbox final : public ChannelSink {
 public:
  StoredInbox(Store& store, Outbox& outbox, TurnStarter& turns, const Clock& clock)
      : store_(store), outbox_(outbox), turns_(turns), clock_(clock) {}

  awaitable<Result<json::value>> deliver(std::string channel, json::object object) override {
    CO_TRY(Event event, read_event(object));
    Result<Identity> identity = co_await store_.users().ensure_identity(channel, event.sender_id, event.sender_name,
                                                                        make_pairing_code());
    if (identity.has_error()) co_return identity.error().with_context("find who " + event.sender_id + " is");
    if (identity->user_id.empty()) {
      CO_CHECK(co_await send_pairing_notice(*identity, event));
      co_return answer(false);
    }

    Inbound inbound = inbound_of(channel, *identity, std::move(event));
    // The platform forgets the message once it is accepted: it has to outlive a power loss.
    Result<Accepted> accepted = co_await store_.journal().accept(std::move(inbound), Durability::synced);
    if (accepted.has_error()) co_return accepted.error().with_context("store a message of channel " + channel);
    fault_point("inbox.after_accept");
    const bool duplicate = accepted->duplicate;
    if (!duplicate) turns_.start_turn(std::move(accepted->turn), std::move(accepted->message));
    co_return answer(duplicate);
  }

 private:
  static json::value answer(bool duplicate) {
    json::object object;
    object["accepted"] = true;
    object["duplicate"] = duplicate;
    return object;
  }

  Inbound inbound_of(const std::string& channel, const Identity& identity, Event event) const {
    json::object reply_to;
    reply_to["channel"] = channel;
    reply_to["to"] = event.sender_id;
    if (!event.thread.empty()) reply_to["thread"] = event.thread;

    Message message;
    message.id = make_id("msg");
    message.user_id = identity.user_id;
    message.role = "user";
    message.speaker = event.sender_name.empty() ? identity.display_name : event.sender_name;
    message.text = std::move(event.text);
    message.at = clock_.now();
    message.channel = channel;
    message.external_id = event.id;
    message.attachments = std::move(event.attachments);

    Inbound inbound;
    inbound.user_id = identity.user_id;
    inbound.channel = channel;
    inbound.external_id = event.id;
    // Without a place on the platform, all that this sender says is one conversation.
    inbound.thread = event.thread.empty() ? "sender:" + event.sender_id : event.thread;
    inbound.request["reply_to"] = std::move(reply_to);
    inbound.request["user_name"] = message.speaker;
    inbound.messages.push_back(std::move(message));
    return inbound;
  }

  /// At most once an hour an identity, however much a stranger writes.
  awaitable<Result<void>> send_pairing_notice(const Identity& identity, const Event& event) {
    const std::string key = identity.channel + '\x1f' + identity.external_id;
    const auto now = clock_.steady();
    if (noticed_.size() >= kMaxStrangers) noticed_.clear();
    if (const auto last = noticed_.find(key); last != noticed_.end() && now - last->second < kNoticeInterval)
      co_return Result<void>{};
    // A stranger has no user, and every row has one: the notice is the owner's.
    CO_TRY(const std::vector<User> users, co_await store_.users().list());
    const auto owner = std::find_if(users.begin(), users.end(), [](const User& user) { return user.admin; });
    if (users.empty()) co_return Error{Code::unavailable, "Hob has no user yet: add one with hobctl user add"};
    noticed_[key] = now;
    const std::string text = "I don't know you yet. Your pairing code is " + identity.pairing_code +
                             ". Give it to Hob's owner, who lets you in with: hobctl identity approve " +
                             identity.pairing_code;
    std::vector<OutboxItem> items = outbox_.compose(identity.channel, identity.external_id, event.thread, text, "notice");
    for (OutboxItem& item : items) item.user_id = owner == users.end() ? users.front().id : owner->id;
    std::vector<OutboxItem> copy = items;
    const Result<void> stored = co_await store_.journal().add_outbox(std::move(copy), Durability::journaled);
    if (stored.has_error()) {
      noticed_.erase(key);
      co_return stored.error().with_context("send a pairing code");
    }
    outbox_.wake(std::move(items));
    co_return Result<void>{};
  }

  Store& store_;
  Outbox& outbox_;
  TurnStarter& turns_;
  const Clock& clock_;
  std::unordered_map<std::string, std::chrono::steady_clock::time_point> noticed_;  // strangers, by channel and id
};

}  // namespace

std::unique_ptr<ChannelSink> make_inbox(Store& store, Outbox& outbox, TurnStarter& turns, const Clock& clock) {
  return std::make_unique<StoredInbox>(store, outbox, turns, clock);
}

}  // namespace hobd

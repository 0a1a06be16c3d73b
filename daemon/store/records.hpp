// The rows of Hob's database as values. Ids are made by base/id.hpp: "usr_...", "conv_...", "ses_...",
// "msg_...", "turn_...", "out_...". Times are UTC. Everything belongs to one user, and every query names
// that user.
#pragma once

#include "base/clock.hpp"
#include "base/json.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hobd {

struct User {
  std::string id, name;
  bool admin = false;
  Time created_at{};
};

/// A platform's name for a person: (channel instance, sender id) maps to at most one user.
struct Identity {
  std::string channel, external_id, display_name;
  std::string user_id;  // empty while it waits for approval
  std::string pairing_code;
  Time created_at{};
};

struct ApiKey {
  std::string id, user_id, name;
  std::string hash;  // hex SHA-256 of the key; the key itself is shown once and never stored
  std::vector<std::string> scopes;
  Time created_at{};
  std::optional<Time> expires_at, last_used_at;
};

struct Conversation {
  std::string id, user_id, title;
  std::string channel, thread;  // where it began; thread: the platform's place, or ""
  std::string session_id;       // the latest session
  std::int64_t message_count = 0;
  Time created_at{}, updated_at{};
};

/// A span of a conversation with a buffer of its own: the model sees the messages of one session.
struct Session {
  std::string id, conversation_id;
  Time created_at{};
  std::string label = {};  // what an imported history called it; "" none
};

struct Message {
  std::string id, user_id, conversation_id, session_id, turn_id;
  std::string role;     // user | assistant | tool | system
  std::string speaker;  // a person's name, or "Hob"
  std::string text;
  Time at{};
  std::string channel, external_id;
  json::array attachments;
  /// Wire parts that a text can't hold: {"tool_calls":[...]} of an assistant message, {"tool_call_id"} of
  /// a tool message (clients of /v1 that bring their own tools).
  json::object extra;
};

enum class TurnState { accepted, running, replied, failed, cancelled };
std::string_view turn_state_name(TurnState state) noexcept;

struct Usage {
  std::int64_t input_tokens = 0, output_tokens = 0, cached_tokens = 0;
  std::int64_t cache_write_tokens = 0;  // of the input, written to the provider's cache
  double cost_usd = 0;
  std::string model, tier;
};
json::object to_json(const Usage& usage);
/// What to_json() made of a usage; members that are missing are zero.
Usage usage_from_json(const json::object& object);

struct Turn {
  std::string id, user_id, conversation_id, session_id;
  std::string channel, external_id;  // the dedupe key; external_id may be empty
  std::string message_id;            // the message that began it
  TurnState state = TurnState::accepted;
  json::object request;  // options of this turn: model, client tools, reply_to, ...
  Usage usage;
  std::string error;     // "code: message" of a failed turn
  std::string reply_id;  // the reply's message, once replied
  Time created_at{}, updated_at{};
};

/// One entry of a turn's journal. Kinds: recalled, model_called, model_answered, tool_started,
/// tool_finished, replied, failed, cancelled. `data` is what is needed to go on from here.
struct Step {
  std::int64_t seq = 0;  // 1, 2, ... within the turn; the store numbers them
  std::string kind;
  Time at{};
  std::int64_t took_ms = 0;
  json::object data;
};

enum class OutboxState { pending, sending, sent, failed, unknown, expired };
std::string_view outbox_state_name(OutboxState state) noexcept;

/// One message to deliver through a channel. Order is kept within `order_key`.
struct OutboxItem {
  std::string id, user_id, conversation_id, turn_id, message_id;
  std::string channel;   // instance
  std::string order_key; // channel + recipient + thread
  json::object message;  // the outbound message of sdk/include/hob/ext/channel.h, without "id"
  OutboxState state = OutboxState::pending;
  std::int32_t attempts = 0;
  Time created_at{}, next_attempt_at{}, expires_at{};
  std::string receipt;   // the platform's message id
  std::string last_error;
};

/// A page of a list: `next` is the cursor of the following page, empty at the end.
template <class T>
struct Page {
  std::vector<T> items;
  std::string next;
};
struct PageRequest {
  std::uint32_t limit = 50;  // 1..500
  std::string cursor;
};

}  // namespace hobd

// Turns: from a stored message to a stored reply.
//
// A turn is a journal of steps (recalled, model_called, model_answered, tool_started, tool_finished,
// replied), each written before the next begins. resume() reads the journals of unfinished turns and goes on
// from the first missing step: a stored model answer is not asked again; a tool that was started and has no
// result runs again only if it is idempotent, else its result is "outcome unknown" and the model is told.
//
// Turns of one conversation run one after another, in the order they were accepted. A turn runs whether or
// not anyone watches: a listener that goes away changes nothing.
#pragma once

#include "channels/inbox.hpp"
#include "models/router.hpp"
#include "tools/toolbox.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace hobd {

class Embeddings;
class Budget;
class Forgetting;
class Learning;

/// What a watcher of a turn sees, with the event names of POST /chat/stream: session, text, tool_call,
/// tool_result, memory, usage, done, error. `data` is the event's JSON object.
struct TurnEvent {
  std::string name;
  json::object data;
};

struct SendRequest {
  std::string user_id, user_name;
  std::string channel;      // "http", "ws", "openai", "socket", or a plugin's instance
  std::string external_id;  // the client's idempotency key; "" none
  std::string conversation_id;  // "": by fingerprint, else by thread, else a new one
  std::string thread;           // the client's name for a conversation of this channel (the "user" of /v1); "" none
  SessionChoice session;
  std::string text;
  json::array attachments;
  std::string model;        // as ModelRequest::model
  json::array client_tools; // tools of the caller, whose calls end the turn and are handed back
  json::object sampling;    // temperature, max_tokens, ...: passed to the model
  std::string system;       // context of this turn only
  std::vector<Message> history;   // a new conversation's earlier messages
  std::vector<Message> messages;  // when set, stored in place of `text` (tool results of client tools)
  std::string fingerprint;        // of the conversation after this message's predecessors
  /// Something is promised to the caller before the reply (a stream's `session` event): the message is then
  /// synced to disk first. False: the caller waits for the whole reply.
  bool promise_early = false;
};

/// The reply of POST /chat with stream:false (INTERFACE: Objects).
struct TurnReply {
  std::string reply, conversation_id, session_id, message_id, turn_id;
  json::array tool_calls;  // [{name, arguments, status}]
  json::array client_tool_calls;  // [{id, name, arguments}] for the caller to run
  std::string stop;        // end | length | tool_calls | filtered
  std::string notice;      // what the user should know of how it was answered; usually empty
  std::vector<std::string> recalled;
  Usage usage;
  bool duplicate = false;
};
json::object to_json(const TurnReply& reply);

/// Counters for metrics and `hobctl status`.
struct AgentStats {
  std::uint64_t replied = 0, failed = 0, cancelled = 0, resumed = 0;
  std::uint32_t running = 0;
};

/// Told about each ended turn: metrics, events.
struct TurnOutcome {
  std::string turn_id, conversation_id, user_id, channel, outcome;
  std::chrono::microseconds total{}, model{}, tools{};
  Usage usage;
};

class Agent : public TurnStarter {
 public:
  /// Accepts a message and runs its turn to the end. `on_event` is called on the core thread until the
  /// returned awaitable ends. A repeat of (channel, external_id) waits for, or gives back, the first one's
  /// reply; when that one failed as unavailable, timeout or overloaded, its turn goes on from its journal. Cancelling the awaitable (Asio) stops watching, not the turn. Errors: not_found (conversation,
  /// session), invalid (empty, over 1 MiB, another text under a known external_id), and the turn's own.
  virtual awaitable<Result<TurnReply>> send(SendRequest request, std::function<void(const TurnEvent&)> on_event) = 0;
  /// Stops a turn of this user: it ends as cancelled, what was said so far is kept. not_found: not running.
  virtual Result<void> cancel(std::string_view user_id, std::string_view turn_id) = 0;
  /// Stops all turns of a conversation and waits, some seconds at most, until they have ended.
  virtual awaitable<void> cancel_conversation(std::string user_id, std::string conversation_id) = 0;
  /// Queues every unfinished turn, in order, and returns: they run on by themselves. Called once, after the plugins
  /// have started and before messages come in, which would overtake them.
  virtual awaitable<void> resume() = 0;
  /// No new turns; waits for running ones at most `limit`, then leaves them to the next start.
  virtual awaitable<void> drain(std::chrono::milliseconds limit) = 0;
  virtual AgentStats stats() const = 0;
  virtual void on_outcome(std::function<void(const TurnOutcome&)> listener) = 0;
  virtual void set_config(std::shared_ptr<const Config> config) = 0;
};

class MemoryBlocks;
class SessionBuffers;

struct AgentContext {
  asio::any_io_executor core;
  Store* store = nullptr;
  Router* router = nullptr;
  Toolbox* tools = nullptr;
  Outbox* outbox = nullptr;
  const Clock* clock = nullptr;
  std::shared_ptr<const Config> config;
  Embeddings* embeddings = nullptr;  // null: recall goes by words alone
  MemoryBlocks* blocks = nullptr;     // take the agent's new configurations with it
  SessionBuffers* buffers = nullptr;
  Learning* learning = nullptr;      // null: /remember tells repeats from news by their words alone
  Forgetting* forgetting = nullptr;  // null: there is no /forget
  Budget* budget = nullptr;          // what /usage tells of limits; null: none
};
/// drain() before it goes: running turns hold on to it.
std::unique_ptr<Agent> make_agent(AgentContext context);

/// The digest of a message list that find_conversation by history uses: hex SHA-256 chained over role and text
/// of each user and assistant message, in order.
std::string conversation_fingerprint(const std::vector<Message>& messages);
/// The same, one message at a time: the digest of what `previous` stands for, and then `message`. A chain,
/// SHA-256(previous, role, 0, text), that starts from conversation_fingerprint({}).
std::string conversation_fingerprint(std::string_view previous, const Message& message);
/// The digest of what a request says: a repeat under the same external_id has the same.
std::string request_digest(const SendRequest& request);

}  // namespace hobd

// The conversation at hand: the messages of a session that a prompt shows word for word, and the summary of those before.
//
// The buffer begins where the summary ends, so that no message is in neither. It grows by each turn; when it is over
// memory.buffer_messages or memory.buffer_tokens, the summary takes in its older third, after the turn and off its road: the
// prompt's beginning stays the same for some turns, which keeps a provider's cache warm. A model of the fast tier writes the
// summary; without one, or when it answers badly, it is made of the user's own sentences. The record keeps every message.
#pragma once

#include "config/config.hpp"
#include "memory/summary_text.hpp"
#include "models/background.hpp"
#include "models/router.hpp"
#include "store/store.hpp"

#include <deque>
#include <set>

namespace hobd {

struct BufferContext {
  asio::any_io_executor core;
  Store* store = nullptr;
  Router* router = nullptr;  // null: summaries are made without a model
  const Clock* clock = nullptr;
  std::shared_ptr<const Config> config;
  /// Asked before a model writes a summary in the background. Where that has to wait, the buffer stays as full as it is.
  SpareCalls spare = {};
};

/// Which of a session's messages the buffer holds, of those that the summary does not cover.
struct BufferLimits {
  std::size_t messages = 0, tokens = 0;
};
BufferLimits buffer_limits(const Config& config);

/// What a prompt shows of a session.
struct BufferView {
  SessionSummary summary;         // version 0 and without text: none
  std::vector<Message> messages;  // oldest first, all those behind the summary
  BufferLimits room = {};         // what may be said before the buffer is full
};
/// A longer message is cut when it is shown, to this many tokens.
std::size_t longest_shown(const Config& config);
/// How many of the oldest messages the summary takes in so that the rest is within `limits`: whole turns, and never the
/// newest one. Commands and their replies take no room: they are no part of what is said. 0 when they fit.
std::size_t count_leaving(const std::vector<Message>& messages, BufferLimits limits, std::size_t longest);

/// Thread: core.
class SessionBuffers {
 public:
  explicit SessionBuffers(BufferContext context);
  ~SessionBuffers();

  /// What a turn's prompt shows before its message. When the background fell far behind (an imported conversation, a model that
  /// hangs), the summary is first extended without a model. not_found: the session isn't this user's.
  awaitable<Result<BufferView>> read(std::string user_id, std::string session_id, std::string before_message);
  /// A turn has ended: the summary is extended in the background when the buffer is full. `room` of the turn's view and what was
  /// said since tell a session that needs no look; without room one is taken.
  void wake(std::string user_id, std::string session_id, BufferLimits room = {}, std::initializer_list<std::string_view> said = {});
  /// Takes all that was said in ended turns into the summary, and gives it. invalid: nothing was said yet.
  awaitable<Result<SessionSummary>> summarize(std::string user_id, std::string session_id);
  /// Returns once nothing waits in the background: for tests.
  awaitable<void> async_idle();

  void set_config(std::shared_ptr<const Config> config) { context_.config = std::move(config); }
  /// Nothing new begins; what runs may end within `limit`. An extension that is cut off is done after a later turn.
  awaitable<void> stop(std::chrono::milliseconds limit);

 private:
  struct Job {
    std::string user_id, session_id;
  };
  awaitable<void> work();
  awaitable<Result<void>> relieve(Job job);
  /// `before` with `messages` added, by a model if there is one and `call` says for whom. overloaded: it has to wait, which only
  /// happens to background calls.
  awaitable<Result<SessionSummary>> extended(SessionSummary before, std::vector<Message> messages, std::optional<CallFor> call);
  awaitable<Result<std::string>> ask_model(const SessionSummary& before, const std::vector<Message>& messages, CallFor call);
  std::vector<Message> spoken(const std::vector<Message>& messages) const;

  BufferContext context_;
  std::deque<Job> waiting_;
  std::set<std::string> known_;  // sessions in waiting_
  bool working_ = false, stopping_ = false;
  asio::steady_timer idle_;  // cancelled when the work is done
  TaskGroup tasks_;
};

}  // namespace hobd

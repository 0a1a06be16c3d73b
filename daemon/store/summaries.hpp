// The store behind the conversation at hand: what a session's buffer holds, and the summary of what has left it. Thread: core.
#pragma once

#include "base/task_group.hpp"
#include "store/records.hpp"

namespace hobd {

/// What a session's earlier messages come to. It reaches up to and with one message, always the last of its turn.
struct SessionSummary {
  std::string session_id, text;
  std::string upto_message_id;    // "" none yet
  std::int64_t messages = 0;      // how many it stands for
  Time from{}, to{};              // when the first and the last of them were said
  std::string by;                 // "model" or "extract"
  Time updated_at{};              // set by the store
  std::int64_t version = 0;       // counts the changes; 0: none yet
};

/// What of a session its summary does not cover.
struct BufferQuery {
  std::string user_id, session_id;
  std::string before_message = {};  // of earlier turns than this one's; "": all
  bool ended_only = false;          // up to the first turn that has not ended
  std::uint32_t limit = 500;        // messages, and
  std::size_t bytes = 4u << 20;     // their texts together; one message comes at least
};
struct SessionBuffer {
  SessionSummary summary;         // version 0: none
  std::vector<Message> messages;  // oldest first, an answer behind the message it answers
  bool has_more = false;          // there are newer ones
};

class Summaries {
 public:
  virtual ~Summaries() = default;
  /// The summary and the oldest messages behind it. not_found: the session isn't this user's.
  virtual awaitable<Result<SessionBuffer>> buffer(BufferQuery query) = 0;
  /// Stores a summary over the version it was made from. overloaded: another took its place meanwhile. not_found: the
  /// session, or the message that it reaches to, is gone.
  virtual awaitable<Result<SessionSummary>> put(std::string user_id, SessionSummary summary) = 0;
  /// not_found: the session isn't this user's; a summary of version 0 when it has none.
  virtual awaitable<Result<SessionSummary>> find(std::string user_id, std::string session_id) = 0;
  /// Takes away a session's summary: the next one is made from the messages. No error when there is none.
  virtual awaitable<Result<void>> remove(std::string user_id, std::string session_id) = 0;
};

}  // namespace hobd

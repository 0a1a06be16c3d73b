// What a search looks at: the rows of one user that may answer, with what is needed to rank them. Choosing is the store's, by
// the index alone; ranking is memory/ranking's.
//
// A message is more than its own words: an answer follows its question, and what is talked about is named once. So each comes
// with which terms stand in it and in its neighbours of the same session: the one before, the one before that, the next.
// Neighbours are looked up at the time of the search; nothing is indexed again when the next message arrives.
#pragma once

#include "base/task_group.hpp"
#include "store/memory_records.hpp"
#include "store/records.hpp"

namespace hobd {

struct TimeSpan {
  Time from{}, to{};  // half-open
};

/// What to look for. A set of terms is 64 bits: bit i is terms[i].
struct CandidateQuery {
  std::string user_id;
  std::vector<std::string> terms;      // query_terms(); more than 64 are cut off
  std::vector<TimeSpan> spans;         // what was said then is looked at too
  std::vector<std::int64_t> rows;      // looked at whatever their words: what lies near by its vector
  std::optional<Time> since, until;    // only what was said, or recorded, then
  // Of messages:
  double name_weight = 1;              // of a term that is the name of somebody who speaks: who said it tells more
  std::string role = {};               // "": any
  std::string not_turn = {};           // the turn whose messages are never found
  bool commands = true;                // also slash commands ("/help", not "//text")
};

/// A place that counts for a message: which terms stand there, and how long it is.
struct TermsAt {
  std::uint64_t terms = 0;
  std::uint32_t length = 0;  // characters; 0: there is no such message
};

struct MessageCandidate {
  std::int64_t row = 0, session = 0;
  bool is_copy = false;  // of a fork, or imported: no turn began or ended with it
  Time at{};
  std::string role, speaker, text;  // of a long text the first 8 KiB
  TermsAt own, previous, second, next;
};

struct MemoryCandidate {
  std::int64_t row = 0;  // of the version
  Memory memory;
  std::uint64_t terms = 0;
};

/// How much each term of the query tells.
struct TermCounts {
  double rows = 0;             // of the user
  std::vector<double> holding; // rows with the term; at least so many, where it is in very many
};

struct MessageCandidates {
  TermCounts counts;
  std::vector<MessageCandidate> items;  // by row
};
struct MemoryCandidates {
  TermCounts counts;
  std::vector<MemoryCandidate> items;
};

/// Which messages a turn sees anyway.
struct TurnView {
  std::string session_id, before_message;  // "" : the session's end
  std::uint32_t count = 0;
};

/// What a turn may recall: messages outside its view, and memories in force.
struct TurnCandidates {
  MessageCandidates messages;
  MemoryCandidates memories;
};

/// A message with what stood around it, in order.
struct MessageInPlace {
  std::int64_t row = 0;
  Message message;
  std::vector<Message> neighbours;
};

/// Thread: core. timeout: a search took longer than two seconds.
class Searches {
 public:
  virtual ~Searches() = default;
  virtual awaitable<Result<MessageCandidates>> messages(CandidateQuery query) = 0;
  /// messages() and memories() in one read. not_found: the session isn't this user's.
  virtual awaitable<Result<TurnCandidates>> turn(TurnView view, CandidateQuery of_messages, CandidateQuery of_memories) = 0;
  /// The versions that pass the filter, as Memories::list() understands it.
  virtual awaitable<Result<MemoryCandidates>> memories(CandidateQuery query, MemoryFilter filter) = 0;
  /// The messages of these rows that are still there, in the order asked, with up to `neighbours` before and behind each.
  virtual awaitable<Result<std::vector<MessageInPlace>>> read(std::string user_id, std::vector<std::int64_t> rows,
                                                             std::uint32_t neighbours) = 0;
};

}  // namespace hobd

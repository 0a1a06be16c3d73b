// Takes conversations in that were held elsewhere.
#pragma once

#include "base/task_group.hpp"
#include "store/records.hpp"

namespace hobd {

/// One message of another program's history.
struct ImportedMessage {
  /// What the file calls the conversation and the session in it; the same names later mean the same ones. An unnamed
  /// session ("") is one of its own.
  std::string conversation, session;
  std::string title;       // of the conversation, when it is new
  std::optional<Time> at;  // none: that of the message before it in its session, or now
  /// role, speaker, text, external_id (1..512 bytes), attachments, extra; the store sets the rest.
  Message message;
};

struct ImportedConversation {
  std::string id, title;
  std::int64_t imported = 0;
  bool operator==(const ImportedConversation&) const = default;
};

struct ImportOutcome {
  std::int64_t imported = 0;
  std::int64_t forgotten = 0;   // the user had them erased: they don't come back
  std::int64_t duplicates = 0;  // (conversation, external_id) was there: the stored one stays as it is
  std::vector<ImportedConversation> conversations;  // those named, in the order of their first message
};

class Imports {
 public:
  virtual ~Imports() = default;
  /// Stores the messages in order, in one transaction; some thousand at most keep the writer responsive. Their channel is
  /// "import", and they have no turn: nothing is answered, and no channel's message is ever taken for one of them. Thread: core.
  virtual awaitable<Result<ImportOutcome>> add(std::string user_id, std::vector<ImportedMessage> messages) = 0;
};

}  // namespace hobd

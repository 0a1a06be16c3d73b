// Lines of a conversation history as other programs write them, and as conversation.export does. Pure; thread: any.
#pragma once

#include "base/json.hpp"
#include "store/imports.hpp"

namespace hobd {

/// What one line holds: one message, or all of an export's.
struct ImportLine {
  std::vector<ImportedMessage> messages;
  std::int64_t unknown_fields = 0;  // kept in the message's extra.imported
};

/// Reads {"id","conversation","session","time","role","speaker","text"} (id, conversation and text are needed, a number will do
/// for a name), a message as the API shows it, or a whole export {"conversation","sessions","messages"}.
/// `user_name` speaks where a user's line names nobody. invalid: names the member.
Result<ImportLine> read_import_line(std::string_view line, std::string_view user_name);

/// The next line of `text` from `at` on, without its end; moves `at` behind it. False at the end.
bool next_line(std::string_view text, std::size_t& at, std::string_view& line);

}  // namespace hobd

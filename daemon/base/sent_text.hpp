// What a person sent, and which of it are their own words. Slash commands are answered before any model is called, the same on
// every channel.
//
// A message is a command when it begins with '/' and a word of letters; "/etc/passwd" is none. "//text" is the way to say "/text".
// "/smart TEXT", "/fast TEXT" and "/model PROVIDER/MODEL TEXT" are messages that say who answers them: TEXT is what is said.
// Messages are stored as they were sent; what shows, searches, learns from or sums them up asks here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hobd {

bool is_command(std::string_view text);

/// The sender's own words, as models, searches and memory get them: a view of `text`. A command is left as it is.
std::string_view own_words(std::string_view text);

/// A message that says who answers it.
struct Addressed {
  std::string model;  // "tier/smart", "tier/fast", "<provider>/<model>"
  std::string_view words;
};
std::optional<Addressed> addressed(std::string_view text);

}  // namespace hobd

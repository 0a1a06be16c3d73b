// hobctl chat and send: a conversation in the terminal, or one line after another from a pipe.
#pragma once

#include "hobctl/client.hpp"

#include <string>

namespace hobd::ctl {

struct ChatOptions {
  std::string conversation_id;  // "": a new one
  std::string thread;           // of the socket's channel: continues the conversation there, if no id is given
  bool fresh_session = false;   // what was said before is no longer seen
  std::string model;
  bool as_json = false;
};

/// On a terminal: line editing, history, streaming, Ctrl-C stops the turn that runs. Otherwise each line of
/// standard input is a message of one conversation, and its reply is printed; the first failure ends
/// it, but for a line that is not UTF-8, which is named and left out.
Exit chat(Client& client, ChatOptions options);
/// One message, its reply on standard output.
Exit send(Client& client, const std::string& text, ChatOptions options);

}  // namespace hobd::ctl

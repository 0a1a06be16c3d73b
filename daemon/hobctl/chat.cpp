#include "hobctl/chat.hpp"

#include "base/text.hpp"
#include "hobctl/render.hpp"

#include <fmt/format.h>
#include <histedit.h>

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>

namespace hobd::ctl {
namespace {

volatile std::sig_atomic_t g_interrupts = 0;  // a signal handler can reach nothing else

class Conversation {
 public:
  Conversation(Client& client, ChatOptions options)
      : client_(client), options_(std::move(options)), fresh_session_(options_.fresh_session) {}

  /// Says one thing. Streams the reply when `streams`, and prints what streaming did not show.
  Exit say(const std::string& text, bool streams) {
    json::object params{{"message", text}};
    if (!options_.conversation_id.empty()) params["conversation_id"] = options_.conversation_id;
    if (options_.conversation_id.empty() && !options_.thread.empty()) params["thread"] = options_.thread;
    if (fresh_session_) params["session_id"] = nullptr;
    if (!options_.model.empty()) params["model"] = options_.model;
    turn_id_.clear();
    std::string shown;
    const auto result = client_.call("chat.send", std::move(params), [&](const json::value& value) {
      const json::object* event = value.if_object();
      const json::object* data = event ? object_at(*event, "data") : nullptr;
      if (!data) return;
      const std::string_view name = string_or(*event, "event");
      if (name == "session") {
        turn_id_ = string_or(*data, "turn_id");
        options_.conversation_id = string_or(*data, "conversation_id", options_.conversation_id);
      } else if (name == "text" && streams) {
        const std::string_view delta = string_or(*data, "delta");
        shown += delta;
        fmt::print("{}", printable(delta));
        std::fflush(stdout);
      } else if (name == "tool_call" && streams) {
        fmt::print(stderr, "[{}]\n", printable(string_or(*data, "name")));
      }
    });
    if (result.has_error()) {
      if (!shown.empty()) fmt::print("\n");
      if (result.error().code == Code::cancelled && !client_.lost()) {
        fmt::print(stderr, "stopped\n");
        return Exit::refused;
      }
      fmt::print(stderr, "hobctl: {}\n", printable(result.error().message));
      return client_.lost() ? Exit::no_daemon : Exit::refused;
    }
    fresh_session_ = false;
    const json::object& reply = result->as_object();
    options_.conversation_id = string_or(reply, "conversation_id", options_.conversation_id);
    if (options_.as_json) {
      fmt::print("{}\n", json::serialize(reply));
    } else {
      // The stream may have been partial (a repeat, a tool's text): the reply itself is what counts.
      const std::string_view whole = string_or(reply, "reply");
      if (std::string_view(shown) != whole) {
        if (!shown.empty()) fmt::print("\n");
        fmt::print("{}", printable(whole));
      }
      fmt::print("\n");
      if (const std::string_view notice = string_or(reply, "notice"); !notice.empty()) fmt::print("({})\n", printable(notice));
    }
    std::fflush(stdout);
    return Exit::done;
  }

  void begin_anew() { options_.conversation_id.clear(); }
  void begin_fresh_session() { fresh_session_ = true; }
  void set_model(std::string model) { options_.model = std::move(model); }
  const std::string& id() const { return options_.conversation_id; }
  const std::string& turn_id() const { return turn_id_; }

 private:
  Client& client_;
  ChatOptions options_;
  std::string turn_id_;  // of the turn that runs, for Ctrl-C
  bool fresh_session_;
};

/// Ours, and those that the daemon answers.
constexpr std::string_view kCommands[] = {"/exit", "/help", "/id",    "/model",  "/new",  "/quit",
                                          "/reset", "/search", "/stop", "/tools", "/usage", "/whoami"};

/// libedit's handles.
struct LineEditor {
  LineEditor() : history(history_init()), edit(el_init("hobctl", stdin, stdout, stderr)) {
    HistEvent event;
    ::history(history, &event, H_SETSIZE, 1000);
    ::history(history, &event, H_SETUNIQUE, 1);
    el_set(edit, EL_PROMPT, +[](EditLine*) -> char* {
      static char prompt[] = "you> ";
      return prompt;
    });
    el_set(edit, EL_EDITOR, "emacs");
    el_set(edit, EL_SIGNAL, 1);
    el_set(edit, EL_HIST, ::history, history);
    el_set(edit, EL_ADDFN, "complete", "complete a command", &complete);
    el_set(edit, EL_BIND, "^I", "complete", nullptr);
    if (const char* home = std::getenv("HOME")) {
      const char* state = std::getenv("XDG_STATE_HOME");
      const std::filesystem::path folder = std::filesystem::path(state && *state ? state : std::string(home) + "/.local/state") / "hob";
      std::error_code ignored;
      std::filesystem::create_directories(folder, ignored);
      file = folder / "hobctl_history";
      ::history(history, &event, H_LOAD, file.c_str());
    }
  }
  ~LineEditor() {
    HistEvent event;
    if (!file.empty() && ::history(history, &event, H_SAVE, file.c_str()) >= 0)
      chmod_owner_only(file);
    el_end(edit);
    history_end(history);
  }
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  /// Tab: the commands that begin as the line does.
  static unsigned char complete(EditLine* edit, int) {
    const LineInfo* line = el_line(edit);
    const std::string_view typed(line->buffer, static_cast<std::size_t>(line->cursor - line->buffer));
    std::vector<std::string_view> fitting;
    if (typed.starts_with('/'))
      for (const std::string_view command : kCommands)
        if (command.starts_with(typed)) fitting.push_back(command);
    if (fitting.empty()) return CC_ERROR;
    if (fitting.size() == 1) {
      const std::string rest = std::string(fitting[0].substr(typed.size())) + " ";
      return el_insertstr(edit, rest.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
    }
    fmt::print("\n{}\n", fmt::join(fitting, "  "));
    std::fflush(stdout);
    return CC_REDISPLAY;
  }

  static void chmod_owner_only(const std::filesystem::path& file) {
    std::error_code ignored;
    std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, ignored);
  }

  History* history;
  EditLine* edit;
  std::filesystem::path file;
};

constexpr const char* kHelp =
    "In this chat:\n"
    "/new             a new conversation\n"
    "/reset           a fresh session: what was said before is no longer seen\n"
    "/model NAME      tier/fast, tier/smart or provider/model from now on; without NAME as configured\n"
    "/id              this conversation's id\n"
    "/quit, /exit     leave (Ctrl-D too); Ctrl-C stops the reply that runs, Tab completes a command\n";

/// Whether the daemon knows the model, saying so when it doesn't.
bool is_model(Client& client, const std::string& name) {
  if (name.empty() || name == "tier/fast" || name == "tier/smart") return true;
  const auto listed = client.call("model.list", {});
  if (listed.has_error()) {
    fmt::print(stderr, "hobctl: {}\n", printable(listed.error().message));
    return false;
  }
  std::vector<std::string> names;
  if (const json::array* items = listed->is_object() ? array_at(listed->get_object(), "items") : nullptr)
    for (const json::value& item : *items)
      if (item.is_object()) names.emplace_back(string_or(item.get_object(), "name"));
  if (std::find(names.begin(), names.end(), name) != names.end()) return true;
  const std::string_view near = nearest(name, names);
  fmt::print(stderr, "There is no model \"{}\"{}; `hobctl model list` shows them.\n", printable(name),
             near.empty() ? std::string() : fmt::format(", did you mean {}?", near));
  return false;
}

/// true: it was one of ours.
bool run_command(Client& client, Conversation& conversation, std::string_view line, bool& quit) {
  const std::size_t space = line.find(' ');
  const std::string_view command = line.substr(0, space);
  const std::string_view rest = space == std::string_view::npos ? std::string_view{} : trim(line.substr(space));
  if (command == "/quit" || command == "/exit") {
    quit = true;
  } else if (command == "/new") {
    conversation.begin_anew();
    fmt::print("A new conversation begins.\n");
  } else if (command == "/reset") {
    conversation.begin_fresh_session();
    fmt::print("A fresh start: what was said before is kept, but no longer seen.\n");
  } else if (command == "/model") {
    if (!is_model(client, std::string(rest))) return true;
    conversation.set_model(std::string(rest));
    fmt::print("{} from now on.\n", rest.empty() ? std::string("The configured models answer") : std::string(rest) + " answers");
  } else if (command == "/id") {
    fmt::print("{}\n", conversation.id().empty() ? "none yet" : conversation.id());
  } else if (command == "/help") {
    fmt::print("{}", kHelp);
    std::fflush(stdout);
    return false;  // the daemon tells its own
  } else {
    return false;
  }
  return true;
}

Exit chat_on_terminal(Client& client, Conversation& conversation) {
  struct sigaction action {};
  action.sa_handler = [](int) { g_interrupts = g_interrupts + 1; };  // without SA_RESTART: the wait must wake
  sigaction(SIGINT, &action, nullptr);
  LineEditor editor;
  fmt::print("Talk to Hob. /help names the commands, Ctrl-D leaves.\n");
  bool quit = false;
  while (!quit) {
    int count = 0;
    g_interrupts = 0;
    const char* read = el_gets(editor.edit, &count);
    if (!read || count <= 0) {
      if (g_interrupts != 0) {  // Ctrl-C at the prompt drops the line
        fmt::print("\n");
        std::fflush(stdout);
        el_reset(editor.edit);
        continue;
      }
      fmt::print("\n");
      break;
    }
    const std::string line(trim(std::string_view(read, static_cast<std::size_t>(count))));
    if (line.empty()) continue;
    HistEvent event;
    ::history(editor.history, &event, H_ENTER, line.c_str());
    if (run_command(client, conversation, line, quit)) continue;
    g_interrupts = 0;
    client.interrupted = [] { return g_interrupts != 0; };
    const Exit exit = conversation.say(line, true);
    client.interrupted = nullptr;
    if (exit == Exit::no_daemon) return exit;
    if (g_interrupts != 0 && !conversation.turn_id().empty())
      if (const auto cancelled = client.call("chat.cancel", {{"turn_id", conversation.turn_id()}}); cancelled.has_error() && client.lost())
        return Exit::no_daemon;
  }
  return Exit::done;
}

Exit chat_from_pipe(Conversation& conversation) {
  std::string line;
  Exit end = Exit::done;
  for (std::size_t number = 1; std::getline(std::cin, line); ++number) {
    const std::string text(trim(line));
    if (text.empty()) continue;
    if (!is_valid_utf8(text)) {
      fmt::print(stderr, "hobctl: line {} is not UTF-8 text and was left out\n", number);
      end = Exit::refused;
      continue;
    }
    const Exit exit = conversation.say(text, false);
    if (exit == Exit::no_daemon) return exit;
    if (exit != Exit::done) end = exit;  // what comes next may be answered
  }
  return end;
}

}  // namespace

Exit chat(Client& client, ChatOptions options) {
  const bool on_terminal = isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0 && !options.as_json;
  if (!options.conversation_id.empty()) {
    const auto found = client.call("conversation.get", {{"conversation_id", options.conversation_id}, {"limit", 1}});
    if (found.has_error()) {
      fmt::print(stderr, "hobctl: {}\n", printable(found.error().message));
      return client.lost() ? Exit::no_daemon : Exit::refused;
    }
  }
  Conversation conversation(client, std::move(options));
  return on_terminal ? chat_on_terminal(client, conversation) : chat_from_pipe(conversation);
}

Exit send(Client& client, const std::string& text, ChatOptions options) {
  const bool streams = isatty(STDOUT_FILENO) != 0 && !options.as_json;
  return Conversation(client, std::move(options)).say(text, streams);
}

}  // namespace hobd::ctl

// hobctl: the daemon's method table as a command line, and a conversation in the terminal.

#include "base/text.hpp"
#include "hobctl/chat.hpp"
#include "hobctl/client.hpp"
#include "hobctl/command.hpp"
#include "hobctl/completion.hpp"
#include "hobctl/jsonl_file.hpp"
#include "hobctl/plugin_verbs.hpp"
#include "hobctl/render.hpp"

#include <fmt/format.h>

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

namespace hobd::ctl {
namespace {

constexpr const char* kUsage =
    "hobctl [--socket S] [--json] COMMAND\n"
    "  chat [--conversation ID] [--model M]   talk to Hob; lines from a pipe are messages\n"
    "  send [--new] TEXT        say one thing in the conversation of hobctl send; --new begins afresh\n"
    "  status                   what runs\n"
    "  doctor                   what is wrong and what to do\n"
    "  logs [-f] [--level L]    the daemon's log\n"
    "  events                   what happens, as it happens\n"
    "  call METHOD [JSON]       any method with its parameters as JSON\n"
    "  completion bash|zsh|fish a completion script\n"
    "  plugin new|build|test|check|dev   writing plugins; needs no daemon\n"
    "  help [GROUP [VERB]]      this, or one command\n"
    "  GROUP VERB [ARGS]        a method of the daemon:\n";

/// The line of kUsage about one of hobctl's own commands; "": it is none.
std::string own_usage(const std::string& command) {
  for (const std::string_view line : split(kUsage, '\n'))
    if (line.starts_with("  " + command + " ")) return std::string(line) + "\n";
  return {};
}

Exit complain(const Error& error, Exit exit) {
  fmt::print(stderr, "hobctl: {}\n", printable(error.message));
  return exit;
}

std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) return size.ws_col;
  return 120;
}

class Command {
 public:
  Command(Client& client, const Line& line) : client_(client), line_(line), words_(line.words) {}

  Exit run() {
    const std::string first = words_.front();
    const std::vector<std::string> rest(words_.begin() + 1, words_.end());
    if (first == "chat" && !(rest.size() > 0 && (rest[0] == "send" || rest[0] == "cancel"))) return run_chat(rest);
    if (first == "send") return run_send(rest);
    if (first == "status" || first == "doctor" || first == "events") return run_method("system", first, rest);
    if (first == "logs") return run_logs(rest);
    if (first == "call") return run_call(rest);
    if (first == "completion") return run_completion(rest);
    if (first == "help") return run_help(rest);
    return run_method(first, rest.empty() ? std::string{} : rest[0], rest.empty() ? rest : std::vector<std::string>(rest.begin() + 1, rest.end()));
  }

 private:
  Result<void> describe() {
    if (!methods_.empty()) return {};
    const json::value answer = TRY(client_.call("api.describe", {}));
    const json::object* object = answer.if_object();
    if (const json::array* list = object ? array_at(*object, "methods") : nullptr) methods_ = *list;
    return {};
  }

  Exit failed(const Error& error) { return complain(error, client_.lost() ? Exit::no_daemon : Exit::refused); }

  /// The daemon's answer, and the events before it as they come.
  Exit call(std::string_view method, json::object params) {
    const auto result = client_.call(method, params, [&](const json::value& event) {
      fmt::print("{}\n", line_.as_json ? json::serialize(event) : render_event(event));
      std::fflush(stdout);
    });
    if (result.has_error()) return failed(result.error());
    if (method == "memory.export" && !line_.as_json) return print_lines(method, std::move(params), result->as_object());
    if (method == "config.check" && !line_.as_json) return print_faults(result->as_object());
    const bool human = !line_.as_json && isatty(STDOUT_FILENO) != 0;
    fmt::print("{}", line_.as_json ? json::serialize(*result) + "\n" : render(*result, human ? terminal_width() : 1000));
    // doctor: what it found decides, so that scripts can ask.
    if ((method == "system.doctor" || method == "config.check") && !bool_or(result->as_object(), "ok", true)) return Exit::refused;
    return Exit::done;
  }

  /// JSON lines as they are, all parts of them: what a file holds.
  Exit print_lines(std::string_view method, json::object params, json::object part) {
    for (;;) {
      fmt::print("{}", string_or(part, "jsonl"));
      const std::string_view next = string_or(part, "next_cursor");
      if (next.empty()) return Exit::done;
      params["cursor"] = next;
      auto answer = client_.call(method, params);
      if (answer.has_error()) return failed(answer.error());
      part = std::move(answer->as_object());
    }
  }

  /// A fault a line, as compilers do; behind them what is only unwise.
  Exit print_faults(const json::object& result) {
    for (const char* key : {"faults", "warnings"})
      if (const json::array* texts = array_at(result, key))
        for (const json::value& text : *texts)
          if (text.is_string()) fmt::print("{}\n", printable(text.get_string()));
    if (!bool_or(result, "ok", true)) return Exit::refused;
    const json::array* restart = array_at(result, "restart");
    fmt::print("{}", restart && !restart->empty() ? "the file is in order; some of it waits for a restart: " + render(*restart) : "the file is in order\n");
    return Exit::done;
  }

  Exit run_method(const std::string& group, const std::string& verb, const std::vector<std::string>& rest) {
    if (verb == "--help" || verb == "-h") return run_help({group});
    if (const auto described = describe(); described.has_error()) return failed(described.error());
    const auto method = find_method(methods_, group, verb);
    if (method.has_error()) return complain(method.error(), Exit::usage);
    if (std::find(rest.begin(), rest.end(), "--help") != rest.end()) {
      fmt::print("{}", usage(**method));
      return Exit::done;
    }
    auto params = read_params(**method, rest);
    if (params.has_error()) {
      complain(params.error(), Exit::usage);
      fmt::print(stderr, "{}", usage(**method));
      return Exit::usage;
    }
    if (string_or(**method, "name") == "key.create" && !params->contains("name"))
      return complain({Code::invalid, "key create: a name is wanted, such as laptop: it tells you later what the key is for"}, Exit::usage);
    if (string_or(**method, "name") == "chat.send" && !line_.as_json) {
      ChatOptions options;
      options.conversation_id = string_or(*params, "conversation_id");
      options.thread = "hobctl";
      options.model = string_or(*params, "model");
      if (params->size() <= 1) return send(client_, std::string(string_or(*params, "message")), std::move(options));
    }
    if (const std::string file = jsonl_parameter(**method); !file.empty() && params->contains(file))
      return call_with_file(**method, file, *std::move(params));
    return call(string_or(**method, "name"), *std::move(params));
  }

  /// The parameter `name` is the name of a file, which may be larger than one call takes: it goes in pieces, and their
  /// answers become one. Where one broken line stops all, all pieces are looked at before the first is loaded.
  Exit call_with_file(const json::object& method, const std::string& name, json::object params) {
    const auto text = read_text_file(std::string(string_or(params, name)));
    if (text.has_error()) return complain(text.error(), Exit::usage);
    const std::vector<TextPiece> pieces = split_lines(*text, kMostPieceBytes);
    const json::object* properties = object_at(*object_at(method, "params"), "properties");
    const bool in_pieces = pieces.size() > 1 && properties->contains("first_line");
    if (pieces.size() > 1 && !in_pieces) return complain({Code::invalid, fmt::format("{}: the file is too large for one call", name)}, Exit::refused);
    const bool looks_first = in_pieces && properties->contains("dry_run") && !bool_or(params, "dry_run") && string_or(params, "on_error", "stop") == "stop";
    json::value merged;
    for (const bool only_looks : {true, false}) {
      if (only_looks && !looks_first) continue;
      merged = json::object{};
      for (const TextPiece& piece : pieces) {
        params[name] = piece.text;
        if (in_pieces) params["first_line"] = piece.first_line;
        if (looks_first) params["dry_run"] = only_looks;
        auto answer = client_.call(string_or(method, "name"), params);
        if (answer.has_error()) return failed(answer.error());
        if (answer->is_object()) merge_answers(merged.as_object(), answer->as_object());
      }
    }
    const bool human = !line_.as_json && isatty(STDOUT_FILENO) != 0;
    fmt::print("{}", line_.as_json ? json::serialize(merged) + "\n" : render(merged, human ? terminal_width() : 1000));
    return Exit::done;
  }

  Exit run_logs(std::vector<std::string> rest) {
    std::replace(rest.begin(), rest.end(), std::string("-f"), std::string("--follow"));
    if (line_.as_json || std::find(rest.begin(), rest.end(), "--follow") != rest.end()) return run_method("system", "logs", rest);
    if (const auto described = describe(); described.has_error()) return failed(described.error());
    const auto method = find_method(methods_, "system", "logs");
    if (method.has_error()) return complain(method.error(), Exit::usage);
    auto params = read_params(**method, rest);
    if (params.has_error()) return complain(params.error(), Exit::usage);
    const auto result = client_.call("system.logs", *std::move(params));
    if (result.has_error()) return failed(result.error());
    if (const json::array* items = array_at(result->as_object(), "items"))
      for (const json::value& line : *items) fmt::print("{}\n", render_event(line));
    return Exit::done;
  }

  /// --conversation ID, --model M, then the text.
  Result<ChatOptions> chat_options(const std::vector<std::string>& rest, std::string& text) {
    ChatOptions options;
    options.as_json = line_.as_json;
    for (std::size_t i = 0; i < rest.size(); ++i) {
      if (rest[i] == "--new" && text.empty()) {
        options.fresh_session = true;
        continue;
      }
      std::string* target = rest[i] == "--conversation" ? &options.conversation_id : rest[i] == "--model" ? &options.model : nullptr;
      if (target) {
        if (++i == rest.size()) return Error{Code::invalid, rest[i - 1] + ": a value is wanted"};
        *target = rest[i];
      } else if (rest[i].starts_with("--") && text.empty()) {
        return Error{Code::invalid, "no option " + rest[i] + ": there are --conversation, --model and --new"};
      } else {
        text += (text.empty() ? "" : " ") + rest[i];
      }
    }
    return options;
  }

  Exit run_chat(const std::vector<std::string>& rest) {
    std::string text;
    auto options = chat_options(rest, text);
    if (options.has_error()) return complain(options.error(), Exit::usage);
    if (!text.empty()) return complain({Code::invalid, "chat takes no text: hobctl send " + text}, Exit::usage);
    return chat(client_, *std::move(options));
  }

  Exit run_send(const std::vector<std::string>& rest) {
    std::string text;
    auto options = chat_options(rest, text);
    if (options.has_error()) return complain(options.error(), Exit::usage);
    if (text.empty()) return complain({Code::invalid, "send: a text is wanted"}, Exit::usage);
    options->thread = "hobctl";
    return send(client_, text, *std::move(options));
  }

  Exit run_call(const std::vector<std::string>& rest) {
    if (rest.empty() || rest.size() > 2) return complain({Code::invalid, "call METHOD [JSON]"}, Exit::usage);
    auto params = parse_json_object(rest.size() == 2 ? rest[1] : "{}");
    if (params.has_error()) return complain(params.error(), Exit::usage);
    return call(rest[0], *std::move(params));
  }

  Exit run_completion(const std::vector<std::string>& rest) {
    if (const auto described = describe(); described.has_error()) return failed(described.error());
    const auto script = completion_script(rest.empty() ? std::string{} : rest[0], methods_);
    if (script.has_error()) return complain(script.error(), Exit::usage);
    fmt::print("{}", *script);
    return Exit::done;
  }

  Exit run_help(const std::vector<std::string>& rest) {
    if (const auto described = describe(); described.has_error()) return failed(described.error());
    if (rest.empty()) {
      fmt::print("{}{}", kUsage, overview(methods_));
      return Exit::done;
    }
    if (rest.size() == 1) {
      const std::string group = overview(methods_, rest[0]) + own_usage(rest[0]);
      if (group.empty()) return complain(find_method(methods_, rest[0], "").error(), Exit::usage);
      fmt::print("{}", group);
      return Exit::done;
    }
    const auto method = find_method(methods_, rest[0], rest[1]);
    if (method.has_error()) return complain(method.error(), Exit::usage);
    fmt::print("{}", usage(**method));
    return Exit::done;
  }

  Client& client_;
  const Line& line_;
  const std::vector<std::string>& words_;
  json::array methods_;
};

Exit run(const std::vector<std::string>& arguments) {
  const auto line = parse_line(arguments);
  if (line.has_error()) return complain(line.error(), Exit::usage);
  if (line->version) {
    fmt::print("hobctl {}\n", HOB_VERSION);
    return Exit::done;
  }
  if (line->help || line->words.empty()) {
    fmt::print(line->help ? stdout : stderr, "{}  (hobctl help lists them, with a daemon running)\n", kUsage);
    return line->help ? Exit::done : Exit::usage;
  }
  if (is_plugin_verb(*line)) return complain(run_plugin_verb(*line), Exit::usage);
  Client client;
  if (const auto connected = client.connect(socket_path(line->socket)); connected.has_error()) return complain(connected.error(), Exit::no_daemon);
  return Command(client, *line).run();
}

}  // namespace
}  // namespace hobd::ctl

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_DFL);  // hobctl logs | head
  return static_cast<int>(hobd::ctl::run({argv + 1, argv + argc}));
}

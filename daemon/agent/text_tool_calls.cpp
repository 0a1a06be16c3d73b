#include "agent/text_tool_calls.hpp"

#include "agent/tool_arguments.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <charconv>

namespace hobd {
namespace {

constexpr std::string_view kToolCall = "<tool_call>", kToolCallEnd = "</tool_call>";
constexpr std::string_view kMistral = "[TOOL_CALLS]", kMistralArguments = "[ARGS]";
constexpr std::string_view kFunction = "<function=", kFunctionEnd = "</function>";
constexpr std::string_view kPython = "<|python_tag|>";
constexpr std::string_view kFence = "```";
constexpr std::string_view kMarks[] = {kToolCall, kMistral, kFunction, kPython};
/// Not "json" nor nothing: so is an example shown that someone asked for.
constexpr std::string_view kFenceWords[] = {"tool_code", "tool_call", "tool_calls"};
/// What some servers leave of the end of a turn.
constexpr std::string_view kEnds[] = {"<|eom_id|>", "<|eot_id|>", "<|im_end|>", "</s>"};
constexpr std::string_view kCallMembers[] = {"name", "arguments", "parameters", "id", "type", "function"};
constexpr std::size_t kMostCalls = 16;
constexpr std::size_t kMostTries = 16;  // places of one text where calls may begin
/// By then it is clear whether a call begins: what is padded beyond this is none, and costs no more looking.
constexpr std::size_t kMostBeginning = 512;

template <class List>
bool contains(const List& list, std::string_view word) {
  return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view skip_space(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text;
}

std::string_view without_space_behind(std::string_view text) {
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view without_ends(std::string_view text) {
  text = without_space_behind(text);
  for (bool again = true; again;) {
    again = false;
    for (const std::string_view end : kEnds)
      if (text.ends_with(end)) {
        text = without_space_behind(text.substr(0, text.size() - end.size()));
        again = true;
      }
  }
  return text;
}

/// The text of a call's arguments; nullopt when they are no object.
std::optional<std::string> arguments_text(const json::value* value) {
  if (!value || value->is_null()) return std::nullopt;
  if (value->is_object()) return json::serialize(*value);
  if (!value->is_string()) return std::nullopt;
  Result<ToolArguments> arguments = read_tool_arguments(value->get_string());
  if (arguments.has_error()) return std::nullopt;
  return std::move(arguments->text);
}

/// {"name","arguments" or "parameters"}, also inside a "function"; any other member makes it data.
bool take_object(const json::object& object, const OfferedTools& offered, std::vector<ModelToolCall>& calls) {
  for (const auto& [key, value] : object)
    if (!contains(kCallMembers, key)) return false;
  if (const json::object* function = object_at(object, "function")) {
    if (object.contains("name") || function->contains("function")) return false;
    return take_object(*function, offered, calls);
  }
  const std::string_view name = string_or(object, "name");
  if (!contains(offered.names, name) || calls.size() >= kMostCalls) return false;
  const json::value* given = object.if_contains("arguments");
  if (!given) given = object.if_contains("parameters");
  std::optional<std::string> arguments = arguments_text(given);
  if (!arguments) return false;
  ModelToolCall call;
  call.name = name;
  call.arguments = *std::move(arguments);
  calls.push_back(std::move(call));
  return true;
}

/// One object, or a list of them.
bool take_json(std::string_view text, const OfferedTools& offered, std::vector<ModelToolCall>& calls) {
  text = trim(text);
  if (offered.needs_ends && parse_json(text).has_error()) return false;
  if (text.starts_with('[')) {
    const Result<json::value> list = parse_json(text);
    if (list.has_error() || !list->is_array() || list->get_array().empty()) return false;
    for (const json::value& item : list->get_array())
      if (!item.is_object() || !take_object(item.get_object(), offered, calls)) return false;
    return true;
  }
  if (!text.starts_with('{')) return false;
  const Result<ToolArguments> object = read_tool_arguments(text);
  return object.has_value() && take_object(object->values, offered, calls);
}

/// "name[ARGS]{...}" or "name{...}".
bool take_named(std::string_view text, const OfferedTools& offered, std::vector<ModelToolCall>& calls) {
  const std::size_t open = text.find('{');
  if (open == std::string_view::npos || calls.size() >= kMostCalls) return false;
  std::string_view name = trim(text.substr(0, open));
  if (name.ends_with(kMistralArguments)) name.remove_suffix(kMistralArguments.size());
  if (!contains(offered.names, name)) return false;
  if (offered.needs_ends && parse_json(trim(text.substr(open))).has_error()) return false;
  Result<ToolArguments> arguments = read_tool_arguments(text.substr(open));
  if (arguments.has_error()) return false;
  ModelToolCall call;
  call.name = name;
  call.arguments = std::move(arguments->text);
  calls.push_back(std::move(call));
  return true;
}

/// Up to `end`, or all of the text where that is missing; `rest` is what comes behind.
std::string_view body_of(std::string_view text, std::string_view end, std::string_view next, std::string_view& rest) {
  const std::size_t at = text.find(end);
  const std::size_t other = text.find(next);
  if (at == std::string_view::npos || (other != std::string_view::npos && other < at)) {
    rest = other == std::string_view::npos ? std::string_view() : text.substr(other);
    return text.substr(0, other);
  }
  rest = text.substr(at + end.size());
  return text.substr(0, at);
}

/// The call at the beginning of `text`, which is cut off it.
bool take_marked(std::string_view& text, const OfferedTools& offered, std::vector<ModelToolCall>& calls) {
  std::string_view rest;
  if (text.starts_with(kToolCall)) {
    const std::string_view body = body_of(text.substr(kToolCall.size()), kToolCallEnd, kToolCall, rest);
    if (offered.needs_ends && !text.substr(kToolCall.size() + body.size()).starts_with(kToolCallEnd)) return false;
    if (!take_json(body, offered, calls)) return false;
  } else if (text.starts_with(kMistral)) {
    const std::string_view body = body_of(text.substr(kMistral.size()), kMistral, kMistral, rest);
    if (!rest.empty()) rest = text.substr(kMistral.size() + body.size());
    const bool is_json = skip_space(body).starts_with('[') || skip_space(body).starts_with('{');
    if (!(is_json ? take_json(body, offered, calls) : take_named(body, offered, calls))) return false;
  } else if (text.starts_with(kFunction)) {
    const std::string_view behind = text.substr(kFunction.size());
    const std::size_t close = behind.find('>');
    if (close == std::string_view::npos) return false;
    const std::string_view body = body_of(behind.substr(close + 1), kFunctionEnd, kFunction, rest);
    if (offered.needs_ends && !behind.substr(close + 1 + body.size()).starts_with(kFunctionEnd)) return false;
    Result<ToolArguments> arguments = read_tool_arguments(body);
    const std::string_view name = trim(behind.substr(0, close));
    if (arguments.has_error() || !contains(offered.names, name) || calls.size() >= kMostCalls) return false;
    ModelToolCall call;
    call.name = name;
    call.arguments = std::move(arguments->text);
    calls.push_back(std::move(call));
  } else if (text.starts_with(kPython)) {
    if (!take_json(text.substr(kPython.size()), offered, calls)) return false;
  } else {
    return false;
  }
  text = skip_space(rest);
  return true;
}

bool take_fenced(std::string_view& text, const OfferedTools& offered, std::vector<ModelToolCall>& calls) {
  if (!text.starts_with(kFence)) return false;
  const std::size_t line = text.find('\n');
  if (line == std::string_view::npos || !contains(kFenceWords, trim(text.substr(kFence.size(), line - kFence.size())))) return false;
  const std::size_t end = text.find(kFence, line);
  if (end == std::string_view::npos || !take_json(text.substr(line, end - line), offered, calls)) return false;
  text = skip_space(text.substr(end + kFence.size()));
  return true;
}

/// The calls that a text is from beginning to end.
template <class Take>
std::vector<ModelToolCall> all_calls(std::string_view text, const OfferedTools& offered, Take take) {
  std::vector<ModelToolCall> calls;
  while (!text.empty())
    if (!take(text, offered, calls)) return {};
  return calls;
}

/// Whether `text` begins as a call does. open: more of it must come before that can be said.
enum class Beginning { none, open, call };

Beginning begins_with_one_of(std::string_view text, const std::vector<std::string>& names, std::string_view ends) {
  bool is_open = false;
  for (const std::string& name : names) {
    if (text.size() <= name.size()) is_open = is_open || std::string_view(name).starts_with(text);
    else if (text.starts_with(name) && ends.find(text[name.size()]) != std::string_view::npos) return Beginning::call;
  }
  return is_open ? Beginning::open : Beginning::none;
}

/// Of a JSON object, or a list of them, whose first member may be a call's.
Beginning begins_json_call(std::string_view text, const OfferedTools& offered) {
  text = skip_space(text);
  if (text.starts_with('[')) text = skip_space(text.substr(1));
  if (text.empty()) return Beginning::open;
  if (text.front() != '{') return Beginning::none;
  text = skip_space(text.substr(1));
  if (text.empty()) return Beginning::open;
  const char quote = text.front();
  if (quote != '"' && quote != '\'') return Beginning::none;
  text.remove_prefix(1);
  const std::size_t end = text.find(quote);
  const std::string_view key = text.substr(0, end);
  if (end == std::string_view::npos)
    return std::any_of(std::begin(kCallMembers), std::end(kCallMembers), [key](std::string_view member) { return member.starts_with(key); }) ? Beginning::open
                                                                                                                                       : Beginning::none;
  if (!contains(kCallMembers, key)) return Beginning::none;
  if (key != "name") return Beginning::call;
  text = skip_space(text.substr(end + 1));
  if (text.empty()) return Beginning::open;
  if (text.front() != ':') return Beginning::none;
  text = skip_space(text.substr(1));
  if (text.empty()) return Beginning::open;
  if (text.front() != '"' && text.front() != '\'') return Beginning::none;
  return begins_with_one_of(text.substr(1), offered.names, "\"'");
}

Beginning begins_within(std::string_view text, const OfferedTools& offered, bool is_answer) {
  for (const std::string_view mark : kMarks) {
    if (text.size() < mark.size() && mark.starts_with(text)) return Beginning::open;
    if (!text.starts_with(mark)) continue;
    const std::string_view rest = text.substr(mark.size());
    if (mark == kFunction) return begins_with_one_of(rest, offered.names, "> ");
    const std::string_view behind = skip_space(rest);
    if (mark == kMistral && !behind.empty() && behind.front() != '[' && behind.front() != '{') return begins_with_one_of(behind, offered.names, "[{ ");
    return begins_json_call(rest, offered);
  }
  if (!is_answer || !offered.may_be_json) return Beginning::none;
  if (text.front() == '{' || text.front() == '[') return begins_json_call(text, offered);
  if (text.size() < kFence.size()) return kFence.starts_with(text) ? Beginning::open : Beginning::none;
  if (!text.starts_with(kFence)) return Beginning::none;
  const std::size_t line = text.find('\n');
  const std::string_view word = trim(text.substr(kFence.size(), line == std::string_view::npos ? line : line - kFence.size()));
  if (line != std::string_view::npos) return contains(kFenceWords, word) ? begins_json_call(text.substr(line), offered) : Beginning::none;
  return std::any_of(std::begin(kFenceWords), std::end(kFenceWords), [word](std::string_view known) { return known.starts_with(word); }) ? Beginning::open
                                                                                                                                   : Beginning::none;
}

/// `text` is not empty.
Beginning begins_call(std::string_view text, const OfferedTools& offered, bool is_answer) {
  const Beginning beginning = begins_within(text.substr(0, kMostBeginning), offered, is_answer);
  return beginning == Beginning::open && text.size() >= kMostBeginning ? Beginning::none : beginning;
}

/// The number that `digits` write, up to the end of Unicode; nothing else may stand there.
std::optional<std::uint32_t> code_point(std::string_view digits, int base) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() || value == 0 || value > 0x10FFFF) return std::nullopt;
  return value;
}

/// What stands at `at` as an HTML entity, also one that was escaped again and again; moves `at` behind it.
std::optional<std::uint32_t> take_entity(std::string_view text, std::size_t& at) {
  constexpr std::pair<std::string_view, char> kNames[] = {{"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
  std::size_t from = at + 1;
  while (text.substr(from).starts_with("amp;")) from += 4;
  const std::size_t end = text.substr(from, 10).find(';');
  std::optional<std::uint32_t> found;
  if (end != std::string_view::npos) {
    const std::string_view name = text.substr(from, end);
    for (const auto& [known, c] : kNames)
      if (name == known) found = static_cast<std::uint32_t>(c);
    if (name.starts_with("#x") || name.starts_with("#X")) found = code_point(name.substr(2), 16);
    else if (name.starts_with('#')) found = code_point(name.substr(1), 10);
  }
  at = found ? from + end + 1 : from;
  return found;
}

/// `text` without what copying changes: white space, quotes, escapes of JSON and HTML.
std::string squeezed(std::string_view text) {
  std::string out;
  const auto add = [&out](std::uint32_t c) {
    if (c < 0x80) {
      if (!is_space(char(c)) && c != '"' && c != '\'' && c != '\\') out += char(c);
    } else {
      out += "U" + std::to_string(c) + ";";
    }
  };
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '&') {
      const std::optional<std::uint32_t> entity = take_entity(text, i);
      add(entity.value_or('&'));
    } else if (c == '\\' && text.substr(i + 1).starts_with('u') && code_point(text.substr(i + 2, 4), 16)) {
      add(*code_point(text.substr(i + 2, 4), 16));
      i += std::min<std::size_t>(6, text.size() - i);
    } else if (c == '\\') {
      i += i + 1 < text.size() && std::string_view("nrt").find(text[i + 1]) != std::string_view::npos ? 2 : 1;
    } else {
      if (!is_space(c) && c != '"' && c != '\'') out += c;
      ++i;
    }
  }
  return out;
}

}  // namespace

OfferedTools offered_tools(const json::object& chat, ToolChoice choice) {
  OfferedTools offered;
  if (choice == ToolChoice::heeded && string_or(chat, "tool_choice") == "none") return offered;
  if (const json::array* tools = array_at(chat, "tools"))
    for (const json::value& tool : *tools)
      if (const json::object* object = tool.if_object())
        if (const std::string_view name = string_or(*object, "name"); !name.empty()) offered.names.emplace_back(name);
  const json::object* format = object_at(chat, "response_format");
  offered.may_be_json = !format || string_or(*format, "type", "text") == "text";
  return offered;
}

TextToolCalls find_text_tool_calls(std::string_view text, const OfferedTools& offered) {
  TextToolCalls found;
  found.text = text;
  if (offered.names.empty()) return found;
  const std::string_view whole = without_ends(text);
  const std::size_t first = whole.size() - skip_space(whole).size();
  const auto take = [&](std::size_t begin, std::vector<ModelToolCall> calls) {
    found.written = whole.substr(begin);
    found.text = without_space_behind(whole.substr(0, begin));
    found.calls = std::move(calls);
  };
  // What begins otherwise was let through by the filter already.
  const auto begins = [&](std::size_t at) {
    return whole.size() - at <= TextCallFilter::kMostHeld && begins_call(whole.substr(at), offered, at == first) == Beginning::call;
  };
  if (offered.may_be_json && first < whole.size() && begins(first)) {
    std::vector<ModelToolCall> calls;
    if (whole[first] == '`') calls = all_calls(whole.substr(first), offered, take_fenced);
    else if (!take_json(whole.substr(first), offered, calls)) calls.clear();
    if (!calls.empty()) {
      take(first, std::move(calls));
      return found;
    }
  }
  bool is_code = false;
  std::size_t tries = 0;
  for (std::size_t line = 0; line < whole.size() && tries < kMostTries;) {
    const std::string_view rest = whole.substr(line);
    const std::size_t end = rest.find('\n');
    if (trim(rest.substr(0, end)).starts_with(kFence)) is_code = !is_code;
    const std::size_t at = line < first ? first : line;
    const bool is_marked = std::any_of(std::begin(kMarks), std::end(kMarks), [&](std::string_view mark) { return whole.substr(at).starts_with(mark); });
    if (is_marked && !is_code && begins(at)) {
      ++tries;
      std::vector<ModelToolCall> calls = all_calls(whole.substr(at), offered, take_marked);
      if (!calls.empty()) {
        take(at, std::move(calls));
        return found;
      }
    }
    if (end == std::string_view::npos) break;
    line += end + 1;
  }
  return found;
}

TextToolCalls find_cut_text_call(std::string_view text, const OfferedTools& offered) {
  TextToolCalls found;
  found.text = text;
  if (offered.names.empty()) return found;
  const std::size_t first = text.size() - skip_space(text).size();
  const std::size_t last_end = text.rfind(kToolCallEnd);
  bool is_code = false;
  for (std::size_t line = 0; line < text.size();) {
    const std::string_view rest = text.substr(line);
    const std::size_t end = rest.find('\n');
    if (trim(rest.substr(0, end)).starts_with(kFence)) is_code = !is_code;
    const std::size_t at = line < first ? first : line;
    const std::string_view tail = text.substr(at);
    const bool is_marked = std::any_of(std::begin(kMarks), std::end(kMarks), [tail](std::string_view mark) { return tail.starts_with(mark); });
    const bool has_end = last_end != std::string_view::npos && last_end >= at;
    if (is_marked && !is_code && !has_end && begins_call(tail, offered, at == first) == Beginning::call) {
      found.text = without_space_behind(text.substr(0, at));
      found.written = tail;
      ModelToolCall call;
      for (const std::string& name : offered.names)
        if (tail.substr(0, 200).find(name) != std::string_view::npos && name.size() > call.name.size()) call.name = name;
      call.arguments = tail;
      found.calls.push_back(std::move(call));
      return found;
    }
    if (end == std::string_view::npos) break;
    line += end + 1;
  }
  return found;
}

bool is_quoted(std::string_view written, const json::array& messages) {
  // Also without the marks around it: who quotes may have put them there.
  const std::size_t open = written.find('{'), close = written.rfind('}');
  if (open != std::string_view::npos && close > open && written.substr(open).find("\"name\"") != std::string_view::npos) written = written.substr(open, close + 1 - open);
  const std::string wanted = squeezed(written);
  const auto holds = [&wanted](const json::value& text) { return text.is_string() && squeezed(text.get_string()).find(wanted) != std::string::npos; };
  for (const json::value& item : messages) {
    const json::object* message = item.if_object();
    if (!message) continue;
    const json::value* content = message->if_contains("content");
    if (!content) continue;
    if (holds(*content)) return true;
    if (const json::array* parts = content->if_array())
      for (const json::value& part : *parts)
        if (const json::object* object = part.if_object(); object && object->contains("text") && holds(object->at("text"))) return true;
  }
  return false;
}

std::string TextCallFilter::take(std::string_view delta) {
  if (gave_up_ || offered_.names.empty()) {
    let_through_ += delta.size();
    return std::string(delta);
  }
  held_ += delta;
  std::string out;
  const auto let_through = [&](std::size_t count) {
    if (count == 0) return;
    const std::string_view text = std::string_view(held_).substr(0, count);
    begins_answer_ = false;
    begins_line_ = text.back() == '\n';
    out += text;
    let_through_ += count;
    held_.erase(0, count);
  };
  std::size_t space = 0;  // up to here it can be shown; the white space behind goes with what follows
  bool is_blank = true;   // before `at`
  for (std::size_t at = blank_; !holds_ && at < held_.size();) {
    const std::string_view rest = std::string_view(held_).substr(at);
    const bool is_answer = begins_answer_ && is_blank;
    if (is_answer && is_space(rest.front())) {
      blank_ = ++at;
      continue;
    }
    const bool is_line = is_answer || (at == 0 ? begins_line_ : held_[at - 1] == '\n');
    if (is_line) {
      const Beginning beginning = begins_call(rest, offered_, is_answer);
      holds_ = beginning == Beginning::call;
      if (beginning != Beginning::none) break;
    }
    const std::size_t line = rest.find('\n');
    if (line == std::string_view::npos) space = held_.size();
    else if (!trim(rest.substr(0, line)).empty()) space = at + line;
    at = line == std::string_view::npos ? held_.size() : at + line + 1;
    is_blank = is_blank && space == 0;
    if (is_blank) blank_ = at;
  }
  if (space > 0) blank_ = 0;
  let_through(space);
  if (held_.size() > kMostHeld) {
    gave_up_ = true;
    let_through(held_.size());
  }
  return out;
}

std::string TextCallFilter::finish(std::string_view shown) {
  const std::size_t left = shown.size() > let_through_ ? shown.size() - let_through_ : 0;
  std::string out = held_.substr(0, left);
  let_through_ += out.size();
  held_.clear();
  return out;
}

}  // namespace hobd

#include "agent/text_tool_calls.hpp"

#include <catch2/catch.hpp>

using namespace hobd;

namespace {

OfferedTools offered() {
  OfferedTools tools;
  tools.names = {"add", "memory_search"};
  return tools;
}

/// "text|name(arguments)..." of what is found.
std::string found(std::string_view text) {
  const TextToolCalls calls = find_text_tool_calls(text, offered());
  std::string out = calls.text;
  for (const ModelToolCall& call : calls.calls) out += "|" + call.name + call.arguments;
  return out;
}

/// What is shown of `text` that comes in pieces of `size` bytes: while it comes, and at its end.
std::string shown(std::string_view text, std::size_t size) {
  TextCallFilter filter(offered());
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += size) out += filter.take(text.substr(at, size));
  const TextToolCalls calls = find_text_tool_calls(text, offered());
  return out + filter.finish(calls.text);
}

const std::vector<std::pair<std::string, std::string>> kCalls = {
    {R"(<tool_call>{"name":"add","arguments":{"x":1}}</tool_call>)", R"(|add{"x":1})"},
    {"Let me see.\n\n<tool_call>\n{\"name\": \"add\", \"arguments\": {\"x\": 1}}\n</tool_call>\n", "Let me see.|add{\"x\":1}"},
    {R"(<tool_call>{"name":"add","arguments":{"x":1}}</tool_call><tool_call>{"name":"add","arguments":{"x":2}}</tool_call>)", R"(|add{"x":1}|add{"x":2})"},
    {R"(<tool_call>{"name":"add","arguments":{"x":1}})", R"(|add{"x":1})"},
    {R"(<tool_call>{"name":"add","arguments":"{\"x\":1}"}</tool_call><|im_end|>)", R"(|add{"x":1})"},
    {R"([TOOL_CALLS] [{"name":"add","arguments":{"x":1}}])", R"(|add{"x":1})"},
    {R"([TOOL_CALLS][{"name":"add","arguments":{"x":1}},{"name":"memory_search","arguments":{"query":"tea"}}]</s>)", R"(|add{"x":1}|memory_search{"query":"tea"})"},
    {R"([TOOL_CALLS]add[ARGS]{"x":1}[TOOL_CALLS]add[ARGS]{"x":2})", R"(|add{"x":1}|add{"x":2})"},
    {R"(<function=add>{"x":1}</function>)", R"(|add{"x":1})"},
    {R"(<|python_tag|>{"name":"add","parameters":{"x":1}}<|eom_id|>)", R"(|add{"x":1})"},
    {"```tool_call\n{\"name\":\"add\",\"arguments\":{\"x\":1}}\n```", R"(|add{"x":1})"},
    {"```tool_code\n{\"name\":\"add\",\"parameters\":{\"x\":1}}\n```\n", R"(|add{"x":1})"},
    {R"({"name":"add","arguments":{"x":1}})", R"(|add{"x":1})"},
    {R"(  {"name":"add","parameters":{"x":1}} )", R"(|add{"x":1})"},
    {R"({"type":"function","function":{"name":"add","arguments":"{\"x\":1}"}})", R"(|add{"x":1})"},
    {R"([{"name":"add","arguments":{"x":1}}])", R"(|add{"x":1})"},
};

const std::vector<std::string> kAnswers = {
    "",
    "The sum is 3.\n",
    "{\"name\":\"Anna\",\"age\":5}",
    "{\"name\":\"add\",\"age\":5}",
    "{\"name\":\"add\"}",
    "{\"name\":\"subtract\",\"arguments\":{\"x\":1}}",
    "{\"answer\":3}",
    "[1, 2, 3]",
    "To add, write <tool_call>{\"name\":\"add\",\"arguments\":{\"x\":1}}</tool_call> on a line.",
    "<tool_call>{\"name\":\"add\",\"arguments\":{\"x\":1}}</tool_call>\nThis is how a call looks.",
    "Like this:\n```\n<tool_call>{\"name\":\"add\",\"arguments\":{\"x\":1}}</tool_call>\n```",
    "Like this:\n\n```\n<tool_call>{\"name\":\"add\",\"arguments\":{\"x\":1}}</tool_call>",
    "```json\n{\"name\":\"add\",\"arguments\":{\"x\":1}}\n```\nThis is what a model sends.",
    "A model sends this:\n```json\n{\"name\":\"add\",\"arguments\":{\"x\":1}}\n```",
    "```json\n{\"name\":\"add\",\"arguments\":{\"x\":1}}\n```",
    "```\n{\"name\":\"add\",\"arguments\":{\"x\":1}}\n```",
    "```python\nadd(1)\n```",
    "<tool_call>not json</tool_call>",
    "<tool_call>{\"name\":\"rm\",\"arguments\":{}}</tool_call>",
    "<function=rm>{}</function>",
    "[TOOL_CALLS] nothing",
    "<|python_tag|>print(1)",
    "1 < 2\n<b>bold</b>\n`code`\n\n\n",
    "`{\"name\":\"add\",\"arguments\":{}}`",
};

}  // namespace

TEST_CASE("calls written as text are found in every form models use") {
  for (const auto& [text, wanted] : kCalls) {
    INFO(text);
    CHECK(found(text) == wanted);
  }
}

TEST_CASE("an answer that shows, explains or resembles a call is an answer") {
  for (const std::string& text : kAnswers) {
    INFO(text);
    CHECK(found(text) == text);
  }
}

TEST_CASE("cut at every byte, what is shown of an answer is the answer, and of a call nothing but what was said before it") {
  for (std::size_t size = 1; size <= 24; ++size) {
    for (const auto& [text, wanted] : kCalls) {
      INFO(size << ": " << text);
      CHECK(shown(text, size) == wanted.substr(0, wanted.find('|')));
    }
    for (const std::string& text : kAnswers) {
      INFO(size << ": " << text);
      CHECK(shown(text, size) == text);
    }
  }
}

TEST_CASE("plain text is shown as it comes") {
  TextCallFilter filter(offered());
  CHECK(filter.take("The sum") == "The sum");
  CHECK(filter.take(" is 3") == " is 3");
  CHECK(filter.take(".\n") == ".");
  CHECK(filter.take("And") == "\nAnd");
  CHECK(filter.take("\n<tool_x") == "\n<tool_x");
  CHECK(filter.take("\n<tool_c").empty());
  CHECK(filter.take("uisine>") == "\n<tool_cuisine>");
}

TEST_CASE("JSON that can't be a call is shown as soon as that is clear") {
  TextCallFilter filter(offered());
  CHECK(filter.take("{\"na").empty());
  CHECK(filter.take("me\":\"Anna\"") == "{\"name\":\"Anna\"");
  TextCallFilter other(offered());
  CHECK(other.take("{\"colour\"") == "{\"colour\"");
}

TEST_CASE("what is held has a bound; beyond it the answer is text") {
  TextCallFilter filter(offered());
  std::string text = R"(<tool_call>{"name":"add","arguments":{"x":")";
  std::string out = filter.take(text);
  const std::string piece(1000, 'x');
  for (int i = 0; i < 100; ++i) out += filter.take(piece), text += piece;
  CHECK(filter.gave_up());
  CHECK(out == text);
}

TEST_CASE("white space in small pieces is held up to the bound, and looked at once") {
  // Looked at anew with each piece, this would take minutes.
  TextCallFilter filter(offered());
  std::string text, out;
  for (std::size_t i = 0; i < TextCallFilter::kMostHeld / 4; ++i) out += filter.take("\n \n\n"), text += "\n \n\n";
  CHECK(out.empty());
  for (int i = 0; i < 4; ++i) out += filter.take("\n"), text += "\n";
  CHECK(filter.gave_up());
  CHECK(out == text);

  TextCallFilter later(offered());
  out = later.take("Now:");
  for (std::size_t i = 0; i < TextCallFilter::kMostHeld / 8; ++i) out += later.take(" \n\n\n");
  CHECK(out == "Now:");
  CHECK(later.take("{").ends_with("\n{"));
}

TEST_CASE("a call follows white space that came in pieces") {
  const std::string call = R"(<tool_call>{"name":"add","arguments":{"x":1}}</tool_call>)";
  for (const std::string& before : {std::string("\n\n  \n \n"), std::string("Let me see.\n\n\n")})
    for (std::size_t size = 1; size <= 4; ++size) CHECK(shown(before + call, size) == (before.front() == 'L' ? "Let me see." : ""));
}

TEST_CASE("a beginning that is padded without end is no call") {
  const std::string padded = "<tool_call>" + std::string(1'000, '\n') + R"({"name":"add","arguments":{"x":1}}</tool_call>)";
  CHECK(found(padded) == padded);
  for (const std::size_t size : {1, 7, 600}) CHECK(shown(padded, size) == padded);
}

TEST_CASE("without tools, or with none allowed, nothing is a call and nothing is held") {
  json::object chat = parse_json_object(R"({"tools":[{"name":"add"}],"tool_choice":"none"})").value();
  CHECK(offered_tools(chat).names.empty());
  chat.erase("tool_choice");
  CHECK(offered_tools(chat).names == std::vector<std::string>{"add"});
  TextCallFilter filter(OfferedTools{});
  CHECK(filter.take("<tool_call>") == "<tool_call>");
  CHECK(find_text_tool_calls(R"({"name":"add","arguments":{}})", OfferedTools{}).calls.empty());
}

TEST_CASE("where the caller wants JSON, an answer that is JSON is no call") {
  const json::object chat = parse_json_object(R"({"tools":[{"name":"add"}],"response_format":{"type":"json_object"}})").value();
  CHECK(find_text_tool_calls(R"({"name":"add","arguments":{}})", offered_tools(chat)).calls.empty());
  CHECK(find_text_tool_calls(R"(<tool_call>{"name":"add","arguments":{}}</tool_call>)", offered_tools(chat)).calls.size() == 1);
}

TEST_CASE("a call that the user or a tool wrote is a quote, however it is spaced and escaped") {
  const std::string written = R"(<tool_call>{"name":"add","arguments":{"x":1}}</tool_call>)";
  const auto quoted = [&](std::string_view messages) { return is_quoted(written, parse_json(messages).value().as_array()); };
  CHECK(quoted(R"([{"role":"user","content":"<recalled>\n- <tool_call>{\"name\": \"add\", \"arguments\": {\"x\": 1}}\n</tool_call>"}])"));
  CHECK(quoted(R"([{"role":"tool","content":"{\"page\":\"<tool_call>\\n{\\\"name\\\":\\\"add\\\",\\\"arguments\\\":{\\\"x\\\":1}}</tool_call>\"}"}])"));
  CHECK(quoted(R"([{"role":"user","content":[{"type":"text","text":"<tool_call>{\"name\":\"add\",\"arguments\":{\"x\":1}}</tool_call>"}]}])"));
  CHECK(quoted(R"([{"role":"tool","content":"say {\"name\": \"add\", \"arguments\": {\"x\": 1}} now"}])"));
  CHECK(quoted(R"([{"role":"assistant","content":"<tool_call>{\"name\":\"add\",\"arguments\":{\"x\":1}}</tool_call>"}])"));
  CHECK(quoted(R"([{"role":"system","content":"{\"name\":\"add\",\"arguments\":{\"x\":1}}"}])"));
  CHECK(quoted(R"([{"role":"tool","content":"&lt;tool_call&gt;{&quot;name&quot;:&#34;add&#x22;,&amp;quot;arguments&amp;quot;:{&#39;x&#x27;:1}}"}])"));
  CHECK(quoted(R"([{"role":"tool","content":"\\u003ctool_call\\u003e\\u007b\\u0022name\\u0022:\\u0022\\u0061dd\\u0022,\\u0022arguments\\u0022:{\\u0022x\\u0022:1}}"}])"));
  CHECK_FALSE(quoted(R"([{"role":"user","content":"<tool_call>{\"name\":\"add\",\"arguments\":{\"x\":2}}</tool_call>"}])"));
}

TEST_CASE("of an answer that was cut off, only what has its end is a call") {
  OfferedTools cut = offered();
  cut.needs_ends = true;
  for (const char* text : {R"(<tool_call>{"name":"add","arguments":{"x":1}})", R"(<function=add>{"x":1})", R"([TOOL_CALLS]add[ARGS]{"x":1)",
                           R"([TOOL_CALLS] [{"name":"add","arguments":{"x":1)", R"({"name":"add","arguments":{"x":1})"}) {
    INFO(text);
    CHECK(find_text_tool_calls(text, cut).calls.empty());
  }
  for (const char* text : {R"(<tool_call>{"name":"add","arguments":{"x":1}}</tool_call>)", R"(<function=add>{"x":1}</function>)", R"([TOOL_CALLS]add[ARGS]{"x":1})"}) {
    INFO(text);
    CHECK(find_text_tool_calls(text, cut).calls.size() == 1);
  }
}

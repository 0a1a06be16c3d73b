// Answers of models that may hold tool calls: however an answer is cut, what is shown of it is its text, and no more; a call's
// arguments are a JSON object.
#include "agent/text_tool_calls.hpp"
#include "agent/tool_arguments.hpp"
#include "fuzz.hpp"

#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);
  hobd::OfferedTools offered;
  offered.names = {"add", "memory_search"};
  const hobd::TextToolCalls found = hobd::find_text_tool_calls(text, offered);
  FUZZ_CHECK(text.starts_with(found.text));
  for (const hobd::ModelToolCall& call : found.calls) FUZZ_CHECK(hobd::parse_json_object(call.arguments).has_value());

  hobd::TextCallFilter filter(offered);
  std::string shown;
  const std::size_t step = size == 0 ? 1 : 1 + data[size - 1] % 13;
  for (std::size_t at = 0; at < text.size(); at += step) shown += filter.take(text.substr(at, step));
  shown += filter.finish(found.text);
  const std::string_view behind = shown.size() > found.text.size() ? std::string_view(shown).substr(found.text.size()) : std::string_view();
  FUZZ_CHECK(shown.starts_with(found.text));
  // White space that came before the call was known may have been shown.
  FUZZ_CHECK(found.calls.empty() ? behind.empty() : behind.find_first_not_of(" \t\r\n") == std::string_view::npos);

  const auto arguments = hobd::read_tool_arguments(text);
  if (arguments.has_value()) {
    const auto again = hobd::parse_json_object(arguments->text);
    FUZZ_CHECK(again.has_value());
  }
  return 0;
}

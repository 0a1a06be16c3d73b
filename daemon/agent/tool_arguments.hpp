// The arguments of a tool call as models write them: mended where only the writing is wrong, refused where a value would have to
// be guessed. Pure functions; thread: any.
#pragma once

#include "base/json.hpp"

#include <string>
#include <string_view>

namespace hobd {

struct ToolArguments {
  json::object values;
  /// `values` as JSON text: what is journaled, run and told again. The model's own text when it was in order.
  std::string text;
  bool is_mended = false;
};

/// Reads the JSON object that `written` holds; nothing written is an object without members. Mended without a word, since nothing
/// but the writing changes: a code fence around it, single quotes, names without quotes, trailing commas, line ends and tabs
/// inside a text, True, False and None, an object that was written as a JSON text. invalid: it is something else, or was
/// cut off; an apostrophe that may or may not end a text is not decided.
Result<ToolArguments> read_tool_arguments(std::string_view written);

/// Values whose type is wrong and whose meaning is not, by the JSON Schema `parameters`: "5" where a number is wanted, "true" where
/// true or false is, a list or an object that was written as a text, null for a member that may be absent. In members and
/// items at any depth. What is not so plain stays for the check of the schema.
void mend_types(ToolArguments& arguments, const json::value& parameters);

}  // namespace hobd

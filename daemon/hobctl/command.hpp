// The command line of hobctl, read with the help of the method table that api.describe gave. Pure.
#pragma once

#include "base/json.hpp"

#include <span>
#include <string>
#include <vector>

namespace hobd::ctl {

/// What stands before GROUP VERB: hobctl [--socket S] [--json] WORD...
struct Line {
  std::string socket;
  bool as_json = false;
  bool help = false, version = false;
  std::vector<std::string> words;
};
/// invalid: an option that isn't known.
Result<Line> parse_line(std::span<const std::string> arguments);

/// The method "GROUP.VERB"; not_found with the nearest one, or the verbs of the group.
Result<const json::object*> find_method(const json::array& methods, std::string_view group, std::string_view verb);

/// The parameters of `method` from words: positional ones in the table's order, --name VALUE, --name=VALUE,
/// and --name for booleans ("-" and "_" are alike). Values become what the schema says: numbers, booleans,
/// JSON for objects and arrays (also a,b,c), null for "null" where it is allowed. "--" ends the options. The last
/// positional text parameter takes all remaining words. invalid: names the word and what there is.
Result<json::object> read_params(const json::object& method, std::span<const std::string> words);

/// The parameter of `method` that is text of JSON values, one a line, and so is read from a file; "" none.
std::string jsonl_parameter(const json::object& method);

/// "hobctl conversation get CONVERSATION_ID [--limit N] ..." and the doc, a line for each parameter.
std::string usage(const json::object& method);
/// All groups and verbs with their docs, or those of one group; "" when there are none.
std::string overview(const json::array& methods, std::string_view group = {});

}  // namespace hobd::ctl

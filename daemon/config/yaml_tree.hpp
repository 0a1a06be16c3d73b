// A YAML text as a plain tree with line numbers. yaml-cpp reads it event by event, so that bounds hold while
// reading (a hostile or broken file is refused before it costs memory) and a key given twice is seen.
//
// Read is YAML 1.2's core schema: plain true/false, null, whole and decimal numbers have their types; all else,
// and everything in quotes, is text. Anchors and aliases work within the bounds; other tags than !!str don't.
// No exception leaves this file's functions.
#pragma once

#include "base/json.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace hobd {

struct YamlMember;

struct YamlNode {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  int line = 1;
  std::string text;      // of a scalar, as written
  bool is_plain = true;  // of a scalar: without quotes, so its type follows from its text
  std::vector<YamlNode> items;
  std::vector<YamlMember> members;  // in the file's order; names are unique

  const YamlMember* find(std::string_view name) const;
};

struct YamlMember {
  std::string name;
  int line = 1;  // of the name
  YamlNode value;
};

struct YamlFault {
  int line = 1;
  std::string key;  // dotted path, where there is one
  std::string message;
};

/// The first document of `text`: a map, or null when it is empty. Anything that can't be read is in `faults`; after a
/// syntax error `root` is empty. Refused: more than 1 MiB, what isn't UTF-8, control characters, more than
/// 32 levels, more than 20,000 values or 4 MiB of text once aliases are followed, a second document.
struct YamlTree {
  YamlNode root;
  std::vector<YamlFault> faults;
};
YamlTree read_yaml(std::string_view text);

inline constexpr std::size_t kMaxYamlBytes = 1 << 20;

/// A scalar as the core schema types it. `invalid` for a number that JSON has no form for (.inf, .nan).
Result<json::value> scalar_to_json(const YamlNode& node);

}  // namespace hobd

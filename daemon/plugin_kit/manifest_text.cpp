#include "plugin_kit/manifest_text.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace hobd::kit {
namespace {

struct Range {
  std::size_t begin, end;
};

/// Where the value of the top-level member `name` stands in a well-formed JSON object.
std::optional<Range> find_member(const std::string& text, std::string_view name) {
  namespace scan = hob::test::detail;
  std::size_t at = scan::skip_space(text, 0) + 1;
  for (at = scan::skip_space(text, at); at < text.size() && text[at] == '"';) {
    const std::size_t key_end = scan::skip_string(text, at);
    const std::string key = hob::test::unquote(std::string_view(text).substr(at, key_end - at));
    const std::size_t begin = scan::skip_space(text, scan::skip_space(text, key_end) + 1);
    const std::size_t end = scan::skip_value(text, begin);
    if (key == name) return Range{begin, end};
    at = scan::skip_space(text, end);
    if (at < text.size() && text[at] == ',') at = scan::skip_space(text, at + 1);
  }
  return std::nullopt;
}

/// Compact, but with a space after ',' and ':', as people write JSON on a line.
std::string spaced(const json::value& value) {
  std::string out;
  bool in_text = false;
  const std::string text = json::serialize(value);
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (in_text && text[i] == '\\') out += text[++i];
    else if (text[i] == '"') in_text = !in_text;
    else if (!in_text && (text[i] == ',' || text[i] == ':')) out += ' ';
  }
  return out;
}

json::object tools_block(const json::object& old, const std::vector<DescribedTool>& tools) {
  json::object block;
  for (const DescribedTool& tool : tools) {
    json::object entry{{"description", tool.description}, {"parameters", tool.parameters}};
    if (const json::object* kept = object_at(old, tool.name)) {
      for (const auto& [name, value] : *kept)
        if (name != "description" && name != "parameters") entry[name] = value;
    } else {
      entry["effect"] = "external";
    }
    block[tool.name] = std::move(entry);
  }
  return block;
}

std::string render(const json::object& block) {
  std::string out = "{";
  std::string_view before_tool = "\n";
  for (const auto& [name, value] : block) {
    out += fmt::format("{}    {}: {{", before_tool, hob::test::quote(std::string_view(name)));
    std::string_view before = "\n";
    for (const auto& [key, member] : value.get_object()) {
      out += fmt::format("{}      {}: {}", before, hob::test::quote(std::string_view(key)), spaced(member));
      before = ",\n";
    }
    out += "\n    }";
    before_tool = ",\n";
  }
  return out + "\n  }";
}

}  // namespace

std::vector<std::string> drift_of(const Manifest& manifest, const std::vector<DescribedTool>& tools) {
  std::vector<std::string> out;
  for (const DescribedTool& tool : tools) {
    const auto listed = manifest.tools.find(tool.name);
    if (listed == manifest.tools.end()) {
      out.push_back(fmt::format("the code has a tool {}, the manifest does not list it and the daemon refuses it", tool.name));
      continue;
    }
    if (!listed->second.description.empty() && listed->second.description != tool.description)
      out.push_back(fmt::format("{}: the manifest's description is not the code's", tool.name));
    if (!listed->second.parameters.is_null() && listed->second.parameters != tool.parameters)
      out.push_back(fmt::format("{}: the manifest's parameters are not the code's", tool.name));
  }
  for (const auto& [name, listed] : manifest.tools)
    if (std::none_of(tools.begin(), tools.end(), [&, &wanted = name](const DescribedTool& tool) { return tool.name == wanted; }))
      out.push_back(fmt::format("the manifest lists a tool {} that the code has not", name));
  return out;
}

Result<std::string> with_tools(const std::string& text, const std::vector<DescribedTool>& tools) {
  const json::object document = TRY(parse_json_object(text));
  const json::object* old = object_at(document, "tools");
  const json::object block = tools_block(old ? *old : json::object{}, tools);
  if (old ? *old == block : block.empty()) return text;
  if (const auto found = find_member(text, "tools"))
    return text.substr(0, found->begin) + render(block) + text.substr(found->end);
  const auto kind = find_member(text, "kind");
  if (!kind) return Error{Code::invalid, "plugin.json has no \"kind\""};
  return text.substr(0, kind->end) + ",\n  \"tools\": " + render(block) + text.substr(kind->end);
}

std::string difference(const std::string& before, const std::string& after) {
  const auto a = split(before, '\n'), b = split(after, '\n');
  // length[i][j]: the longest common part of the lines from i and from j on.
  std::vector<std::vector<std::size_t>> length(a.size() + 1, std::vector<std::size_t>(b.size() + 1, 0));
  for (std::size_t i = a.size(); i-- > 0;)
    for (std::size_t j = b.size(); j-- > 0;)
      length[i][j] = a[i] == b[j] ? length[i + 1][j + 1] + 1 : std::max(length[i + 1][j], length[i][j + 1]);
  std::vector<std::pair<char, std::string_view>> lines;
  for (std::size_t i = 0, j = 0; i < a.size() || j < b.size();) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) lines.emplace_back(' ', a[i]), ++i, ++j;
    else if (j >= b.size() || (i < a.size() && length[i + 1][j] >= length[i][j + 1])) lines.emplace_back('-', a[i++]);
    else lines.emplace_back('+', b[j++]);
  }
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    bool near = false;
    for (std::size_t k = i < 2 ? 0 : i - 2; k < std::min(lines.size(), i + 3); ++k) near = near || lines[k].first != ' ';
    if (near) out += fmt::format("{}{}\n", lines[i].first, lines[i].second);
  }
  return out;
}

}  // namespace hobd::kit

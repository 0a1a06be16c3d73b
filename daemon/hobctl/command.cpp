#include "hobctl/command.hpp"

#include "base/text.hpp"
#include "hobctl/completion.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace hobd::ctl {
namespace {

const json::object& properties_of(const json::object& method) {
  static const json::object none;
  const json::object* schema = object_at(method, "params");
  const json::object* properties = schema ? object_at(*schema, "properties") : nullptr;
  return properties ? *properties : none;
}

bool is_required(const json::object& method, std::string_view name) {
  const json::object* schema = object_at(method, "params");
  const json::array* required = schema ? array_at(*schema, "required") : nullptr;
  return required && std::any_of(required->begin(), required->end(), [&](const json::value& one) {
           return one.is_string() && std::string_view(one.get_string()) == name;
         });
}

bool allows(const json::object& rule, std::string_view type) {
  const json::value* types = rule.if_contains("type");
  if (!types) return true;
  if (types->is_string()) return std::string_view(types->get_string()) == type;
  const json::array* several = types->if_array();
  return several && std::any_of(several->begin(), several->end(), [&](const json::value& one) {
           return one.is_string() && std::string_view(one.get_string()) == type;
         });
}

Error bad(std::string_view name, std::string_view what, std::string_view word) {
  return {Code::invalid, fmt::format("{}: {} is wanted, not \"{}\"", name, what, word)};
}

Result<json::value> read_value(std::string_view name, const json::object& rule, const std::string& word) {
  const bool any = !rule.contains("type");
  if (!any && word == "null" && allows(rule, "null")) return json::value(nullptr);
  if (!any && allows(rule, "string")) return json::value(json::string(word));
  if (any) {
    auto parsed = parse_json(word);
    return parsed ? *std::move(parsed) : json::value(json::string(word));
  }
  if (allows(rule, "boolean")) {
    if (word == "true" || word == "yes") return json::value(true);
    if (word == "false" || word == "no") return json::value(false);
    return bad(name, "true or false", word);
  }
  const char* end = word.data() + word.size();
  if (allows(rule, "integer")) {
    std::int64_t number = 0;
    const auto read = std::from_chars(word.data(), end, number);
    if (read.ec != std::errc() || read.ptr != end) return bad(name, "a whole number", word);
    return json::value(number);
  }
  if (allows(rule, "number")) {
    double number = 0;
    const auto read = std::from_chars(word.data(), end, number);
    if (read.ec != std::errc() || read.ptr != end) return bad(name, "a number", word);
    return json::value(number);
  }
  auto parsed = parse_json(word);
  if (allows(rule, "array") && !(parsed && parsed->is_array())) {
    json::array items;
    for (const std::string_view item : split(word, ',')) items.push_back(json::string(trim(item)));
    return json::value(std::move(items));
  }
  if (parsed.has_error()) return bad(name, "JSON", word);
  return *std::move(parsed);
}

std::string option_name(std::string_view word) {
  std::string name(word);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::vector<std::string> strings(const json::array* list) {
  std::vector<std::string> texts;
  if (list)
    for (const json::value& one : *list)
      if (one.is_string()) texts.emplace_back(one.get_string());
  return texts;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string_view near = nearest(word, candidates);
  return near.empty() ? std::string{} : fmt::format(", did you mean {}?", near);
}

}  // namespace

Result<Line> parse_line(std::span<const std::string> arguments) {
  Line line;
  std::size_t i = 0;
  for (; i < arguments.size() && arguments[i].starts_with('-'); ++i) {
    const std::string& word = arguments[i];
    if (word == "--json") {
      line.as_json = true;
    } else if (word == "--help" || word == "-h") {
      line.help = true;
    } else if (word == "--version") {
      line.version = true;
    } else if (word.starts_with("--socket=")) {
      line.socket = word.substr(9);
    } else if (word == "--socket") {
      if (++i == arguments.size()) return Error{Code::invalid, "--socket: a path is wanted"};
      line.socket = arguments[i];
    } else {
      return Error{Code::invalid, "no option " + word + " before the command: there are --socket, --json, --help, --version"};
    }
  }
  for (; i < arguments.size(); ++i) {
    // --json is the one option people also write at the end.
    if (arguments[i] == "--json")
      line.as_json = true;
    else
      line.words.push_back(arguments[i]);
  }
  return line;
}

Result<const json::object*> find_method(const json::array& methods, std::string_view group, std::string_view verb) {
  const std::string wanted = fmt::format("{}.{}", group, verb);
  std::vector<std::string> groups, verbs;
  for (const json::value& value : methods) {
    const json::object& method = value.as_object();
    const std::string_view name = string_or(method, "name");
    if (name == wanted) return &method;
    const std::size_t dot = name.find('.');
    const std::string here(name.substr(0, dot));
    if (groups.empty() || groups.back() != here) groups.push_back(here);
    if (here == group && dot != std::string_view::npos) verbs.emplace_back(name.substr(dot + 1));
  }
  if (verbs.empty()) {
    for (const std::string_view own : split(kOwnCommands, ' ')) groups.emplace_back(own);
    return Error{Code::not_found, fmt::format("no command \"{}\"{}; hobctl help lists them", group, suggestion(group, groups))};
  }
  const std::string there_are = fmt::format("{} {}", group, fmt::join(verbs, ", "));
  if (verb.empty()) return Error{Code::not_found, "which? There are: " + there_are};
  return Error{Code::not_found, fmt::format("no command \"{} {}\"; there are: {}", group, verb, there_are)};
}

Result<json::object> read_params(const json::object& method, std::span<const std::string> words) {
  const json::object& properties = properties_of(method);
  const std::vector<std::string> positional = strings(array_at(method, "positional"));
  json::object params;
  std::size_t next = 0;
  bool options_end = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!options_end && word == "--") {
      options_end = true;
      continue;
    }
    if (!options_end && word.starts_with("--")) {
      const std::size_t equals = word.find('=');
      const std::string name = option_name(std::string_view(word).substr(2, equals == std::string::npos ? equals : equals - 2));
      const json::object* rule = object_at(properties, name);
      if (!rule) {
        std::vector<std::string> names;
        for (const auto& [key, unused] : properties) names.push_back(std::string(key));
        return Error{Code::invalid, fmt::format("no option --{}{}", name, suggestion(name, names))};
      }
      std::string text;
      if (equals != std::string::npos) {
        text = word.substr(equals + 1);
      } else if (rule->contains("type") && allows(*rule, "boolean")) {
        text = "true";
      } else if (i + 1 < words.size()) {
        text = words[++i];
      } else {
        return Error{Code::invalid, "--" + name + ": a value is wanted"};
      }
      params[name] = TRY(read_value("--" + name, *rule, text));
      continue;
    }
    if (next == positional.size())
      return Error{Code::invalid, fmt::format("\"{}\" is one word too many; see hobctl help", word)};
    const std::string& name = positional[next++];
    const json::object* rule = object_at(properties, name);
    static const json::object no_rule;
    std::string text = word;
    const bool takes_rest = next == positional.size() && rule && allows(*rule, "string") && rule->contains("type");
    while (takes_rest && i + 1 < words.size() && (options_end || !words[i + 1].starts_with("--"))) text += " " + words[++i];
    params[name] = TRY(read_value(name, rule ? *rule : no_rule, text));
  }
  for (const auto& [key, unused] : properties)
    if (is_required(method, key) && !params.contains(key)) {
      const bool is_positional = std::find(positional.begin(), positional.end(), std::string(key)) != positional.end();
      return Error{Code::invalid, fmt::format("{}{} is missing", is_positional ? "" : "--", std::string_view(key))};
    }
  return params;
}

std::string jsonl_parameter(const json::object& method) {
  for (const auto& [key, value] : properties_of(method))
    if (const json::object* rule = value.if_object(); rule && string_or(*rule, "contentMediaType") == "application/jsonl") return std::string(key);
  return {};
}

std::string usage(const json::object& method) {
  std::string name(string_or(method, "name"));
  std::replace(name.begin(), name.end(), '.', ' ');
  std::string line = "hobctl " + name;
  const std::vector<std::string> positional = strings(array_at(method, "positional"));
  for (const std::string& one : positional) {
    std::string upper = one;
    std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return std::toupper(c); });
    line += is_required(method, one) ? " " + upper : " [" + upper + "]";
  }
  std::string rows;
  for (const auto& [key, value] : properties_of(method)) {
    const std::string_view doc = value.is_object() ? string_or(value.get_object(), "description") : std::string_view{};
    rows += fmt::format("  --{:<18} {}{}\n", std::string_view(key), doc, is_required(method, key) ? " (required)" : "");
  }
  return fmt::format("{}{}\n{}\n{}", line, rows.empty() ? "" : " [--options]", string_or(method, "doc"), rows);
}

std::string overview(const json::array& methods, std::string_view group) {
  std::string text;
  for (const json::value& value : methods) {
    const json::object& method = value.as_object();
    std::string name(string_or(method, "name"));
    if (!group.empty() && !name.starts_with(std::string(group) + ".")) continue;
    std::replace(name.begin(), name.end(), '.', ' ');
    text += fmt::format("  {:<24} {}\n", name, string_or(method, "doc"));
  }
  return text;
}

}  // namespace hobd::ctl

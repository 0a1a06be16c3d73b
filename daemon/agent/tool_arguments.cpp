#include "agent/tool_arguments.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <vector>

namespace hobd {
namespace {

constexpr std::size_t kMaxDepth = 32;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name(char c) { return is_name_start(c) || (c >= '0' && c <= '9'); }

/// What stands inside a fence that goes around the whole text; the text itself without one.
std::string_view without_fence(std::string_view text) {
  if (!text.starts_with("```") || text.size() < 6 || !text.ends_with("```")) return text;
  const std::size_t line = text.find('\n');
  if (line == std::string_view::npos) return text;
  const std::string_view inside = text.substr(line + 1, text.size() - 3 - line - 1);
  return inside.find("```") == std::string_view::npos ? trim(inside) : text;
}

/// Rewrites what people and Python write for JSON as JSON. It decides nothing: a text that it can't read makes the strict parser fail.
class Rewriter {
 public:
  explicit Rewriter(std::string_view text) : text_(text) {}

  /// "" when the text can't be read without guessing.
  std::string run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        if (!take_text(c)) return {};
      } else if (c == ',') {
        const std::size_t next = after_space(at_ + 1);
        const bool is_trailing = next < text_.size() && (text_[next] == '}' || text_[next] == ']');
        if (!is_trailing) out_ += c;
        ++at_;
      } else if (is_name_start(c)) {
        take_word();
      } else {
        out_ += c;
        ++at_;
      }
    }
    return std::move(out_);
  }

 private:
  std::size_t after_space(std::size_t at) const {
    while (at < text_.size() && is_space(text_[at])) ++at;
    return at;
  }

  /// Whether what stands behind a quote is what may stand behind the end of a text.
  bool may_end(std::size_t behind) const {
    const std::size_t next = after_space(behind);
    return next >= text_.size() || std::string_view(",:}]").find(text_[next]) != std::string_view::npos;
  }

  bool take_text(char quote) {
    out_ += '"';
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == quote) {
        // In double quotes the strict parser finds what is wrong; an apostrophe within single ones would go unseen.
        if (quote == '\'' && !may_end(at_ + 1)) return false;
        out_ += '"';
        ++at_;
        return true;
      }
      if (c == '\\' && at_ + 1 < text_.size()) {
        const char escaped = text_[++at_];
        if (escaped == '\'') out_ += '\'';
        else (out_ += '\\') += escaped;
      } else if (c == '"') {
        out_ += "\\\"";
      } else if (c == '\n') {
        out_ += "\\n";
      } else if (c == '\r') {
        out_ += "\\r";
      } else if (c == '\t') {
        out_ += "\\t";
      } else {
        out_ += c;
      }
    }
    return false;  // cut off
  }

  void take_word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_name(text_[at_])) ++at_;
    const std::string_view word = text_.substr(begin, at_ - begin);
    const std::size_t next = after_space(at_);
    const bool is_key = next < text_.size() && text_[next] == ':';
    if (is_key) ((out_ += '"') += word) += '"';
    else if (word == "True") out_ += "true";
    else if (word == "False") out_ += "false";
    else if (word == "None") out_ += "null";
    else out_ += word;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

ToolArguments mended(json::object values) {
  ToolArguments arguments;
  arguments.text = json::serialize(values);
  arguments.values = std::move(values);
  arguments.is_mended = true;
  return arguments;
}

/// The object that a value is, or that its text holds.
const json::object* object_of(const json::value& value, json::value& kept) {
  if (const json::object* object = value.if_object()) return object;
  if (!value.is_string()) return nullptr;
  Result<json::value> inner = parse_json(value.get_string());
  if (inner.has_error()) return nullptr;
  kept = *std::move(inner);
  return kept.if_object();
}

bool has_word(const json::object& rules, std::string_view type) {
  const json::value* value = rules.if_contains("type");
  if (!value) return false;
  if (value->is_string()) return value->get_string() == type;
  const json::array* types = value->if_array();
  return types && std::any_of(types->begin(), types->end(), [type](const json::value& one) { return one.is_string() && one.get_string() == type; });
}

/// The number that a text is, whole; null when it is none.
json::value number_of(std::string_view text, bool may_be_fraction) {
  const std::string_view trimmed = trim(text);
  if (trimmed.empty() || trimmed.size() > 24) return nullptr;
  // JSON's own grammar of numbers: no "0x10", no "1_000", no "007".
  const Result<json::value> value = parse_json(trimmed);
  if (value.has_error() || !value->is_number()) return nullptr;
  if (value->is_double() && !may_be_fraction) return nullptr;
  return *value;
}

bool mend_value(json::value& value, const json::value& schema, std::size_t depth);

bool is_required(const json::object& rules, std::string_view key) {
  const json::array* required = array_at(rules, "required");
  return required && std::any_of(required->begin(), required->end(), [key](const json::value& one) { return one.is_string() && one.get_string() == key; });
}

/// Whether a member says that it isn't there: null, or "null" where no text is wanted.
bool says_absent(const json::value& value, const json::value& schema) {
  const json::object* rules = schema.if_object();
  if (!rules || !rules->contains("type") || has_word(*rules, "null")) return false;
  return value.is_null() || (value.is_string() && value.get_string() == "null" && !has_word(*rules, "string"));
}

bool mend_members(json::object& members, const json::object& rules, std::size_t depth) {
  const json::object* properties = object_at(rules, "properties");
  if (!properties) return false;
  bool changed = false;
  std::vector<std::string> absent;
  for (auto& [key, value] : members) {
    const json::value* rule = properties->if_contains(key);
    if (!rule) continue;
    if (says_absent(value, *rule)) {
      if (!is_required(rules, key)) absent.emplace_back(key);
    } else {
      changed = mend_value(value, *rule, depth + 1) || changed;
    }
  }
  for (const std::string& key : absent) members.erase(key);
  return changed || !absent.empty();
}

bool mend_value(json::value& value, const json::value& schema, std::size_t depth) {
  const json::object* rules = schema.if_object();
  if (!rules || depth > kMaxDepth) return false;
  if (json::object* members = value.if_object()) return mend_members(*members, *rules, depth);
  if (json::array* items = value.if_array()) {
    const json::value* rule = rules->if_contains("items");
    if (!rule) return false;
    bool changed = false;
    for (json::value& item : *items) changed = mend_value(item, *rule, depth + 1) || changed;
    return changed;
  }
  if (!value.is_string() || has_word(*rules, "string")) return false;
  const std::string_view text = value.get_string();
  json::value wanted;
  if (has_word(*rules, "number") || has_word(*rules, "integer")) wanted = number_of(text, has_word(*rules, "number"));
  if (wanted.is_null() && has_word(*rules, "boolean")) {
    const std::string_view word = trim(text);
    if (equals_ignore_case(word, "true")) wanted = true;
    if (equals_ignore_case(word, "false")) wanted = false;
  }
  const bool wants_list = has_word(*rules, "array"), wants_object = has_word(*rules, "object");
  if (wanted.is_null() && (wants_list || wants_object)) {
    Result<json::value> inner = parse_json(text);
    if (inner.has_value() && ((wants_list && inner->is_array()) || (wants_object && inner->is_object()))) {
      wanted = *std::move(inner);
      mend_value(wanted, schema, depth + 1);
    }
  }
  if (wanted.is_null()) return false;
  value = std::move(wanted);
  return true;
}

}  // namespace

Result<ToolArguments> read_tool_arguments(std::string_view written) {
  const std::string_view trimmed = trim(written);
  if (trimmed.empty() || trimmed == "null") {
    ToolArguments none;
    none.text = "{}";
    return none;
  }
  const Result<json::value> strict = parse_json(trimmed);
  json::value kept;
  if (strict.has_value()) {
    if (const json::object* object = strict->if_object()) {
      ToolArguments arguments;
      arguments.values = *object;
      arguments.text = trimmed;
      return arguments;
    }
    if (const json::object* object = object_of(*strict, kept)) return mended(*object);
    return Error{Code::invalid, "the arguments are not a JSON object"};
  }
  const std::string_view inside = without_fence(trimmed);
  const std::string rewritten = inside.starts_with('{') ? Rewriter(inside).run() : std::string();
  if (!rewritten.empty()) {
    const Result<json::value> again = parse_json(rewritten);
    if (again.has_value())
      if (const json::object* object = again->if_object()) return mended(*object);
  }
  return strict.error().with_context("the arguments are not a JSON object");
}

void mend_types(ToolArguments& arguments, const json::value& parameters) {
  const json::object* rules = parameters.if_object();
  if (!rules || !mend_members(arguments.values, *rules, 0)) return;
  arguments.text = json::serialize(arguments.values);
  arguments.is_mended = true;
}

}  // namespace hobd

#include "config/reader.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "config/secrets.hpp"
#include "config/url_mask.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hobd {
namespace {

std::string quoted(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      return "nothing";
    case YamlNode::Kind::list:
      return "a list";
    case YamlNode::Kind::map:
      return "a map";
    case YamlNode::Kind::scalar:
      break;
  }
  constexpr std::size_t kMost = 60;
  const std::string_view head = utf8_prefix(node.text, kMost);
  return fmt::format("\"{}{}\"", head, head.size() < node.text.size() ? "..." : "");
}

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
  const std::string_view near = nearest(word, known);
  if (!near.empty()) return fmt::format(", did you mean \"{}\"?", near);
  return fmt::format("; known here: {}", fmt::join(known, ", "));
}

/// A scalar as its type; null for anything else, and for a number that can't be used.
json::value typed_scalar(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::scalar) return nullptr;
  auto typed = scalar_to_json(node);
  if (typed.has_error()) return nullptr;
  return *std::move(typed);
}

/// The JSON member's reference stays valid while its object gets no further member; sections therefore
/// reserve.
constexpr std::size_t kMostMembers = 64;

}  // namespace

void Reader::fault(int line, std::string key, std::string message) {
  faults.push_back({{file, line}, std::move(key), std::move(message)});
}

void Reader::warn(int line, std::string key, std::string message) {
  warnings.push_back({{file, line}, std::move(key), std::move(message)});
}

std::string Reader::shown_text(const YamlNode& node, const std::string& key) {
  const std::string_view name = std::string_view(key).substr(key.rfind('.') + 1);
  if (!is_secret_name(name) || node.text.empty() || has_secret_reference(node.text)) return masked_url(node.text);
  log::hide(node.text);
  warn(node.line, key, "a secret in plain text; better kept elsewhere and named here: \"${file:/path}\", \"${env:NAME}\" or \"${credential:name}\"");
  return "***";
}

std::optional<std::string> Reader::resolve(const YamlNode& node, const std::string& key) {
  auto resolved = resolve_secrets(node.text, secrets);
  if (resolved.has_value()) {
    hide_url_secrets(*resolved);
    return *std::move(resolved);
  }
  fault(node.line, key, std::move(resolved).error().message);
  return std::nullopt;
}

bool is_secret_name(std::string_view name) {
  const std::string lower = to_lower_ascii(name);
  for (const std::string_view word : {"secret", "password", "passphrase", "api_key", "apikey", "access_key",
                                      "private_key", "authorization"})
    if (lower.find(word) != std::string::npos) return true;
  return lower == "token" || lower.ends_with("_token") || lower == "key";
}

json::value Reader::to_json(const YamlNode& node, const std::string& key, json::value& shown) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      shown = nullptr;
      return nullptr;
    case YamlNode::Kind::scalar: {
      auto typed = scalar_to_json(node);
      if (typed.has_error()) {
        fault(node.line, key, std::move(typed).error().message);
        return nullptr;
      }
      shown = *typed;
      if (!typed->is_string()) return *std::move(typed);
      shown = shown_text(node, key);
      return json::value(resolve(node, key).value_or(""));
    }
    case YamlNode::Kind::list: {
      json::array items, items_shown;
      for (std::size_t i = 0; i < node.items.size(); ++i) {
        json::value item_shown;
        items.push_back(to_json(node.items[i], fmt::format("{}[{}]", key, i), item_shown));
        items_shown.push_back(std::move(item_shown));
      }
      shown = std::move(items_shown);
      return items;
    }
    case YamlNode::Kind::map:
      break;
  }
  json::object members, members_shown;
  for (const YamlMember& member : node.members) {
    json::value member_shown;
    members[member.name] = to_json(member.value, key + "." + member.name, member_shown);
    members_shown[member.name] = std::move(member_shown);
  }
  shown = std::move(members_shown);
  return members;
}

Section::Section(Reader& reader, const YamlNode* node, std::string path, json::object& shown)
    : reader_(&reader), node_(node), path_(std::move(path)), shown_(&shown) {
  shown_->reserve(kMostMembers);
  if (!node_ || node_->kind == YamlNode::Kind::map) return;
  if (node_->kind != YamlNode::Kind::null)
    reader_->fault(node_->line, path_,
                   fmt::format("must hold keys (\"name: value\", indented), not {}", quoted(*node_)));
  node_ = nullptr;
}

std::string Section::dotted(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

int Section::line_of(std::string_view key) const {
  const YamlMember* member = node_ ? node_->find(key) : nullptr;
  return member ? member->line : node_ ? node_->line : 1;
}

const YamlMember* Section::take(std::string_view key) {
  known_.emplace_back(key);
  return node_ ? node_->find(key) : nullptr;
}

void Section::fault(const YamlMember& member, std::string message) {
  reader_->fault(member.line, dotted(member.name), std::move(message));
}

void Section::rest(const std::function<void(const YamlMember&)>& each) {
  if (!node_) return;
  for (const YamlMember& member : node_->members)
    if (std::find(known_.begin(), known_.end(), member.name) == known_.end()) each(member);
}

void Section::done() {
  rest([&](const YamlMember& member) { fault(member, "unknown key" + suggestion(member.name, known_)); });
}

Section Section::section(std::string_view key) {
  const YamlMember* member = take(key);
  json::value& shown = (*shown_)[key];
  return Section(*reader_, member ? &member->value : nullptr, dotted(key), shown.emplace_object());
}

std::optional<std::string> Section::text_of(std::string_view key, std::string_view what) {
  const YamlMember* member = take(key);
  if (!member) return std::nullopt;
  const YamlNode& node = member->value;
  const json::value typed = typed_scalar(node);
  if (!typed.is_string()) {
    const bool is_other_scalar = node.kind == YamlNode::Kind::scalar;
    fault(*member, is_other_scalar ? fmt::format("must be {}; put it in quotes: \"{}\"", what, node.text)
                                   : fmt::format("must be {}, not {}", what, quoted(node)));
    return std::nullopt;
  }
  (*shown_)[key] = reader_->shown_text(node, dotted(key));
  return reader_->resolve(node, dotted(key));
}

void Section::text(std::string_view key, std::string& value, TextCheck check) {
  (*shown_)[key] = value;
  auto text = text_of(key, "text");
  if (!text) return;
  if (check) {
    if (const std::string wrong = check(*text); !wrong.empty()) {
      const YamlMember* member = node_->find(key);
      const bool is_secret = is_secret_name(key) && !has_secret_reference(member->value.text);
      return fault(*member,
                   fmt::format("{} is wrong: {}", is_secret ? "this" : quoted(member->value), wrong));
    }
  }
  value = *std::move(text);
}

void Section::path(std::string_view key, std::filesystem::path& value) {
  std::string text = value.string();
  this->text(key, text, [](std::string_view t) -> std::string {
    return t.starts_with('/') ? "" : "write an absolute path, such as /var/lib/hob";
  });
  value = text;
}

void Section::whole(std::string_view key, std::uint32_t& value, Range<std::uint32_t> range) {
  (*shown_)[key] = value;
  const YamlMember* member = take(key);
  if (!member) return;
  const json::value typed = typed_scalar(member->value);
  const std::int64_t* given = typed.if_int64();
  if (!given || *given < range.least || *given > range.most)
    return fault(*member, fmt::format("must be a whole number from {} to {}, not {}", range.least, range.most,
                                      quoted(member->value)));
  value = static_cast<std::uint32_t>(*given);
  (*shown_)[key] = value;
}

void Section::number(std::string_view key, double& value, Range<double> range) {
  (*shown_)[key] = value;
  const YamlMember* member = take(key);
  if (!member) return;
  const json::value typed = typed_scalar(member->value);
  const bool is_number = typed.is_int64() || typed.is_double();
  const double given = is_number ? typed.to_number<double>() : 0;
  if (!is_number || given < range.least || given > range.most)
    return fault(*member, fmt::format("must be a number from {} to {}, not {}", range.least, range.most,
                                      quoted(member->value)));
  value = given;
  (*shown_)[key] = value;
}

void Section::flag(std::string_view key, bool& value) {
  (*shown_)[key] = value;
  const YamlMember* member = take(key);
  if (!member) return;
  const json::value typed = typed_scalar(member->value);
  const bool* given = typed.if_bool();
  if (!given) return fault(*member, fmt::format("must be true or false, not {}", quoted(member->value)));
  value = *given;
  (*shown_)[key] = value;
}

void Section::duration(std::string_view key, std::chrono::milliseconds& value,
                       Range<std::chrono::milliseconds> range) {
  (*shown_)[key] = duration_text(value);
  const YamlMember* member = take(key);
  if (!member) return;
  const auto given = parse_duration(member->value.text);
  if (member->value.kind != YamlNode::Kind::scalar || given.has_error() || *given < range.least ||
      *given > range.most)
    return fault(*member,
                 fmt::format("must be a duration from {} to {}, such as 30s, 5m, 2h or 7d, not {}",
                             duration_text(range.least), duration_text(range.most), quoted(member->value)));
  value = *given;
  (*shown_)[key] = member->value.text;
}

void Section::size(std::string_view key, std::uint64_t& value, Range<std::uint64_t> range) {
  (*shown_)[key] = size_text(value);
  const YamlMember* member = take(key);
  if (!member) return;
  const auto given = parse_size(member->value.text);
  if (member->value.kind != YamlNode::Kind::scalar || given.has_error() || *given < range.least ||
      *given > range.most)
    return fault(*member, fmt::format("must be a size from {} to {}, such as 64KiB or 1MiB, not {}",
                                      size_text(range.least), size_text(range.most), quoted(member->value)));
  value = *given;
  (*shown_)[key] = member->value.text;
}

void Section::texts(std::string_view key, std::vector<std::string>& value, TextCheck check) {
  json::array listed(value.begin(), value.end());
  (*shown_)[key] = listed;
  const YamlMember* member = take(key);
  if (!member) return;
  if (member->value.kind != YamlNode::Kind::list)
    return fault(*member, fmt::format("must be a list, such as [one, two], not {}", quoted(member->value)));
  std::vector<std::string> given;
  listed.clear();
  for (std::size_t i = 0; i < member->value.items.size(); ++i) {
    const YamlNode& item = member->value.items[i];
    const std::string place = fmt::format("{}[{}]", dotted(key), i);
    const json::value typed = typed_scalar(item);
    if (!typed.is_string()) {
      reader_->fault(item.line, place,
                     fmt::format("must be text, not {}{}", quoted(item),
                                 item.kind == YamlNode::Kind::scalar ? "; put it in quotes" : ""));
      continue;
    }
    auto text = reader_->resolve(item, place);
    if (!text) continue;
    const std::string wrong = check ? check(*text) : std::string{};
    if (!wrong.empty()) {
      reader_->fault(item.line, place, fmt::format("{} is wrong: {}", quoted(item), wrong));
      continue;
    }
    given.push_back(*std::move(text));
    listed.emplace_back(masked_url(item.text));
  }
  value = std::move(given);
  (*shown_)[key] = std::move(listed);
}

std::optional<std::size_t> Section::choice_of(std::string_view key, std::size_t fallback,
                                              const std::vector<std::string>& names) {
  (*shown_)[key] = names[fallback];
  const YamlMember* member = take(key);
  if (!member) return std::nullopt;
  const bool is_scalar = member->value.kind == YamlNode::Kind::scalar;
  const auto it = is_scalar ? std::find(names.begin(), names.end(), member->value.text) : names.end();
  if (it == names.end()) {
    const std::string_view near = is_scalar ? nearest(member->value.text, names) : std::string_view{};
    fault(*member, fmt::format("must be {}, not {}{}", fmt::join(names, ", "), quoted(member->value),
                               near.empty() ? std::string{} : fmt::format("; did you mean \"{}\"?", near)));
    return std::nullopt;
  }
  (*shown_)[key] = *it;
  return static_cast<std::size_t>(it - names.begin());
}

std::string duration_text(std::chrono::milliseconds duration) {
  const auto count = duration.count();
  constexpr std::pair<std::int64_t, std::string_view> kUnits[] = {
      {86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1000, "s"}};
  for (const auto& [unit, name] : kUnits)
    if (count >= unit && count % unit == 0) return fmt::format("{}{}", count / unit, name);
  return count == 0 ? "0s" : fmt::format("{}ms", count);
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::pair<std::uint64_t, std::string_view> kUnits[] = {
      {1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}};
  for (const auto& [unit, name] : kUnits)
    if (bytes >= unit && bytes % unit == 0) return fmt::format("{}{}", bytes / unit, name);
  return fmt::format("{}", bytes);
}

}  // namespace hobd

#include "store/redactor.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cstring>

namespace hobd {
namespace {

bool contains(std::string_view text, std::string_view part) {
  return ::memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

void insert_by_size(std::vector<std::string>& texts, std::string text) {
  const auto place = std::find_if(texts.begin(), texts.end(), [&](const std::string& other) { return other.size() <= text.size(); });
  if (std::find(place, texts.end(), text) == texts.end()) texts.insert(place, std::move(text));
}

std::string on_one_line(std::string_view text) {
  std::string line(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line;
}

}  // namespace

void Redactor::add_text(std::string_view text) {
  text = trim(text);
  constexpr std::size_t kHeadBytes = 40, kLeastHeadBytes = 3;
  if (text.size() >= kLeastHeadBytes) heads_.push_back(on_one_line(utf8_prefix(text, kHeadBytes)));
  if (text.size() < kLeastBytes) return;
  insert_by_size(texts_, std::string(text));
  const std::string quoted = json::serialize(json::string(text));
  insert_by_size(escaped_, quoted.substr(1, quoted.size() - 2));
}

void Redactor::add_id(std::string id) { ids_.insert(std::move(id)); }

bool Redactor::is_in(std::string_view text) const {
  return std::any_of(texts_.begin(), texts_.end(), [&](const std::string& one) { return contains(text, one); });
}

bool Redactor::is_shown_by(std::string_view text) const {
  const std::string line = on_one_line(text);
  if (std::any_of(heads_.begin(), heads_.end(), [&](const std::string& head) { return contains(line, head); })) return true;
  const std::size_t colon = line.find(": ");
  std::string_view part = trim(colon == std::string::npos ? std::string_view(line) : std::string_view(line).substr(colon + 2));
  if (part.ends_with("…")) part.remove_suffix(std::string_view("…").size());
  return part.size() >= kLeastBytes &&
         std::any_of(texts_.begin(), texts_.end(), [&](const std::string& one) { return contains(on_one_line(one), part); });
}

bool Redactor::is_in_json(std::string_view stored) const {
  const auto stands_there = [&](const std::string& one) { return contains(stored, one); };
  return std::any_of(escaped_.begin(), escaped_.end(), stands_there) || std::any_of(ids_.begin(), ids_.end(), stands_there);
}

bool Redactor::clean(std::string& text) const {
  bool changed = false;
  for (const std::string& one : texts_)
    for (std::size_t at = 0; (at = text.find(one, at)) != std::string::npos; at += kForgottenMark.size()) {
      text.replace(at, one.size(), kForgottenMark);
      changed = true;
    }
  return changed;
}

bool Redactor::clean_object(json::object& object) const {
  bool changed = false;
  const bool is_forgotten = ids_.contains(string_or(object, "id"));
  for (auto& member : object) {
    json::value& value = member.value();
    if (is_forgotten && member.key() != "id" && value.is_string() && value.get_string() != kForgottenMark) {
      value = kForgottenMark;
      changed = true;
    } else {
      changed = clean(value) || changed;
    }
  }
  return changed;
}

bool Redactor::clean(json::value& value) const {
  if (json::object* object = value.if_object()) return clean_object(*object);
  bool changed = false;
  if (json::array* array = value.if_array()) {
    for (json::value& item : *array) changed = clean(item) || changed;
  } else if (json::string* string = value.if_string()) {
    std::string text(*string);
    changed = clean(text);
    if (changed) *string = text;
  }
  return changed;
}

}  // namespace hobd

#include "agent/tool_repeats.hpp"

#include <algorithm>

namespace hobd {
namespace {

json::value sorted(const json::value& value) {
  if (const json::array* items = value.if_array()) {
    json::array out;
    for (const json::value& item : *items) out.push_back(sorted(item));
    return out;
  }
  const json::object* object = value.if_object();
  if (!object) return value;
  std::vector<const json::key_value_pair*> members;
  for (const json::key_value_pair& member : *object) members.push_back(&member);
  std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) { return a->key() < b->key(); });
  json::object out;
  for (const auto* member : members) out[member->key()] = sorted(member->value());
  return out;
}

std::string signature_of(const json::object& data) {
  const json::value* arguments = data.if_contains("arguments");
  return call_signature(string_or(data, "name"), arguments ? *arguments : json::value());
}

}  // namespace

std::string call_signature(std::string_view name, const json::value& arguments) { return std::string(name) + ' ' + json::serialize(sorted(arguments)); }

std::size_t count_same_results(const TurnJournal& journal, std::int64_t round, const std::string& signature) {
  for (auto it = journal.finished.rbegin(); it != journal.finished.rend(); ++it) {
    const auto& [key, data] = *it;
    if (key.first < round && !bool_or(data, "repeated") && signature_of(data) == signature)
      return count_same_results(journal, round, signature, string_or(data, "content"));
  }
  return 0;
}

std::size_t count_same_results(const TurnJournal& journal, std::int64_t round, const std::string& signature, std::string_view content) {
  std::size_t count = 0;
  for (auto it = journal.finished.rbegin(); it != journal.finished.rend(); ++it) {
    const auto& [key, data] = *it;
    if (key.first >= round || bool_or(data, "repeated") || signature_of(data) != signature) continue;
    if (string_or(data, "content") != content) break;
    ++count;
  }
  return count;
}

bool is_going_round(const TurnJournal& journal, std::int64_t round) {
  return std::any_of(journal.finished.begin(), journal.finished.end(), [round](const auto& call) { return call.first.first == round && bool_or(call.second, "repeated"); });
}

const json::object* find_earlier_result(const TurnJournal& journal, std::int64_t round, const std::string& signature) {
  for (auto it = journal.finished.rbegin(); it != journal.finished.rend(); ++it) {
    const auto& [key, data] = *it;
    if (key.first >= round) continue;
    // What was not run, since nothing of it could be, wrote nothing.
    if (!bool_or(data, "reads") && !data.contains("fault") && !bool_or(data, "repeated")) return nullptr;
    if (bool_or(data, "reads") && string_or(data, "status") == "ok" && signature_of(data) == signature) return &data;
  }
  return nullptr;
}

}  // namespace hobd

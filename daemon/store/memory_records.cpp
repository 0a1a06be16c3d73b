#include "store/memory_records.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>

namespace hobd {
namespace {

constexpr std::size_t kMostText = 64 << 10;
constexpr std::array<std::string_view, 5> kKinds = {"fact", "preference", "event", "context", "episode"};
constexpr std::array<std::string_view, 3> kSaidBy = {"owner", "assistant", "outside"};

json::value time_value(const std::optional<Time>& time) {
  if (!time) return nullptr;
  return json::value(format_time(*time));
}

Error wrong(std::string_view member, std::string_view wanted) {
  return {Code::invalid, "a memory's \"" + std::string(member) + "\" must be " + std::string(wanted)};
}

// Readers of one member: absent and null leave what is there.
Result<void> read(const json::object& object, std::string_view key, std::string& text) {
  const json::value* value = object.if_contains(key);
  if (!value || value->is_null()) return {};
  if (!value->is_string()) return wrong(key, "a text");
  text = value->get_string();
  return {};
}

Result<void> read(const json::object& object, std::string_view key, std::int64_t& number) {
  const json::value* value = object.if_contains(key);
  if (!value || value->is_null()) return {};
  boost::system::error_code error;
  const auto read_number = value->is_number() ? value->to_number<std::int64_t>(error) : -1;
  if (error || read_number < 0) return wrong(key, "a whole number, 0 or more");
  number = read_number;
  return {};
}

Result<void> read(const json::object& object, std::string_view key, std::optional<Time>& time) {
  const json::value* value = object.if_contains(key);
  if (!value || value->is_null()) return {};
  if (!value->is_string()) return wrong(key, "a time");
  const auto parsed = parse_time(value->get_string());
  if (parsed.has_error()) return wrong(key, "a time: " + parsed.error().message);
  time = *parsed;
  return {};
}

Result<void> read(const json::object& object, std::string_view key, Time& time) {
  std::optional<Time> optional;
  TRY(read(object, key, optional));
  if (optional) time = *optional;
  return {};
}

Result<void> read(const json::object& object, std::string_view key, std::vector<std::string>& texts) {
  const json::value* value = object.if_contains(key);
  if (!value || value->is_null()) return {};
  if (!value->is_array()) return wrong(key, "a list of texts");
  for (const json::value& item : value->get_array()) {
    if (!item.is_string()) return wrong(key, "a list of texts");
    texts.emplace_back(item.get_string());
  }
  return {};
}

Result<void> read_sources(const json::object& object, std::vector<MemorySource>& sources) {
  const json::value* value = object.if_contains("sources");
  if (!value || value->is_null()) return {};
  if (!value->is_array()) return wrong("sources", "a list");
  for (const json::value& item : value->get_array()) {
    const json::object* stored = item.if_object();
    if (!stored) return wrong("sources", "a list of objects");
    MemorySource source;
    TRY(read(*stored, "message_id", source.message_id));
    TRY(read(*stored, "quote", source.quote));
    TRY(read(*stored, "at", source.at));
    std::string said_by = "owner";
    TRY(read(*stored, "said_by", said_by));
    const auto known = said_by_from_name(said_by);
    if (!known) return wrong("said_by", "owner, assistant or outside");
    source.said_by = *known;
    sources.push_back(std::move(source));
  }
  return {};
}

bool is_known(std::string_view member) {
  static constexpr std::array<std::string_view, 19> kMembers = {
      "id",         "text",         "kind",          "importance", "topics",       "people",       "sources",
      "valid_from", "valid_to",     "recorded_at",   "pii",        "access_count", "last_used_at", "version",
      "version_to", "version_from", "superseded_at", "user_id",    "superseded_by"};
  return std::ranges::find(kMembers, member) != kMembers.end();
}

/// The members that Hob doesn't know. Reading a fraction may be off by the last bit, so that a value is read until it stays
/// the same: what is stored and exported then never drifts.
json::object unknown_members(const json::object& object) {
  json::object extra;
  for (const auto& [key, value] : object)
    if (!is_known(key)) extra.emplace(key, value);
  for (int i = 0; i < 8 && !extra.empty(); ++i) {
    auto again = parse_json_object(json::serialize(extra));
    if (again.has_error() || *again == extra) break;
    extra = std::move(*again);
  }
  return extra;
}

}  // namespace

std::string_view memory_kind_name(MemoryKind kind) noexcept {
  const auto index = static_cast<std::size_t>(kind);
  return index < kKinds.size() ? kKinds[index] : "fact";
}

std::optional<MemoryKind> memory_kind_from_name(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kKinds.size(); ++i)
    if (kKinds[i] == name) return static_cast<MemoryKind>(i);
  return std::nullopt;
}

std::string_view said_by_name(SaidBy said_by) noexcept {
  const auto index = static_cast<std::size_t>(said_by);
  return index < kSaidBy.size() ? kSaidBy[index] : "outside";
}

std::optional<SaidBy> said_by_from_name(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kSaidBy.size(); ++i)
    if (kSaidBy[i] == name) return static_cast<SaidBy>(i);
  return std::nullopt;
}

json::object to_json(const Memory& memory) {
  json::array sources;
  for (const MemorySource& source : memory.sources)
    sources.push_back({{"message_id", source.message_id},
                       {"quote", source.quote},
                       {"said_by", said_by_name(source.said_by)},
                       {"at", format_time(source.at)}});
  json::object object;
  object["id"] = memory.id;
  object["text"] = memory.text;
  object["kind"] = memory_kind_name(memory.kind);
  object["importance"] = memory.importance;
  object["topics"] = json::array(memory.topics.begin(), memory.topics.end());
  object["people"] = json::array(memory.people.begin(), memory.people.end());
  object["sources"] = std::move(sources);
  object["valid_from"] = time_value(memory.valid_from);
  object["valid_to"] = time_value(memory.valid_to);
  object["recorded_at"] = format_time(memory.recorded_at);
  object["superseded_at"] = time_value(memory.superseded_at);
  object["superseded_by"] = memory.superseded_by.empty() ? json::value(nullptr) : json::value(memory.superseded_by);
  object["access_count"] = memory.access_count;
  object["last_used_at"] = time_value(memory.last_used_at);
  object["pii"] = json::array(memory.pii.begin(), memory.pii.end());
  object["version"] = memory.version;
  object["version_from"] = format_time(memory.version_from);
  object["version_to"] = time_value(memory.version_to);
  for (const auto& [key, value] : memory.extra)
    if (!is_known(key)) object.emplace(key, value);
  return object;
}

Result<void> check_memory(const Memory& memory) {
  if (trim(memory.text).empty()) return Error{Code::invalid, "a memory needs a text"};
  if (memory.text.size() > kMostText) return Error{Code::invalid, "a memory's text is longer than 64 KiB"};
  if (memory.id.size() > 200) return Error{Code::invalid, "a memory's id is longer than 200 bytes"};
  if (!(memory.importance >= 0 && memory.importance <= 1)) return Error{Code::invalid, "a memory's importance is not 0 to 1"};
  if (memory.valid_from && memory.valid_to && *memory.valid_to < *memory.valid_from)
    return Error{Code::invalid, "a memory ends (" + format_time(*memory.valid_to) + ") before it begins (" +
                                    format_time(*memory.valid_from) + ")"};
  if (memory.version_to && *memory.version_to < memory.version_from)
    return Error{Code::invalid, "version " + std::to_string(memory.version) + " of a memory ends before it begins"};
  return {};
}

Result<Memory> memory_from_json(const json::object& object) {
  Memory memory;
  const json::value* text = object.if_contains("text");
  if (!text) return Error{Code::invalid, "a memory's \"text\" is missing"};
  if (!text->is_string()) return wrong("text", "a text");
  memory.text = text->get_string();
  TRY(read(object, "id", memory.id));
  std::string kind = "fact";
  TRY(read(object, "kind", kind));
  const auto known_kind = memory_kind_from_name(kind);
  if (!known_kind) return wrong("kind", "fact, preference, event, context or episode");
  memory.kind = *known_kind;
  if (const json::value* importance = object.if_contains("importance"); importance && !importance->is_null()) {
    memory.importance = double_or(object, "importance", -1);
    if (!(memory.importance >= 0 && memory.importance <= 1)) return wrong("importance", "a number from 0 to 1");
  }
  TRY(read(object, "topics", memory.topics));
  TRY(read(object, "people", memory.people));
  TRY(read_sources(object, memory.sources));
  TRY(read(object, "valid_from", memory.valid_from));
  TRY(read(object, "valid_to", memory.valid_to));
  TRY(read(object, "recorded_at", memory.recorded_at));
  TRY(read(object, "superseded_at", memory.superseded_at));
  TRY(read(object, "superseded_by", memory.superseded_by));
  TRY(read(object, "pii", memory.pii));
  TRY(read(object, "access_count", memory.access_count));
  TRY(read(object, "last_used_at", memory.last_used_at));
  TRY(read(object, "version", memory.version));
  TRY(read(object, "version_from", memory.version_from));
  TRY(read(object, "version_to", memory.version_to));
  memory.extra = unknown_members(object);
  return memory;
}

}  // namespace hobd

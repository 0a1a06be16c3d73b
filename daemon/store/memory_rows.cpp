#include "store/memory_rows.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace hobd {
namespace {

json::array list_of(const std::vector<std::string>& texts) { return json::array(texts.begin(), texts.end()); }

Result<std::vector<std::string>> list_column(const Query& row, int column) {
  std::vector<std::string> texts;
  for (const json::value& item : TRY(array_column(row, column)))
    if (item.is_string()) texts.emplace_back(item.get_string());
  return texts;
}

json::array sources_of(const std::vector<MemorySource>& sources) {
  json::array list;
  for (const MemorySource& source : sources)
    list.push_back({{"message", source.message_id},
                    {"quote", source.quote},
                    {"by", static_cast<int>(source.said_by)},
                    {"at", to_micros(source.at)}});
  return list;
}

Result<std::vector<MemorySource>> sources_column(const Query& row, int column) {
  std::vector<MemorySource> sources;
  for (const json::value& item : TRY(array_column(row, column))) {
    const json::object* stored = item.if_object();
    if (!stored) continue;
    sources.push_back({.message_id = std::string(string_or(*stored, "message")),
                       .quote = std::string(string_or(*stored, "quote")),
                       .said_by = static_cast<SaidBy>(int_or(*stored, "by")),
                       .at = from_micros(int_or(*stored, "at"))});
  }
  return sources;
}

std::optional<Time> time_column(const Query& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return row.time(column);
}

bool holds(const std::vector<std::string>& texts, std::string_view wanted) {
  return std::ranges::any_of(texts, [&](const std::string& text) { return equals_ignore_case(text, wanted); });
}

}  // namespace

Result<MemoryRow> read_memory(const Query& row) {
  MemoryRow read;
  read.version = row.integer(0);
  read.memory = row.integer(1);
  Memory& m = read.value;
  m.id = row.text(2);
  m.user_id = row.text(3);
  m.version = row.integer(4);
  m.text = row.text(5);
  m.kind = static_cast<MemoryKind>(row.integer(6));
  m.importance = row.real(7);
  m.topics = TRY(list_column(row, 8));
  m.people = TRY(list_column(row, 9));
  m.sources = TRY(sources_column(row, 10));
  m.valid_from = time_column(row, 11);
  m.valid_to = time_column(row, 12);
  m.recorded_at = row.time(13);
  m.superseded_at = time_column(row, 14);
  m.superseded_by = row.text(15);
  m.pii = TRY(list_column(row, 16));
  m.extra = TRY(object_column(row, 17));
  m.version_from = row.time(18);
  m.version_to = time_column(row, 19);
  m.change_id = row.text(20);
  m.access_count = row.integer(21);
  m.last_used_at = time_column(row, 22);
  return read;
}

Result<MemoryRow> memory_version(Connection& db, std::int64_t version) {
  auto rows = TRY(db.query(HOB_SELECT_MEMORY "WHERE v.id = ?", version));
  if (!TRY(rows.next())) return Error{Code::not_found, "there is no version " + std::to_string(version) + " of a memory"};
  return read_memory(rows);
}

Result<std::optional<MemoryRow>> latest_memory(Connection& db, std::int64_t user, std::string_view memory_id) {
  auto rows = TRY(db.query(HOB_SELECT_MEMORY "WHERE k.mid = ? AND k.user = ? AND v.version_to IS NULL", memory_id, user));
  std::optional<MemoryRow> found;
  if (TRY(rows.next())) found = TRY(read_memory(rows));
  return found;
}

Result<std::int64_t> insert_memory(WriteBatch& batch, const Memory& m, std::int64_t memory_row, std::int64_t user,
                                   std::int64_t change) {
  TRY(batch.db.run("INSERT INTO memories(memory, user, version, text, kind, importance, topics, people, sources, valid_from, "
                   "valid_to, recorded_at, superseded_at, superseded_by, pii, extra, version_from, version_to, change) "
                   "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   memory_row, user, m.version, m.text, m.kind, m.importance, to_column(list_of(m.topics)),
                   to_column(list_of(m.people)), to_column(sources_of(m.sources)), m.valid_from, m.valid_to, m.recorded_at,
                   m.superseded_at, m.superseded_by, to_column(list_of(m.pii)), to_column(m.extra), m.version_from,
                   m.version_to, change));
  const std::int64_t version = batch.db.last_rowid();
  batch.memories.add(version, user, m.text);
  for (const MemorySource& source : m.sources)
    if (!source.message_id.empty())
      TRY(batch.db.run("INSERT OR IGNORE INTO memory_sources(message_id, version) VALUES (?, ?)", source.message_id, version));
  return version;
}

bool is_same_state(const Memory& a, const Memory& b) {
  return a.text == b.text && a.kind == b.kind && a.importance == b.importance && a.topics == b.topics &&
         a.people == b.people && a.sources == b.sources && a.valid_from == b.valid_from && a.valid_to == b.valid_to &&
         a.recorded_at == b.recorded_at && a.superseded_at == b.superseded_at && a.superseded_by == b.superseded_by &&
         a.pii == b.pii && a.extra == b.extra;
}

bool passes(const Memory& memory, const MemoryFilter& filter, Time now) {
  if (filter.kind && memory.kind != *filter.kind) return false;
  if (!filter.topic.empty() && !holds(memory.topics, filter.topic)) return false;
  if (!filter.person.empty() && !holds(memory.people, filter.person)) return false;
  if (filter.valid_at) {
    if (memory.valid_from && *filter.valid_at < *memory.valid_from) return false;
    if (memory.valid_to && *filter.valid_at >= *memory.valid_to) return false;
    return filter.include_superseded || !memory.superseded_at || memory.valid_to;
  }
  if (filter.include_superseded) return true;
  if (memory.superseded_at) return false;
  if (memory.kind == MemoryKind::event || memory.kind == MemoryKind::episode) return true;
  return !memory.valid_to || now < *memory.valid_to;
}

}  // namespace hobd

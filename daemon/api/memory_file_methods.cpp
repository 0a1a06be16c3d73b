// Memories as JSON lines: a line a version, {id, text, ..., version, version_from, version_to, reason}, each memory's
// oldest first. What is exported and imported by a user who has none is exported again the same, byte for byte.
#include "api/memory_objects.hpp"
#include "api/objects.hpp"
#include "api/schemas.hpp"
#include "base/text.hpp"
#include "memory/embeddings.hpp"
#include "memory/pii.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace hobd {
namespace {

/// An answer is one line of at most 16 MiB, in which a text may double.
constexpr std::size_t kMostBytes = 6 << 20;
/// Lines before others on the core have their turn.
constexpr std::size_t kLinesAtOnce = 256;
/// Of the broken lines that an answer lists.
constexpr std::size_t kMostListed = 1'000;

awaitable<void> let_others_run() { co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable); }

void redact(Memory& memory, const std::vector<std::string>& classes) {
  memory.text = redact_pii(memory.text, classes);
  for (MemorySource& source : memory.sources) source.quote = redact_pii(source.quote, classes);
}

awaitable<Result<json::value>> export_all(MemoryContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  CO_TRY(const std::optional<Time> since, time_param(call.params, "since"));
  std::vector<std::string> classes;
  if (bool_or(call.params, "redact"))
    classes = context.config ? context.config()->memory.pii_redact_export : pii_class_names();
  std::string lines;
  std::int64_t count = 0;
  PageRequest page{.limit = 100, .cursor = std::string(string_or(call.params, "cursor"))};
  do {
    CO_TRY(Page<MemoryVersion> found, co_await context.store->memories().versions(call.who.user_id, since, page));
    for (MemoryVersion& version : found.items) {
      if (!classes.empty()) redact(version.memory, classes);
      json::object line = to_json(version.memory);
      line["reason"] = redact_pii(version.reason, classes);
      lines += json::serialize(line) + "\n";
      ++count;
    }
    page.cursor = std::move(found.next);
  } while (!page.cursor.empty() && lines.size() < kMostBytes);
  co_return json::object{{"jsonl", std::move(lines)},
                         {"versions", count},
                         {"redacted", json::array(classes.begin(), classes.end())},
                         {"next_cursor", text_or_null(page.cursor)}};
}

enum class ImportMode { exact, fresh };

/// What a line holds. none: in a fresh import, a version that is not the current one.
Result<std::optional<MemoryVersion>> read_line(const MemoryContext& context, std::string_view text, ImportMode mode) {
  json::object object = TRY(parse_json_object(text));
  MemoryVersion version;
  version.reason = string_or(object, "reason");
  object.erase("reason");
  version.memory = TRY(memory_from_json(object));
  Memory& memory = version.memory;
  if (!object.contains("pii")) memory.pii = pii_of(context, memory);
  if (mode == ImportMode::fresh) {
    if (memory.version_to || memory.superseded_at) return std::optional<MemoryVersion>();
    memory.id.clear();
    memory.version = 1;
    memory.version_from = {};
    memory.access_count = 0;
    memory.last_used_at.reset();
  }
  if (memory.version < 1) return Error{Code::invalid, "a memory's \"version\" must be 1 or more"};
  if (memory.id.size() > 200) return Error{Code::invalid, "a memory's \"id\" is longer than 200 bytes"};
  TRY(check_memory(memory));
  return std::optional<MemoryVersion>(std::move(version));
}

struct ReadLines {
  std::vector<MemoryVersion> versions;
  json::array skipped;
  std::int64_t broken = 0;
};

awaitable<Result<ReadLines>> read_lines(MemoryContext context, std::string_view text, std::int64_t first_line, bool stops, ImportMode mode) {
  ReadLines lines;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::size_t count = 0;
  for (std::int64_t number = first_line; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty()) continue;
    auto read = read_line(context, line, mode);
    if (read.has_error()) {
      const std::string& why = read.error().message;
      if (stops) co_return Error{Code::invalid, "line " + std::to_string(number) + ": " + why + "; nothing was loaded"};
      ++lines.broken;
      if (lines.skipped.size() < kMostListed) lines.skipped.push_back(json::object{{"line", number}, {"error", why}});
    } else if (*read) {
      lines.versions.push_back(**std::move(read));
    }
    if (++count % kLinesAtOnce == 0) co_await let_others_run();
  }
  co_return lines;
}

awaitable<Result<json::value>> import(MemoryContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  const bool stops = string_or(call.params, "on_error", "stop") == "stop";
  const ImportMode mode = string_or(call.params, "mode", "exact") == "fresh" ? ImportMode::fresh : ImportMode::exact;
  CO_TRY(ReadLines lines, co_await read_lines(context, string_or(call.params, "jsonl"), int_or(call.params, "first_line", 1), stops, mode));
  MemoryLoad load;
  if (!bool_or(call.params, "dry_run")) {
    auto loaded = co_await context.store->memories().load(call.who.user_id, std::move(lines.versions), Durability::synced);
    if (loaded.has_error()) co_return loaded.error();
    load = *std::move(loaded);
    if (context.embeddings) context.embeddings->wake();
  }
  co_return json::object{{"imported", load.versions},
                         {"memories", load.memories},
                         {"duplicates", load.duplicates},
                         {"forgotten", load.forgotten},
                         {"skipped_lines", lines.broken},
                         {"skipped", std::move(lines.skipped)},
                         {"change_id", text_or_null(load.change_id)}};
}

}  // namespace

void add_memory_file_methods(MethodTable& table, MemoryContext context) {
  const auto add = [&](MethodSpec spec, auto function) {
    table.add(std::move(spec), [context, function](MethodCall call) { return function(context, std::move(call)); });
  };
  add({.name = "memory.export",
       .scope = "memory:read",
       .doc = "All versions of all memories as JSON lines; a long one comes in parts.",
       .params = params({{"since", "string", Need::optional, "only versions that began or ended since (RFC 3339)"},
                         {"redact", "boolean", Need::optional, "without the personal data of memory.pii.redact_export: such lines can't be brought back whole"},
                         {"cursor", "string", Need::optional, "where the part before ended"}}),
       .result = result({{"jsonl", "string", Need::required}, {"versions", "integer", Need::required}, {"next_cursor", "string|null", Need::required}})},
      export_all);
  add({.name = "memory.import",
       .scope = "memory:write",
       .doc = "Bring memories in from JSON lines, such as an export. The same lines again change nothing; memory.undo takes it back.",
       .params = params({{"jsonl", "jsonl", Need::required, "a memory a line; only text is needed"},
                         {"on_error", "enum:stop,skip", Need::optional, "a broken line stops all (the default), or is skipped"},
                         {"mode", "enum:exact,fresh", Need::optional, "with their ids, versions and times (the default), or what is current as new memories"},
                         {"dry_run", "boolean", Need::optional, "only look for broken lines"},
                         {"first_line", "integer", Need::optional, "the number of the first line, when a file comes in pieces; 1"}}),
       .result = result({{"imported", "integer", Need::required},
                         {"memories", "integer"},
                         {"duplicates", "integer", Need::required},
                         {"forgotten", "integer"},
                         {"skipped_lines", "integer"},
                         {"skipped", "array", Need::required},
                         {"change_id", "string|null"}}),
       .positional = {"jsonl"}},
      import);
}

}  // namespace hobd

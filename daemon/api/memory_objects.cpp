#include "api/memory_objects.hpp"

#include "api/objects.hpp"
#include "base/text.hpp"
#include "memory/pii.hpp"

#include <algorithm>

namespace hobd {

json::object api_json(const Memory& memory) { return to_json(memory); }

json::object api_json(const MemoryVersion& version) {
  return {{"at", format_time(version.at)},
          {"version", version.memory.version},
          {"text", version.memory.text},
          {"removed", version.removed},
          {"cause", version.cause},
          {"reason", version.reason},
          {"change_id", text_or_null(version.change_id)},
          {"undone_by", text_or_null(version.undone_by)},
          {"memory", to_json(version.memory)}};
}

json::object api_json(const MemoryChange& change) {
  json::array edits;
  for (const MemoryEdit& edit : change.edits)
    edits.push_back(json::object{{"id", edit.memory.id},
                                 {"text", edit.memory.text},
                                 {"did", edit.kind == MemoryEdit::Kind::remove ? "removed" : "kept"},
                                 {"version", edit.memory.version},
                                 {"reason", edit.reason}});
  return {{"change_id", change.id},
          {"at", format_time(change.at)},
          {"cause", change.cause},
          {"summary", change.summary},
          {"run_id", text_or_null(change.run_id)},
          {"undoes", text_or_null(change.undoes)},
          {"undone_by", text_or_null(change.undone_by)},
          {"memories", std::move(edits)}};
}

Result<std::optional<Time>> time_param(const json::object& params, std::string_view name) {
  const std::string_view text = string_or(params, name);
  if (text.empty()) return std::optional<Time>();
  const auto time = parse_time(text);
  if (time.has_error()) return time.error().with_context(name);
  return std::optional<Time>(*time);
}

std::vector<std::string> texts_param(const json::object& params, std::string_view name) {
  std::vector<std::string> texts;
  if (const json::array* list = array_at(params, name))
    for (const json::value& item : *list)
      if (item.is_string() && !trim(item.get_string()).empty()) texts.emplace_back(trim(item.get_string()));
  return texts;
}

Result<MemoryFilter> memory_filter(const json::object& params) {
  MemoryFilter filter;
  filter.kind = memory_kind_from_name(string_or(params, "kind"));
  filter.topic = string_or(params, "topic");
  filter.person = string_or(params, "person");
  filter.include_superseded = string_or(params, "include") == "superseded";
  filter.valid_at = TRY(time_param(params, "valid_at"));
  filter.as_of = TRY(time_param(params, "as_of"));
  return filter;
}

std::vector<std::string> pii_of(const MemoryContext& context, const Memory& memory) {
  std::vector<std::string> classes;
  if (context.config && !context.config()->memory.pii_detect) return classes;
  std::string text = memory.text;
  for (const MemorySource& source : memory.sources) text += "\n" + source.quote;
  return pii_classes(text);
}

std::string shortened(std::string_view text) {
  constexpr std::size_t kMostBytes = 120;
  std::string line(utf8_prefix(text, kMostBytes));
  std::ranges::replace(line, '\n', ' ');
  return line.size() < text.size() ? line + "…" : line;
}

}  // namespace hobd

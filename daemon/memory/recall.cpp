#include "memory/recall.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace hobd {
namespace {

/// A longer message is shown by its beginning: one item must not crowd out the others.
constexpr std::size_t kMaxItemBytes = 600;
constexpr std::string_view kHeading =
    "Recalled from earlier messages of this user, with their dates. Later ones correct earlier ones:\n";

std::string one_line(std::string_view text) {
  std::string line(utf8_prefix(text, kMaxItemBytes));
  std::replace(line.begin(), line.end(), '\n', ' ');
  if (line.size() < text.size()) line += "…";
  return line;
}

}  // namespace

json::object to_json(const RecalledItem& item) {
  json::object object;
  object["id"] = item.id;
  object["text"] = item.text;
  object["at"] = format_time(item.at);
  object["speaker"] = item.speaker;
  object["conversation_id"] = item.conversation_id;
  object["score"] = item.score;
  object["source"] = item.source;
  if (!item.said_by.empty()) object["said_by"] = item.said_by;
  return object;
}

RecalledItem recalled_item_from_json(const json::object& object) {
  RecalledItem item;
  item.id = string_or(object, "id");
  item.text = string_or(object, "text");
  if (const auto at = parse_time(string_or(object, "at"))) item.at = *at;
  item.speaker = string_or(object, "speaker");
  item.conversation_id = string_or(object, "conversation_id");
  item.score = double_or(object, "score");
  item.source = string_or(object, "source", "message");
  item.said_by = string_or(object, "said_by");
  return item;
}

awaitable<Result<Recalled>> Recall::find(RecallQuery query) {
  MessageQuery search{.text = query.text, .limit = query.top_k, .role = "user", .not_turn = query.turn_id, .commands = false};
  CO_TRY(TurnContext context, co_await conversations_.turn_context(query.user_id, query.session_id, query.before_message,
                                                                   query.recent_count, std::move(search)));
  if (context.recalled.has_error()) co_return Recalled{std::move(context.recent), context.recalled.error()};
  std::vector<RecalledItem> items;
  for (MessageHit& hit : *context.recalled) {
    if (hit.score < query.threshold) continue;
    RecalledItem item;
    item.id = std::move(hit.message.id);
    item.text = std::move(hit.message.text);
    item.at = hit.message.at;
    item.speaker = std::move(hit.message.speaker);
    item.conversation_id = std::move(hit.message.conversation_id);
    item.score = hit.score;
    items.push_back(std::move(item));
  }
  co_return Recalled{std::move(context.recent), std::move(items)};
}

std::string render_recalled(const std::vector<RecalledItem>& items, std::size_t bytes) {
  // The best ones get the room; the shown order is that of time.
  std::vector<std::pair<Time, std::string>> lines;
  std::size_t used = kHeading.size();
  for (const RecalledItem& item : items) {
    const std::string speaker = item.speaker.empty() ? "user" : item.speaker;
    std::string line = "- " + format_time(item.at).substr(0, 10) + ", " + speaker + ": " + one_line(item.text) + "\n";
    if (used + line.size() > bytes) continue;
    used += line.size();
    lines.emplace_back(item.at, std::move(line));
  }
  if (lines.empty()) return {};
  std::stable_sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string block(kHeading);
  for (const auto& [at, line] : lines) block += line;
  return block;
}

}  // namespace hobd

#include "memory/recall.hpp"

#include "base/log.hpp"
#include "base/sent_text.hpp"
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

/// As a message is shown to people and models.
Message as_said(Message message) {
  if (message.role == "user") message.text = std::string(own_words(message.text));
  return message;
}

/// How many of the nearest vectors are looked at.
constexpr std::uint32_t kDenseRows = 100;

CandidateQuery candidates_for(const Question& question, const std::string& user_id, const RankingWeights& weights) {
  CandidateQuery query;
  query.name_weight = weights.name;
  query.user_id = user_id;
  query.terms = question.terms;
  for (const DateMention& date : question.dates) query.spans.push_back({date.from, date.to});
  return query;
}

std::vector<std::int64_t> rows_of(const DenseScores& dense) {
  std::vector<std::int64_t> rows;
  for (const auto& [row, cosine] : dense.cosines) rows.push_back(row);
  return rows;
}

/// Messages and memories in one order. A memory stands for the message it rests on: where both are hits, the memory takes the
/// better place of the two and the message falls out.
std::vector<RecallHit> joined(std::vector<Ranked> ranked_memories, MemoryCandidates memories, const std::vector<Ranked>& ranked_messages,
                              const MessageCandidates& messages, std::vector<MessageInPlace> read, std::uint32_t limit) {
  std::unordered_map<std::int64_t, MessageInPlace*> by_row;  // a message that was removed meanwhile is missing
  for (MessageInPlace& place : read) by_row[place.row] = &place;
  std::unordered_map<std::string, std::size_t> by_source;    // message id -> the best memory that rests on it
  for (std::size_t i = 0; i < ranked_memories.size(); ++i)
    for (const MemorySource& source : memories.items[ranked_memories[i].index].memory.sources)
      if (!source.message_id.empty()) by_source.try_emplace(source.message_id, i);

  std::vector<RecallHit> hits;
  std::vector<bool> is_taken(ranked_memories.size());
  const auto take_memory = [&](std::size_t i, double score) {
    if (is_taken[i]) return;
    is_taken[i] = true;
    RecallHit hit;
    hit.source = RecallHit::Source::memory;
    hit.memory = std::move(memories.items[ranked_memories[i].index].memory);
    hit.score = score;
    hit.why = ranked_memories[i].why;
    hits.push_back(std::move(hit));
  };
  std::size_t memory = 0, message = 0;
  while (hits.size() < limit && (memory < ranked_memories.size() || message < ranked_messages.size())) {
    const bool is_memory = message == ranked_messages.size() ||
                           (memory < ranked_memories.size() && ranked_memories[memory].score >= ranked_messages[message].score);
    if (is_memory) {
      take_memory(memory, ranked_memories[memory].score);
      ++memory;
      continue;
    }
    const Ranked& ranked = ranked_messages[message++];
    const auto place = by_row.find(messages.items[ranked.index].row);
    if (place == by_row.end()) continue;
    if (const auto rests = by_source.find(place->second->message.id); rests != by_source.end()) {
      take_memory(rests->second, ranked.score);
      continue;
    }
    RecallHit hit;
    hit.message = as_said(std::move(place->second->message));
    for (Message& neighbour : place->second->neighbours) hit.neighbours.push_back(as_said(std::move(neighbour)));
    hit.score = ranked.score;
    hit.why = ranked.why;
    hits.push_back(std::move(hit));
  }
  return hits;
}

}  // namespace

RecalledItem recalled_item(RecallHit hit) {
  RecalledItem item;
  item.score = hit.score;
  if (hit.source == RecallHit::Source::memory) {
    item.source = "memory";
    item.id = std::move(hit.memory.id);
    item.text = std::move(hit.memory.text);
    item.at = hit.memory.recorded_at;
    if (!hit.memory.sources.empty()) {
      item.at = hit.memory.sources.front().at;
      item.said_by = said_by_name(hit.memory.sources.front().said_by);
    }
    return item;
  }
  item.id = std::move(hit.message.id);
  item.text = std::move(hit.message.text);
  item.at = hit.message.at;
  item.speaker = std::move(hit.message.speaker);
  item.conversation_id = std::move(hit.message.conversation_id);
  return item;
}

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

awaitable<DenseScores> Recall::dense(std::string user_id, std::string text, EmbeddedSource source) {
  DenseScores scores;
  if (!embeddings_) co_return scores;
  const Result<std::vector<DenseHit>> near = co_await embeddings_->nearest(std::move(user_id), std::move(text), source, kDenseRows);
  if (near.has_error()) {
    log::warn("recall", "a search goes on by words alone: {}", near.error().message);
    co_return scores;
  }
  for (const DenseHit& hit : *near) scores.cosines[hit.row] = hit.cosine;
  scores.weight = embeddings_->weight();
  co_return scores;
}

awaitable<Result<std::vector<RecallHit>>> Recall::search(SearchQuery query) {
  const Question question = read_question(query.text, query.now);
  CandidateQuery wanted = candidates_for(question, query.user_id, weights_);
  wanted.since = query.since;
  wanted.until = query.until;
  wanted.role = query.role;
  wanted.not_turn = query.not_turn;
  wanted.commands = query.commands;
  const bool only_memories = query.in == SearchQuery::In::memories || query.filter.kind || !query.filter.topic.empty() || !query.filter.person.empty();
  Found found;
  if (!only_memories) {
    const DenseScores near = co_await dense(query.user_id, query.text, EmbeddedSource::messages);
    CandidateQuery of_messages = wanted;
    of_messages.rows = rows_of(near);
    CO_TRY(found.messages, co_await store_.searches().messages(std::move(of_messages)));
    found.ranked_messages = rank_messages(question, found.messages, near, query.now, weights_);
  }
  if (query.in != SearchQuery::In::messages) {
    const DenseScores near = co_await dense(query.user_id, query.text, EmbeddedSource::memories);
    wanted.rows = rows_of(near);
    MemoryFilter filter = query.filter;
    CO_TRY(found.memories, co_await store_.searches().memories(std::move(wanted), std::move(filter)));
    found.ranked_memories = rank_memories(question, found.memories, near, query.now, weights_);
  }
  co_return co_await hits(std::move(query.user_id), std::move(found), query.limit, query.neighbours);
}

awaitable<Result<std::vector<RecallHit>>> Recall::hits(std::string user_id, Found found, std::uint32_t limit, std::uint32_t neighbours) {
  fold_messages(found.ranked_messages, found.messages.items, limit);
  std::vector<std::int64_t> rows;
  for (const Ranked& ranked : found.ranked_messages) rows.push_back(found.messages.items[ranked.index].row);
  std::vector<MessageInPlace> read;
  if (!rows.empty()) {
    CO_TRY(read, co_await store_.searches().read(std::move(user_id), std::move(rows), neighbours));
  }
  co_return joined(std::move(found.ranked_memories), std::move(found.memories), found.ranked_messages, found.messages, std::move(read), limit);
}

awaitable<Result<std::vector<RecalledItem>>> Recall::find(RecallQuery query) {
  const Question question = read_question(query.text, query.now);
  CandidateQuery of_messages = candidates_for(question, query.user_id, weights_);
  of_messages.role = "user";
  of_messages.not_turn = query.turn_id;
  of_messages.commands = false;
  CandidateQuery of_memories = of_messages;
  const DenseScores near_messages = co_await dense(query.user_id, query.text, EmbeddedSource::messages);
  of_messages.rows = rows_of(near_messages);
  const DenseScores near_memories = co_await dense(query.user_id, query.text, EmbeddedSource::memories);
  of_memories.rows = rows_of(near_memories);
  TurnView view{.session_id = query.session_id, .before_message = query.before_message, .count = query.recent_count};
  CO_TRY(TurnCandidates turn, co_await store_.searches().turn(std::move(view), std::move(of_messages), std::move(of_memories)));

  Found found;
  found.messages = std::move(turn.messages);
  found.ranked_messages = rank_messages(question, found.messages, near_messages, query.now, weights_);
  found.memories = std::move(turn.memories);
  found.ranked_memories = rank_memories(question, found.memories, near_memories, query.now, weights_);
  CO_TRY(std::vector<RecallHit> best, co_await hits(query.user_id, std::move(found), query.top_k, 0));
  std::vector<RecalledItem> items;
  for (RecallHit& hit : best)
    if (hit.score >= query.threshold) items.push_back(recalled_item(std::move(hit)));
  co_return items;
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

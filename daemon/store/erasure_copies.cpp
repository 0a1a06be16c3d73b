#include "store/erasure_copies.hpp"

#include "base/sent_text.hpp"
#include "base/text.hpp"
#include "store/memory_rows.hpp"

#include <algorithm>

namespace hobd {
namespace {

constexpr std::int64_t kTurnsAtOnce = 300;
constexpr std::int64_t kMessagesAtOnce = 20'000;
constexpr std::string_view kForgetCommand = "/forget ";

/// Fewer rows a step where there is more to look for.
std::int64_t rows_at_once(std::int64_t rows, const Redactor& redactor) {
  return std::max<std::int64_t>(rows / 50, rows / static_cast<std::int64_t>(1 + redactor.size() / 16));
}

Result<json::value> stored_value(std::string_view stored) {
  constexpr std::size_t kStoredDepth = 512;  // as rows.cpp
  return parse_json(stored, kStoredDepth);
}

/// Cleans a JSON column's text; nothing: it stays as it is.
Result<std::optional<std::string>> cleaned(const Redactor& redactor, std::string_view stored) {
  if (stored.empty() || !redactor.is_in_json(stored)) return std::optional<std::string>();
  json::value value = TRY(stored_value(stored));
  if (!redactor.clean(value)) return std::optional<std::string>();
  return std::optional<std::string>(json::serialize(value));
}

struct StepText {
  std::int64_t turn = 0, seq = 0;
  std::string data;
};

Result<void> clean_steps(Connection& db, const Redactor& redactor, std::int64_t turn) {
  std::vector<StepText> changed;
  {
    auto rows = TRY(db.query("SELECT seq, data FROM steps WHERE turn = ?", turn));
    while (TRY(rows.next()))
      if (auto data = TRY(cleaned(redactor, rows.view(1)))) changed.push_back({turn, rows.integer(0), *std::move(data)});
  }
  for (const StepText& step : changed) TRY(db.run("UPDATE steps SET data = ? WHERE turn = ? AND seq = ?", step.data, step.turn, step.seq));
  return {};
}

struct MessageText {
  std::int64_t row = 0, session = 0, conversation = 0;
  std::string mid, before, text;
  std::optional<std::string> extra;
};

/// A message that stays, with another text.
Result<void> put_text(WriteBatch& batch, std::int64_t user, const MessageText& message) {
  batch.messages.remove(message.row, user, message.before);
  TRY(batch.db.run("UPDATE messages SET text = ? WHERE id = ?", message.text, message.row));
  batch.messages.add(message.row, user, message.text);
  if (message.extra) TRY(batch.db.run("UPDATE messages SET extra = ? WHERE id = ?", *message.extra, message.row));
  TRY(batch.db.run("DELETE FROM session_summaries WHERE session = ?", message.session));
  TRY(batch.db.run("UPDATE conversations SET fingerprint = '', title = CASE WHEN title = ? THEN '' ELSE title END WHERE id = ?",
                   title_of(own_words(message.before)), message.conversation));
  return {};
}

/// Quotes of a message that was cleaned, in the memories that rest on it.
Result<void> clean_quotes(Connection& db, const Redactor& redactor, const std::string& mid) {
  std::vector<std::pair<std::int64_t, std::string>> changed;
  {
    auto rows = TRY(db.query("SELECT v.id, v.sources FROM memory_sources s JOIN memories v ON v.id = s.version WHERE s.message_id = ?", mid));
    while (TRY(rows.next()))
      if (auto sources = TRY(cleaned(redactor, rows.view(1)))) changed.emplace_back(rows.integer(0), *std::move(sources));
  }
  for (const auto& [version, sources] : changed) TRY(db.run("UPDATE memories SET sources = ? WHERE id = ?", sources, version));
  return {};
}

}  // namespace

Result<bool> is_stock_reply(Connection& db, std::int64_t message) {
  // A fork's copy has the same time: it is this reply, not another.
  auto rows = TRY(db.query("SELECT 1 FROM messages m WHERE m.id = ? AND m.role = 'assistant' AND EXISTS (SELECT 1 FROM messages o "
                           "WHERE o.user = m.user AND o.turn IS NOT NULL AND o.role = 'assistant' AND o.text = m.text AND o.at <> m.at)",
                           message));
  return rows.next();
}

Result<Redactor> redactor_of(Connection& db, const ErasureSet& set) {
  Redactor redactor;
  const auto add_version = [&](const Query& row) -> Result<void> {
    redactor.add_text(row.view(0));
    for (const json::value& value : TRY(array_column(row, 1))) {
      const json::object* source = value.if_object();
      if (!source) continue;
      auto message = TRY(db.query("SELECT id FROM messages WHERE mid = ?", string_or(*source, "message")));
      // A quote of a message that stays is a person's own words.
      if (!TRY(message.next()) || set.messages.contains(message.integer(0))) redactor.add_text(string_or(*source, "quote"));
    }
    return {};
  };
  for (const std::int64_t memory : set.memories) {
    {
      auto rows = TRY(db.query("SELECT mid FROM memory_ids WHERE id = ?", memory));
      if (TRY(rows.next())) redactor.add_id(rows.text(0));
    }
    auto rows = TRY(db.query("SELECT text, sources FROM memories WHERE memory = ?", memory));
    while (TRY(rows.next())) TRY(add_version(rows));
  }
  for (const std::int64_t version : set.versions) {
    auto rows = TRY(db.query("SELECT text, sources FROM memories WHERE id = ?", version));
    while (TRY(rows.next())) TRY(add_version(rows));
  }
  for (const std::int64_t message : set.messages) {
    auto rows = TRY(db.query("SELECT mid, text FROM messages WHERE id = ?", message));
    if (!TRY(rows.next())) continue;
    redactor.add_id(rows.text(0));
    const std::string text = rows.text(1);
    if (!TRY(is_stock_reply(db, message))) redactor.add_text(text);
  }
  return redactor;
}

Result<bool> clean_turns(WriteBatch& batch, std::int64_t user, const Redactor& redactor, std::int64_t& progress) {
  struct TurnText {
    std::int64_t row = 0;
    std::optional<std::string> request;
    std::string error;
  };
  std::vector<TurnText> turns;
  const std::int64_t limit = rows_at_once(kTurnsAtOnce, redactor);
  {
    auto rows = TRY(batch.db.query("SELECT id, request, error FROM turns WHERE user = ? AND id > ? ORDER BY id LIMIT ?", user, progress, limit));
    while (TRY(rows.next())) {
      turns.push_back({rows.integer(0), TRY(cleaned(redactor, rows.view(1))), rows.text(2)});
      progress = rows.integer(0);
    }
  }
  for (TurnText& turn : turns) {
    TRY(clean_steps(batch.db, redactor, turn.row));
    if (turn.request) TRY(batch.db.run("UPDATE turns SET request = ? WHERE id = ?", *turn.request, turn.row));
    if (redactor.clean(turn.error)) TRY(batch.db.run("UPDATE turns SET error = ? WHERE id = ?", turn.error, turn.row));
  }
  return static_cast<std::int64_t>(turns.size()) < limit;
}

Result<bool> clean_messages(WriteBatch& batch, std::int64_t user, const ErasureSet& set, const Redactor& redactor, std::int64_t& progress) {
  const std::int64_t newest = TRY(batch.db.number("SELECT coalesce(max(id), 0) FROM messages"));
  const std::int64_t last = std::min(newest, progress + rows_at_once(kMessagesAtOnce, redactor));
  const bool looks_at_all = !set.messages.empty();
  std::vector<MessageText> changed;
  std::vector<std::pair<std::int64_t, std::string>> listings;  // the turn and the reply's id
  {
    auto rows = TRY(batch.db.query("SELECT m.id, m.session, m.conversation, m.mid, m.text, m.extra, m.role, m.turn FROM messages m "
                                   "WHERE m.id > ? AND m.id <= ? AND m.user = ?",
                                   progress, last, user));
    while (TRY(rows.next())) {
      if (set.messages.contains(rows.integer(0))) continue;
      MessageText message{rows.integer(0), rows.integer(1), rows.integer(2), rows.text(3), rows.text(4), rows.text(4), {}};
      const bool is_search = rows.view(6) == "user" && message.text.starts_with(kForgetCommand);
      // What a person asked to forget says what it was.
      if (is_search) message.text = std::string(kForgetCommand) + std::string(kForgottenMark);
      bool looks = looks_at_all;
      const bool is_shown = rows.view(6) == "assistant" && redactor.is_shown_by(message.text);
      if (is_shown || (!looks && rows.view(6) == "assistant" && redactor.is_in(message.text))) {
        auto asked = TRY(batch.db.query("SELECT q.text FROM turns t JOIN messages q ON q.mid = t.message_id WHERE t.id = ?", rows.integer(7)));
        const bool is_listing = TRY(asked.next()) && is_command(asked.view(0));
        looks = looks || is_listing;
        // A list shows beginnings of texts: it goes whole.
        if (is_listing && is_shown) {
          message.text = kForgottenMark;
          listings.emplace_back(rows.integer(7), message.mid);
        }
      }
      if (looks && !is_search) {
        redactor.clean(message.text);
        message.extra = TRY(cleaned(redactor, rows.view(5)));
      }
      if (message.text != message.before || message.extra) changed.push_back(std::move(message));
    }
  }
  for (const MessageText& message : changed) {
    TRY(put_text(batch, user, message));
    TRY(clean_quotes(batch.db, redactor, message.mid));
  }
  for (const auto& [turn, reply] : listings) {
    TRY(batch.db.run("UPDATE steps SET data = '' WHERE turn = ?", turn));
    TRY(batch.db.run("DELETE FROM outbox WHERE user = ? AND message_id = ? AND state >= 2", user, reply));
  }
  progress = last;
  return last >= newest;
}

Result<void> clean_reasons(Connection& db, std::int64_t user, const Redactor& redactor) {
  const auto shown = [&](Query rows) -> Result<std::vector<std::int64_t>> {
    std::vector<std::int64_t> ids;
    while (TRY(rows.next()))
      if (redactor.is_shown_by(rows.view(1))) ids.push_back(rows.integer(0));
    return ids;
  };
  auto changes = TRY(db.query("SELECT id, summary FROM memory_changes WHERE user = ? AND summary <> ''", user));
  for (const std::int64_t id : TRY(shown(std::move(changes)))) TRY(db.run("UPDATE memory_changes SET summary = ? WHERE id = ?", kForgottenMark, id));
  auto entries = TRY(db.query("SELECT e.id, e.reason FROM memory_ids k JOIN memory_entries e ON e.memory = k.id WHERE k.user = ? AND e.reason <> ''", user));
  for (const std::int64_t id : TRY(shown(std::move(entries)))) TRY(db.run("UPDATE memory_entries SET reason = ? WHERE id = ?", kForgottenMark, id));
  return {};
}

Result<void> clean_outbox(Connection& db, std::int64_t user, const Redactor& redactor) {
  std::vector<std::pair<std::int64_t, std::string>> changed;
  {
    auto rows = TRY(db.query("SELECT id, message FROM outbox WHERE user = ?", user));
    while (TRY(rows.next()))
      if (auto message = TRY(cleaned(redactor, rows.view(1)))) changed.emplace_back(rows.integer(0), *std::move(message));
  }
  for (const auto& [row, message] : changed) TRY(db.run("UPDATE outbox SET message = ? WHERE id = ?", message, row));
  return {};
}

Result<void> clean_blocks(Connection& db, std::int64_t user, const Redactor& redactor) {
  struct BlockText {
    std::string label, text;
  };
  std::vector<BlockText> changed;
  {
    auto rows = TRY(db.query("SELECT label, text, coalesce(previous, '') FROM blocks WHERE user = ?", user));
    while (TRY(rows.next())) {
      if (!redactor.is_in(rows.view(1)) && !redactor.is_in(rows.view(2))) continue;
      // Whole lines: what is left of one would point at the gap.
      std::string kept;
      for (const std::string_view line : split(rows.view(1), '\n'))
        if (!redactor.is_in(line)) kept += (kept.empty() ? "" : "\n") + std::string(line);
      redactor.clean(kept);  // what ran over several lines
      changed.push_back({rows.text(0), std::move(kept)});
    }
  }
  for (const BlockText& block : changed)
    TRY(db.run("UPDATE blocks SET text = ?, previous = NULL, version = version + 1 WHERE user = ? AND label = ?", block.text, user, block.label));
  return {};
}

}  // namespace hobd

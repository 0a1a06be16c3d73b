#include "api/import_lines.hpp"
#include "api/methods.hpp"
#include "api/objects.hpp"
#include "api/schemas.hpp"
#include "base/text.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <unordered_map>

namespace hobd {
namespace {

/// How many lines are read before others on the core have their turn, and how many messages are one transaction.
constexpr std::size_t kLinesAtOnce = 256;
constexpr std::size_t kMessagesAtOnce = 1'000;
/// Of a list in the answer.
constexpr std::size_t kMostListed = 1'000;

/// The lines of one call: read twice, first to find the broken ones, so that the whole is never in memory as messages.
struct ImportText {
  std::string_view text;
  std::string_view user_name;
  std::size_t at = 0;
  std::int64_t line = 0;  // the number of the last one read

  void rewind(std::int64_t before_first) {
    at = text.starts_with("\xef\xbb\xbf") ? 3 : 0;
    line = before_first;
  }
  /// The next line that isn't blank; none at the end.
  std::optional<Result<ImportLine>> next() {
    std::string_view found;
    while (next_line(text, at, found)) {
      ++line;
      if (found = trim(found); !found.empty()) return read_import_line(found, user_name);
    }
    return std::nullopt;
  }
};

struct Totals {
  std::int64_t messages = 0, imported = 0, forgotten = 0, duplicates = 0, unknown_fields = 0, broken = 0;
  json::array skipped;
  std::vector<ImportedConversation> conversations;
  std::unordered_map<std::string, std::size_t> places;  // in `conversations`, by id
};

json::object totals_json(const Totals& totals) {
  json::array conversations;
  for (const ImportedConversation& one : totals.conversations) {
    if (conversations.size() == kMostListed) break;
    conversations.push_back(json::object{{"id", one.id}, {"title", one.title}, {"imported", one.imported}});
  }
  return {{"imported", totals.imported},
          {"forgotten", totals.forgotten},
          {"duplicates", totals.duplicates},
          {"unknown_fields", totals.unknown_fields},
          {"skipped_lines", totals.broken},
          {"skipped", totals.skipped},
          {"conversations", std::move(conversations)}};
}

awaitable<void> let_others_run() { co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable); }

/// Finds the broken lines. invalid: the first of them, where one stops all.
awaitable<Result<void>> check_lines(ImportText& text, bool stops, Totals& totals) {
  for (std::size_t count = 1; auto line = text.next(); ++count) {
    if (line->has_value()) {
      totals.messages += static_cast<std::int64_t>((*line)->messages.size());
    } else {
      const std::string& why = line->error().message;
      if (stops)
        co_return Error{Code::invalid, "line " + std::to_string(text.line) + ": " + why + "; nothing of this call was loaded"};
      ++totals.broken;
      if (totals.skipped.size() < kMostListed) totals.skipped.push_back(json::object{{"line", text.line}, {"error", why}});
    }
    if (count % kLinesAtOnce == 0) co_await let_others_run();
  }
  co_return Result<void>{};
}

void add_outcome(Totals& totals, ImportOutcome outcome) {
  totals.imported += outcome.imported;
  totals.forgotten += outcome.forgotten;
  totals.duplicates += outcome.duplicates;
  for (ImportedConversation& one : outcome.conversations) {
    const auto [place, is_new] = totals.places.emplace(one.id, totals.conversations.size());
    if (is_new)
      totals.conversations.push_back(std::move(one));
    else
      totals.conversations[place->second].imported += one.imported;
  }
}

awaitable<Result<json::value>> import(StoreContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  const bool stops = string_or(call.params, "on_error", "stop") == "stop";
  const std::int64_t before_first = int_or(call.params, "first_line", 1) - 1;
  Totals totals;
  ImportText text{.text = string_or(call.params, "jsonl"), .user_name = call.who.user_name};
  text.rewind(before_first);
  CO_CHECK(co_await check_lines(text, stops, totals));
  if (bool_or(call.params, "dry_run")) {
    json::object checked = totals_json(totals);
    checked["messages"] = totals.messages;
    co_return checked;
  }
  text.rewind(before_first);
  std::vector<ImportedMessage> chunk;
  for (bool more = true; more;) {
    auto line = text.next();
    more = line.has_value();
    if (more && line->has_value()) {
      totals.unknown_fields += (*line)->unknown_fields;
      std::move((*line)->messages.begin(), (*line)->messages.end(), std::back_inserter(chunk));
    }
    while (chunk.size() >= kMessagesAtOnce || (!more && !chunk.empty())) {
      const auto count = static_cast<std::ptrdiff_t>(std::min(chunk.size(), kMessagesAtOnce));
      std::vector<ImportedMessage> some(std::make_move_iterator(chunk.begin()), std::make_move_iterator(chunk.begin() + count));
      chunk.erase(chunk.begin(), chunk.begin() + count);
      auto stored = co_await context.store->imports().add(call.who.user_id, std::move(some));
      if (stored.has_error())
        co_return stored.error().with_context(std::to_string(totals.imported) +
                                              " messages are imported (importing the same again goes on from there)");
      add_outcome(totals, *std::move(stored));
    }
  }
  if (context.imported && totals.imported > 0) context.imported();
  co_return totals_json(totals);
}

}  // namespace

void add_import_methods(MethodTable& table, StoreContext context) {
  table.add({.name = "conversation.import",
             .scope = "conversations",
             .doc = "Bring a history from elsewhere: JSON lines of messages, or an export. The same lines again change nothing.",
             .params = params({{"jsonl", "jsonl", Need::required, "a line {id, conversation, session, time, role, speaker, text} each"},
                               {"on_error", "enum:stop,skip", Need::optional, "a broken line stops all (the default), or is skipped"},
                               {"dry_run", "boolean", Need::optional, "only look for broken lines"},
                               {"first_line", "integer", Need::optional, "the number of the first line, when a file comes in pieces; 1"}}),
             .result = result({{"imported", "integer", Need::required},
                               {"forgotten", "integer"},
                               {"duplicates", "integer", Need::required},
                               {"unknown_fields", "integer"},
                               {"skipped_lines", "integer"},
                               {"skipped", "array", Need::required},
                               {"conversations", "array", Need::required}}),
             .positional = {"jsonl"}},
            [context](MethodCall call) { return import(context, std::move(call)); });
}

}  // namespace hobd

#include "agent/commands.hpp"

#include "agent/memory_commands.hpp"
#include "agent/usage_command.hpp"
#include "base/log.hpp"
#include "base/sent_text.hpp"
#include "base/text.hpp"
#include "memory/recall.hpp"
#include "store/kv_owners.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace hobd {
namespace {

struct Command {
  std::string_view name, argument, doc;
};
constexpr Command kCommands[] = {
    {"help", "", "this list"},
    {"new", "", "begin afresh: I no longer see what was said before, the record keeps it"},
    {"reset", "", "the same as /new"},
    {"search", "TEXT", "find what was said, in all conversations, and what I remember"},
    {"remember", "TEXT", "keep this"},
    {"memories", "[WORDS]", "what I remember, about this or the latest"},
    {"why", "[NUMBER or WORDS]", "where a memory comes from; alone: what I had in mind for my last answer"},
    {"undo", "[ID]", "take back the last change of your memories"},
    {"forget", "TEXT", "shows what I remember of it, asks, and deletes it for good"},
    {"smart", "[TEXT]", "the smart tier answers this; alone: this whole conversation, until /auto"},
    {"fast", "[TEXT]", "the same with the fast tier"},
    {"auto", "", "I choose again which tier answers"},
    {"model", "[NAME TEXT]", "this one model answers this; alone: which models answer"},
    {"tools", "", "what I can do besides talking"},
    {"usage", "", "tokens and cost: of this conversation, today and this month"},
    {"whoami", "", "who I take you for"},
    {"stop", "", "stop the answer that is being written"},
};
constexpr std::uint32_t kSearchHits = 5;
constexpr std::size_t kHitBytes = 300;
constexpr std::uint64_t kTierQuota = 8 << 20;

struct Parsed {
  std::string name, argument;
};

Parsed parse(std::string_view text) {
  text.remove_prefix(1);
  const std::size_t end = text.find_first_of(" \t\r\n");
  Parsed parsed;
  parsed.name = to_lower_ascii(text.substr(0, end));
  if (end != std::string_view::npos) parsed.argument = trim(text.substr(end));
  if (parsed.name == "cancel") parsed.name = "stop";
  return parsed;
}

std::string help() {
  std::string text = "Commands:\n";
  for (const Command& command : kCommands)
    text += fmt::format("/{}{}{}: {}\n", command.name, command.argument.empty() ? "" : " ", command.argument, command.doc);
  return text + "To begin a message with a slash, write two: //like this.";
}

std::string unknown(const std::string& name) {
  std::vector<std::string> names;
  for (const Command& command : kCommands) names.emplace_back(command.name);
  const std::string_view near = nearest(name, names);
  return fmt::format("I don't know /{}.{} /help lists the commands; to say it to the model, write //{}.", name,
                     near.empty() ? std::string() : fmt::format(" Did you mean /{}?", near), name);
}

/// What the offline model says of itself holds no answer.
bool is_boilerplate(const Message& message) {
  if (message.role != "assistant") return false;
  for (const std::string_view start : {"Noted. I keep it", "I find nothing you told me", "You told me", "Hello. ", "I can't do that without a model"})
    if (message.text.starts_with(start)) return true;
  return false;
}

std::string search_line(Time at, std::string_view who, std::string_view text) {
  const std::string_view start = utf8_prefix(text, kHitBytes);
  return fmt::format("{}, {}: {}{}", format_time(at).substr(0, 10), who, start, start.size() < text.size() ? "…" : "");
}

awaitable<Result<std::string>> search(const AgentContext& context, const Turn& turn, const Message& asked, std::string words) {
  if (words.empty()) co_return std::string("What for? Write /search and some words.");
  SearchQuery query;
  query.user_id = turn.user_id;
  query.text = words;
  query.limit = kSearchHits * 4;
  query.not_turn = turn.id;
  query.commands = false;
  query.now = asked.at;
  Recall recall(*context.store, context.embeddings);
  CO_TRY(const std::vector<RecallHit> hits, co_await recall.search(std::move(query)));
  std::string text;
  std::size_t count = 0;
  const auto add = [&](Time at, std::string_view who, std::string_view said) {
    if (count++ < kSearchHits) text += (text.empty() ? "" : "\n") + search_line(at, who, said);
  };
  // What is remembered and people's own words first: Hob's are mostly about them.
  for (const RecallHit& hit : hits) {
    const Message& message = hit.message;
    const bool is_own = message.role == "user" && (message.speaker == "default" || message.speaker.empty()) && message.speaker == asked.speaker;
    if (hit.source == RecallHit::Source::memory)
      add(hit.memory.sources.empty() ? hit.memory.recorded_at : hit.memory.sources.front().at, "remembered", hit.memory.text);
    else if (message.role == "user")
      add(message.at, is_own ? "you" : message.speaker, message.text);
  }
  // Of Hob's words only what has the asked ones itself: all that stood beside them would be replies to commands too.
  for (const RecallHit& hit : hits)
    if (hit.source == RecallHit::Source::message && hit.message.role != "user" && !is_boilerplate(hit.message) &&
        (hit.why.lexical > 0 || hit.why.dense > 0))
      add(hit.message.at, hit.message.speaker, hit.message.text);
  if (text.empty()) co_return fmt::format("Nothing was said about \"{}\".", words);
  co_return text;
}

std::string models(const Router& router) {
  std::string text;
  for (const char* tier : {"fast", "smart"}) {
    const Result<std::vector<std::string>> names = router.resolve(std::string("tier/") + tier);
    text += std::string(tier) + ": ";
    if (names.has_error()) {
      text += names.error().message;
    } else {
      for (std::size_t i = 0; i < names->size(); ++i) text += (i ? ", then " : "") + (*names)[i];
    }
    text += "\n";
  }
  return text + "The first that is healthy answers. They are set in models.tiers of the config. /model PROVIDER/MODEL TEXT asks one of them.";
}

awaitable<Result<std::string>> keep_tier(const AgentContext& context, const Turn& turn, std::string tier) {
  std::string key = turn.conversation_id, value = "tier/" + tier;
  CO_CHECK(co_await context.store->kv().set(kConversationTierOwner, std::move(key), std::move(value), kTierQuota));
  co_return fmt::format("From now on the {} tier answers in this conversation, until you write /auto.", tier);
}

awaitable<Result<std::string>> drop_tier(const AgentContext& context, const Turn& turn) {
  std::string key = turn.conversation_id;
  const Result<void> removed = co_await context.store->kv().remove(kConversationTierOwner, std::move(key));
  if (removed.has_error() && removed.error().code != Code::not_found) co_return removed.error();
  co_return std::string("I choose again which tier answers, message by message.");
}

std::string tools(const Toolbox& toolbox) {
  std::string text;
  for (const ToolEntry& entry : toolbox.list())
    text += fmt::format("{}{} ({}): {}", text.empty() ? "" : "\n", entry.tool.name, tool_effect_name(entry.tool.effect),
                        entry.tool.description);
  return text.empty() ? "There are no tools." : text;
}

awaitable<Result<std::string>> usage(Store& store, const Turn& turn) {
  Usage sum;
  std::size_t turns = 0;
  PageRequest page;
  page.limit = 500;
  do {
    TurnFilter filter;
    filter.conversation_id = turn.conversation_id;
    PageRequest request = page;
    CO_TRY(auto found, co_await store.journal().list_turns(turn.user_id, std::move(filter), std::move(request)));
    for (const Turn& each : found.items) {
      if (each.id == turn.id) continue;
      ++turns;
      sum.input_tokens += each.usage.input_tokens;
      sum.output_tokens += each.usage.output_tokens;
      sum.cost_usd += each.usage.cost_usd;
    }
    page.cursor = found.next;
  } while (!page.cursor.empty());
  co_return fmt::format("This conversation: {} turns, {} tokens in, {} out, {:.4f} USD.", turns, sum.input_tokens,
                        sum.output_tokens, sum.cost_usd);
}

}  // namespace

awaitable<std::string> model_asked_for(const AgentContext& context, const Turn& turn, const Message& message) {
  if (const std::string_view named = string_or(turn.request, "model"); !named.empty()) co_return std::string(named);
  if (message.role == "user")
    if (std::optional<Addressed> said = addressed(message.text)) co_return std::move(said->model);
  std::string key = turn.conversation_id;
  Result<std::string> kept = co_await context.store->kv().get(kConversationTierOwner, std::move(key));
  if (kept.has_value()) co_return *std::move(kept);
  if (kept.error().code != Code::not_found) log::warn("agent", "which tier the conversation keeps: {}", kept.error().message);
  co_return std::string();
}

bool is_stop_command(std::string_view text) { return is_command(text) && parse(text).name == "stop"; }

namespace {

awaitable<Result<std::string>> answer_plainly(const AgentContext& context, const Turn& turn, const Message& message, Parsed command,
                                              std::uint32_t stopped) {
  if (command.name == "help") co_return help();
  if (command.name == "new" || command.name == "reset") {
    CO_CHECK(co_await context.store->conversations().reset(turn.user_id, turn.conversation_id));
    co_return std::string("A fresh start. What was said before is kept and can be searched.");
  }
  if (command.name == "search") co_return co_await search(context, turn, message, command.argument);
  if (command.name == "smart" || command.name == "fast") co_return co_await keep_tier(context, turn, std::move(command.name));
  if (command.name == "auto") co_return co_await drop_tier(context, turn);
  if (command.name == "model" && !command.argument.empty())
    co_return fmt::format("Write /model PROVIDER/MODEL and the message for it.\n{}", models(*context.router));
  if (command.name == "model") co_return models(*context.router);
  if (command.name == "tools") co_return tools(*context.tools);
  if (command.name == "usage") {
    CO_TRY(const std::string here, co_await usage(*context.store, turn));
    CO_TRY(const std::string sums, co_await usage_text(*context.store, context.budget, context.config, message.at, turn.user_id));
    co_return here + "\n" + sums;
  }
  if (command.name == "whoami")
    co_return fmt::format("You are {}, on {}.", message.speaker.empty() ? turn.user_id : message.speaker, turn.channel);
  if (command.name == "stop") {
    if (stopped == 0) co_return std::string("Nothing was running.");
    co_return fmt::format("Stopped{}.", stopped > 1 ? fmt::format(" {} answers", stopped) : "");
  }
  co_return unknown(command.name);
}

}  // namespace

awaitable<Result<CommandAnswer>> answer_command(const AgentContext& context, const Turn& turn, const Message& message,
                                                std::uint32_t stopped) {
  Parsed command = parse(message.text);
  if (is_memory_command(command.name))
    co_return co_await answer_memory_command(context, turn, message, std::move(command.name), std::move(command.argument));
  CommandAnswer answer;
  CO_TRY(answer.text, co_await answer_plainly(context, turn, message, std::move(command), stopped));
  co_return answer;
}

}  // namespace hobd

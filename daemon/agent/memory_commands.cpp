#include "agent/memory_commands.hpp"

#include "agent/memory_answers.hpp"
#include "base/text.hpp"
#include "memory/forgetting.hpp"
#include "memory/plain_note.hpp"
#include "memory/recall.hpp"
#include "store/memories.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace hobd {
namespace {

constexpr std::uint32_t kListed = 10;
constexpr std::uint32_t kMostToForget = 20;

/// What one command works with. The turn and its message outlive it.
struct Asked {
  const AgentContext& context;
  const Turn& turn;
  const Message& message;
  std::string argument;

  Memories& memories() const { return context.store->memories(); }
  /// The change of this turn: the same when the turn is run again after a crash.
  std::string change_id() const { return "chg_" + turn.id; }
};

CommandAnswer say(std::string text) { return {.text = std::move(text), .extra = {}}; }

/// The reply that stands right before this message, if there is one.
awaitable<Result<std::optional<Message>>> last_reply(Asked asked) {
  constexpr std::uint32_t kLast = 2;
  CO_TRY(std::vector<Message> recent, co_await asked.context.store->conversations().recent(
                                          asked.turn.user_id, asked.turn.session_id, asked.message.id, kLast));
  std::optional<Message> reply;
  if (!recent.empty() && recent.back().role == "assistant") reply = std::move(recent.back());
  co_return reply;
}

std::vector<std::string> ids_at(const json::object& extra, std::string_view key) {
  std::vector<std::string> ids;
  if (const json::array* list = array_at(extra, key))
    for (const json::value& id : *list)
      if (id.is_string()) ids.emplace_back(id.get_string());
  return ids;
}

/// "1,3", "1 and 3", "2": places in a list of `count`, from 0. none: it is something else.
std::optional<std::vector<std::size_t>> read_numbers(std::string_view text, std::size_t count) {
  std::vector<std::size_t> places;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == ' ' || text[at] == ',') {
      ++at;
    } else if (text.substr(at).starts_with("and ")) {
      at += 4;
    } else {
      std::size_t number = 0;
      const auto [end, error] = std::from_chars(text.data() + at, text.data() + text.size(), number);
      if (error != std::errc{} || number < 1 || number > count) return std::nullopt;
      at = static_cast<std::size_t>(end - text.data());
      if (std::ranges::find(places, number - 1) == places.end()) places.push_back(number - 1);
    }
  }
  if (places.empty()) return std::nullopt;
  return places;
}

awaitable<Result<std::vector<Memory>>> find_memories(Asked asked, std::uint32_t limit) {
  SearchQuery query;
  query.user_id = asked.turn.user_id;
  query.text = asked.argument;
  query.in = SearchQuery::In::memories;
  query.limit = limit;
  query.now = asked.message.at;
  Recall recall(*asked.context.store, asked.context.embeddings);
  CO_TRY(std::vector<RecallHit> hits, co_await recall.search(std::move(query)));
  std::vector<Memory> found;
  for (RecallHit& hit : hits) found.push_back(std::move(hit.memory));
  co_return found;
}

// /remember

awaitable<Result<Learning::Noted>> note(Asked asked) {
  Proposal proposal;
  proposal.text = asked.argument;
  proposal.source = {.message_id = asked.message.id, .quote = asked.argument, .said_by = SaidBy::owner, .at = asked.message.at};
  const std::string cause = "command";
  if (!asked.context.learning)
    co_return co_await note_plainly(asked.memories(), asked.turn.user_id, std::move(proposal), cause, asked.change_id());
  co_return co_await asked.context.learning->note(asked.turn.user_id, std::move(proposal), cause);
}

awaitable<Result<CommandAnswer>> remember(Asked asked) {
  if (asked.argument.empty()) co_return say("What shall I remember? Write /remember and it.");
  // A turn that is run again after a crash: it is remembered already.
  CO_TRY(const std::vector<Memory> done, co_await asked.memories().from_message(asked.turn.user_id, asked.message.id));
  if (!done.empty()) co_return say("I'll remember: " + done.front().text);
  const auto noted = co_await note(asked);
  if (noted.has_error()) {
    if (noted.error().code != Code::invalid) co_return noted.error();
    co_return say("I can't remember that: " + noted.error().message);
  }
  std::string other;
  if (!noted->verdict.other_id.empty()) {
    const auto ended = co_await asked.memories().find(asked.turn.user_id, noted->verdict.other_id);
    if (ended.has_value()) other = ended->text;
  }
  co_return say(describe_note(*noted, other));
}

// /memories

awaitable<Result<CommandAnswer>> show_memories(Asked asked) {
  std::vector<Memory> found;
  std::string heading;
  if (asked.argument.empty()) {
    const MemoryFilter current;
    const PageRequest first{.limit = kListed, .cursor = {}};
    CO_TRY(Page<Memory> page, co_await asked.memories().list(asked.turn.user_id, current, first));
    CO_TRY(const MemoryStats stats, co_await asked.memories().stats(asked.turn.user_id));
    if (page.items.empty()) co_return say("I remember nothing yet. /remember TEXT is the way to tell me something.");
    if (!page.next.empty()) heading = fmt::format("The latest {} of {}; /memories WORDS finds others:\n", page.items.size(), stats.memories);
    found = std::move(page.items);
  } else {
    CO_TRY(found, co_await find_memories(asked, kListed));
    if (found.empty()) co_return say(fmt::format("I remember nothing about \"{}\".", asked.argument));
  }
  CommandAnswer answer;
  answer.text = heading + number_memories(found);
  json::array shown;
  for (const Memory& memory : found) shown.emplace_back(memory.id);
  answer.extra["shown"] = std::move(shown);
  co_return answer;
}

// /why

/// The memory that is meant: an id, a number of the list that was shown, words, or "" when there is none.
awaitable<Result<std::string>> memory_meant(Asked asked) {
  if (asked.argument.starts_with("mem_")) co_return asked.argument;
  CO_TRY(const std::optional<Message> reply, co_await last_reply(asked));
  const std::vector<std::string> shown = reply ? ids_at(reply->extra, "shown") : std::vector<std::string>();
  if (const auto places = read_numbers(asked.argument, shown.size())) co_return shown[places->front()];
  CO_TRY(const std::vector<Memory> found, co_await find_memories(asked, 1));
  co_return found.empty() ? std::string() : found.front().id;
}

awaitable<Result<CommandAnswer>> explain_last_answer(Asked asked) {
  CO_TRY(const std::optional<Message> reply, co_await last_reply(asked));
  if (!reply || reply->turn_id.empty()) co_return say("Why what? Write /why and a memory's words.");
  CO_TRY(const std::vector<Step> steps, co_await asked.context.store->journal().steps(asked.turn.user_id, reply->turn_id));
  std::vector<std::string> ids;
  for (const Step& step : steps)
    if (const json::array* items = step.kind == "recalled" ? array_at(step.data, "items") : nullptr)
      for (const json::value& item : *items)
        if (item.is_object() && string_or(item.get_object(), "source") == "memory") ids.emplace_back(string_or(item.get_object(), "id"));
  CO_TRY(const std::vector<Memory> used, co_await asked.memories().find_all(asked.turn.user_id, std::move(ids)));
  if (used.empty()) co_return say("No memory was used for my last answer. Write /why and a memory's words to ask about one.");
  CommandAnswer answer;
  answer.text = "For my last answer I had in mind:\n" + number_memories(used) + "\n/why NUMBER says where one comes from.";
  json::array shown;
  for (const Memory& memory : used) shown.emplace_back(memory.id);
  answer.extra["shown"] = std::move(shown);
  co_return answer;
}

awaitable<Result<CommandAnswer>> explain(Asked asked) {
  if (asked.argument.empty()) co_return co_await explain_last_answer(asked);
  CO_TRY(const std::string id, co_await memory_meant(asked));
  if (id.empty()) co_return say(fmt::format("I remember nothing about \"{}\".", asked.argument));
  const auto versions = co_await asked.memories().history(asked.turn.user_id, id);
  if (versions.has_error()) {
    if (versions.error().code != Code::not_found) co_return versions.error();
    co_return say("I have no such memory.");
  }
  MemoryAccount account;
  account.versions = *versions;
  CO_TRY(account.uses, co_await asked.memories().uses(asked.turn.user_id, id));
  CO_TRY(account.replaced, co_await asked.memories().superseded_by(asked.turn.user_id, id));
  std::vector<std::string> successor;
  if (const std::string& by = account.versions.back().memory.superseded_by; !by.empty()) successor.push_back(by);
  CO_TRY(account.successors, co_await asked.memories().find_all(asked.turn.user_id, std::move(successor)));
  co_return say(describe_account(account));
}

// /undo

awaitable<Result<MemoryChange>> take_back(Asked asked) {
  const std::string cause = "command";
  std::string change_id = asked.argument;
  if (!change_id.starts_with("chg_")) {
    CO_TRY(const MemoryChange last, co_await asked.memories().last_change(asked.turn.user_id, asked.argument));
    change_id = last.id;
  }
  co_return co_await asked.memories().undo_as(asked.change_id(), asked.turn.user_id, change_id, cause, Durability::synced);
}

awaitable<Result<CommandAnswer>> undo(Asked asked) {
  const std::string& what = asked.argument;
  if (!what.empty() && !what.starts_with("chg_") && !what.starts_with("mem_"))
    co_return say("/undo takes back the last change of your memories; /undo and the id of a memory or a change takes that back.");
  auto change = co_await asked.memories().find_change(asked.turn.user_id, asked.change_id());
  if (change.has_error() && change.error().code == Code::not_found) change = co_await take_back(asked);
  if (change.has_value()) co_return say(describe_undo(*change));
  if (change.error().code != Code::not_found && change.error().code != Code::invalid) co_return change.error();
  co_return say("Nothing was taken back: " + change.error().message + ".");
}

// /forget

CommandAnswer ask_what_to_forget(const ForgetPlan& plan, const Message& asked_in) {
  CommandAnswer answer;
  answer.text = "This would be gone for good:\n" + number_memories(plan.memories) +
                (plan.memories.size() == 1 ? "\n/forget yes deletes it" : "\n/forget yes deletes all of it, /forget 1,3 only those") +
                "; /forget yes with messages also the messages it comes from. Anything else keeps it.";
  json::array ids;
  for (const Memory& memory : plan.memories) ids.emplace_back(memory.id);
  answer.extra["forget"] = std::move(ids);
  answer.extra["asked_in"] = asked_in.id;
  return answer;
}

struct ForgetChoice {
  std::vector<std::string> ids;
  WithMessages messages = WithMessages::no;
};

/// What "yes", "all" or numbers choose of what was shown, with or without "with messages". none: it is no answer.
std::optional<ForgetChoice> read_choice(std::string_view text, const std::vector<std::string>& shown) {
  ForgetChoice choice;
  std::string words = to_lower_ascii(text);
  for (const std::string_view end : {" with messages", " with the messages"})
    if (words.ends_with(end)) {
      choice.messages = WithMessages::yes;
      words.resize(words.size() - end.size());
      break;
    }
  words = std::string(trim(words));
  if (words == "yes" || words == "all") {
    choice.ids = shown;
    return choice;
  }
  const auto places = read_numbers(words, shown.size());
  if (!places) return std::nullopt;
  for (const std::size_t place : *places) choice.ids.push_back(shown[place]);
  return choice;
}

bool looks_like_choice(std::string_view text) { return read_choice(text, std::vector<std::string>(99)).has_value(); }

/// Deletes what was chosen, and the two messages in which it was shown: they hold its words.
awaitable<Result<CommandAnswer>> forget_chosen(Asked asked, Message question, ForgetChoice choice) {
  const std::size_t count = choice.ids.size();
  choice.ids.push_back(question.id);
  if (const std::string_view asked_in = string_or(question.extra, "asked_in"); !asked_in.empty()) choice.ids.emplace_back(asked_in);
  const auto receipt = co_await asked.context.forgetting->erase(asked.turn.user_id, std::move(choice.ids), choice.messages);
  if (receipt.has_error()) {
    if (receipt.error().code != Code::not_found) co_return receipt.error();
    co_return say("Nothing was deleted: some of it is gone already. Ask again with /forget.");
  }
  co_return say(describe_forget(count, *receipt));
}

awaitable<Result<CommandAnswer>> forget(Asked asked) {
  if (!asked.context.forgetting) co_return say("Forgetting isn't available here.");
  if (asked.argument.empty()) co_return say("What shall I forget? Write /forget and what it is about.");
  CO_TRY(std::optional<Message> reply, co_await last_reply(asked));
  const std::vector<std::string> shown = reply ? ids_at(reply->extra, "forget") : std::vector<std::string>();
  if (!shown.empty())
    if (auto choice = read_choice(asked.argument, shown))
      co_return co_await forget_chosen(asked, *std::move(reply), *std::move(choice));
  if (looks_like_choice(asked.argument)) co_return say("Nothing waits to be forgotten. Write /forget and what it is about.");
  CO_TRY(const ForgetPlan plan,
         co_await asked.context.forgetting->find(asked.turn.user_id, asked.argument, WithMessages::no, kMostToForget));
  if (plan.memories.empty())
    co_return say(fmt::format("I remember nothing about \"{}\". What was said stays in the record; conversation.delete and memory.forget "
                              "with messages remove it.",
                              asked.argument));
  co_return ask_what_to_forget(plan, asked.message);
}

}  // namespace

bool is_memory_command(std::string_view name) {
  return name == "remember" || name == "memories" || name == "why" || name == "undo" || name == "forget";
}

awaitable<Result<CommandAnswer>> answer_memory_command(const AgentContext& context, const Turn& turn, const Message& message,
                                                       std::string name, std::string argument) {
  Asked asked{context, turn, message, std::move(argument)};
  if (name == "remember") co_return co_await remember(asked);
  if (name == "memories") co_return co_await show_memories(asked);
  if (name == "why") co_return co_await explain(asked);
  if (name == "undo") co_return co_await undo(asked);
  co_return co_await forget(asked);
}

}  // namespace hobd

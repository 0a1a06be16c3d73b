#include "agent/memory_answers.hpp"

#include "base/text.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace hobd {
namespace {

constexpr std::size_t kShownBytes = 300;
constexpr std::size_t kShownSources = 5;
constexpr std::size_t kShownChanges = 8;

std::string day(Time time) { return format_time(time).substr(0, 10); }

std::string shown(std::string_view text) {
  std::string line(utf8_prefix(text, kShownBytes));
  std::ranges::replace(line, '\n', ' ');
  return line.size() < text.size() ? line + "…" : line;
}

std::string describe_source(const MemorySource& source) {
  if (source.message_id.empty() && source.quote.empty()) return fmt::format("Given by hand on {}.", day(source.at));
  const char* who = source.said_by == SaidBy::owner ? "You said" : source.said_by == SaidBy::assistant ? "I said" : "From outside";
  return fmt::format("{} on {}: “{}”", who, day(source.at), shown(source.quote));
}

std::string describe_change(const MemoryVersion& version) {
  std::string what = version.removed ? "removed" : fmt::format("now “{}”", shown(version.memory.text));
  if (!version.reason.empty()) what += fmt::format(" ({})", shown(version.reason));
  if (!version.undone_by.empty()) what += ", taken back since";
  return fmt::format("{}: {}", day(version.at), what);
}

}  // namespace

std::string number_memories(const std::vector<Memory>& memories) {
  std::string text;
  for (std::size_t i = 0; i < memories.size(); ++i)
    text += fmt::format("{}{}. {} ({}, {})", i ? "\n" : "", i + 1, shown(memories[i].text), memory_kind_name(memories[i].kind),
                        day(memories[i].recorded_at));
  return text;
}

std::string describe_note(const Learning::Noted& noted, std::string_view other) {
  const std::string text = shown(noted.memory.text);
  switch (noted.verdict.kind) {
    case Verdict::Kind::added: return "I'll remember: " + text;
    case Verdict::Kind::merged: return "I knew that, and note that you said it again: " + text;
    case Verdict::Kind::superseded:
      return other.empty() ? "I'll remember: " + text : fmt::format("I'll remember: {}\nIt takes the place of: {}", text, shown(other));
    case Verdict::Kind::corrected: return "Corrected: " + text;
    case Verdict::Kind::refused: break;
  }
  return fmt::format("I didn't keep that: {}.", noted.verdict.reason.empty() ? "it says nothing to remember" : noted.verdict.reason);
}

std::string describe_account(const MemoryAccount& account) {
  const MemoryVersion& last = account.versions.back();
  const Memory& memory = last.memory;
  std::string text = fmt::format("{} ({}, {})", shown(memory.text), memory_kind_name(memory.kind), memory.id);
  for (std::size_t i = 0; i < std::min(memory.sources.size(), kShownSources); ++i) text += "\n" + describe_source(memory.sources[i]);
  if (memory.sources.size() > kShownSources) text += fmt::format("\n… and {} more times.", memory.sources.size() - kShownSources);
  const std::size_t first = account.versions.size() > kShownChanges ? account.versions.size() - kShownChanges : 0;
  if (account.versions.size() > 1)
    for (std::size_t i = first; i < account.versions.size(); ++i) text += "\n" + describe_change(account.versions[i]);
  if (memory.valid_to) text += fmt::format("\nTrue until {}.", day(*memory.valid_to));
  for (const Memory& successor : account.successors) text += fmt::format("\nIts place was taken by: {}", shown(successor.text));
  for (const Memory& replaced : account.replaced) text += fmt::format("\nIt took the place of: {}", shown(replaced.text));
  if (last.removed) text += "\nIt is removed; /undo " + memory.id + " brings it back.";
  if (!account.uses.empty())
    text += fmt::format("\nUsed for {} answer{}, last on {}.", memory.access_count, memory.access_count == 1 ? "" : "s",
                        day(account.uses.front().at));
  return text;
}

std::string describe_undo(const MemoryChange& change) {
  std::string text = "Done. " + shown(change.summary);
  for (const MemoryEdit& edit : change.edits)
    text += fmt::format("\n- {}: {}", edit.kind == MemoryEdit::Kind::remove ? "no longer remembered" : "again as it was", shown(edit.memory.text));
  return text + "\n/undo " + change.id + " does it again.";
}

std::string describe_forget(std::size_t chosen, const ForgetReceipt& receipt) {
  std::string text = fmt::format("Forgotten for good: {} memor{}", receipt.erased.memories > 0 ? static_cast<std::size_t>(receipt.erased.memories) : chosen,
                                 (receipt.erased.memories > 0 ? receipt.erased.memories : static_cast<std::int64_t>(chosen)) == 1 ? "y" : "ies");
  if (receipt.erased.messages > 0) text += fmt::format(" and {} message{}", receipt.erased.messages, receipt.erased.messages == 1 ? "" : "s");
  text += fmt::format(". Receipt {}.", receipt.erased.id);
  for (const std::string& note : receipt.notes) text += "\n" + note;
  return text;
}

}  // namespace hobd

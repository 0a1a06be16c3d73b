#include "memory/plain_note.hpp"

#include "base/text.hpp"
#include "store/store.hpp"

#include <algorithm>

namespace hobd {
namespace {

/// How many times a memory may move on under our hands before we give up.
constexpr int kMostTries = 5;

std::string folded(std::string_view text) {
  std::string out;
  for (const char c : to_lower_ascii(trim(text))) {
    const bool is_space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (is_space && out.ends_with(' ')) continue;
    out += is_space ? ' ' : c;
  }
  if (out.ends_with('.')) out.pop_back();
  return out;
}

awaitable<Result<std::optional<Memory>>> find_same(Memories& memories, std::string user_id, std::string wanted) {
  const MemoryFilter current;
  PageRequest page{.limit = 500, .cursor = {}};
  do {
    CO_TRY(Page<Memory> found, co_await memories.list(user_id, current, page));
    for (Memory& memory : found.items)
      if (folded(memory.text) == wanted) co_return std::optional<Memory>(std::move(memory));
    page.cursor = std::move(found.next);
  } while (!page.cursor.empty());
  co_return std::optional<Memory>();
}

Memory new_memory(Proposal proposal) {
  Memory memory;
  memory.text = std::string(trim(proposal.text));
  memory.kind = proposal.kind;
  memory.importance = proposal.importance;
  memory.topics = std::move(proposal.topics);
  memory.people = std::move(proposal.people);
  memory.sources.push_back(std::move(proposal.source));
  memory.valid_from = proposal.valid_from;
  memory.valid_to = proposal.valid_to;
  return memory;
}

void merge_into(Memory& memory, const Proposal& proposal) {
  if (std::ranges::find(memory.sources, proposal.source) == memory.sources.end()) memory.sources.push_back(proposal.source);
  memory.importance = std::max(memory.importance, proposal.importance);
  for (const std::string& topic : proposal.topics)
    if (std::ranges::find(memory.topics, topic) == memory.topics.end()) memory.topics.push_back(topic);
  for (const std::string& person : proposal.people)
    if (std::ranges::find(memory.people, person) == memory.people.end()) memory.people.push_back(person);
}

Learning::Noted noted_as(Verdict::Kind kind, Memory memory, std::string reason) {
  Learning::Noted noted;
  noted.verdict.kind = kind;
  noted.verdict.memory_id = memory.id;
  noted.verdict.reason = std::move(reason);
  noted.change_id = memory.change_id;
  noted.memory = std::move(memory);
  return noted;
}

/// What an earlier call with this change's id did; none: there was none.
awaitable<Result<std::optional<Learning::Noted>>> earlier(Memories& memories, std::string user_id, std::string change_id) {
  if (change_id.empty()) co_return std::optional<Learning::Noted>();
  auto change = co_await memories.find_change(std::move(user_id), std::move(change_id));
  if (change.has_error()) {
    if (change.error().code != Code::not_found) co_return change.error();
    co_return std::optional<Learning::Noted>();
  }
  if (change->edits.empty()) co_return std::optional<Learning::Noted>();
  Memory memory = std::move(change->edits.front().memory);
  const auto kind = memory.version == 1 ? Verdict::Kind::added : Verdict::Kind::merged;
  co_return std::optional<Learning::Noted>(noted_as(kind, std::move(memory), std::move(change->edits.front().reason)));
}

}  // namespace

awaitable<Result<Learning::Noted>> note_plainly(Memories& memories, std::string user_id, Proposal proposal, std::string cause,
                                                std::string change_id) {
  CO_TRY(std::optional<Learning::Noted> done, co_await earlier(memories, user_id, change_id));
  if (done) co_return *std::move(done);
  for (int tries = 1;; ++tries) {
    CO_TRY(std::optional<Memory> same, co_await find_same(memories, user_id, folded(proposal.text)));
    MemoryChange change;
    change.id = change_id;
    change.user_id = user_id;
    change.cause = cause;
    MemoryEdit& edit = change.edits.emplace_back();
    edit.reason = same ? "said again" : "new";
    if (same) {
      edit.memory = *same;
      edit.expected_version = same->version;
      merge_into(edit.memory, proposal);
    } else {
      edit.memory = new_memory(proposal);
    }
    change.summary = (same ? "said again: " : "added: ") + std::string(utf8_prefix(edit.memory.text, 200));
    auto applied = co_await memories.apply(std::move(change), Durability::synced);
    if (applied.has_error() && applied.error().code == Code::overloaded && same && tries < kMostTries) continue;
    if (applied.has_error()) co_return applied.error();
    co_return noted_as(same ? Verdict::Kind::merged : Verdict::Kind::added, std::move(applied->front()), same ? "said again" : "new");
  }
}

}  // namespace hobd

#include "memory/consolidation_plan.hpp"

#include "base/text.hpp"
#include "memory/judge.hpp"
#include "memory/slots.hpp"
#include "store/erasure_set.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

namespace hobd {
namespace {

using std::chrono::hours;

/// A memory is held against so many others at most, those that share its rarest words.
constexpr std::size_t kMostNeighbours = 24;
/// A word that stands in more memories than this tells nothing about which two are alike.
constexpr std::size_t kCommonWord = 64;
constexpr std::size_t kMostSources = 20;
constexpr double kLeastStep = 0.05;     // of importance that is worth a version
constexpr double kPromotedTo = 0.9;
constexpr double kNeverDecays = 0.8;    // what can hurt when it is forgotten
constexpr double kDecaysTo = 0.1;
constexpr double kTrivial = 0.15;
constexpr auto kEpisodeAge = hours(7 * 24);
constexpr std::size_t kEventsForModel = 4, kEventsWithoutModel = 6, kMostEvents = 40;

Time said_at(const Memory& memory) {
  Time latest = memory.sources.empty() ? memory.recorded_at : Time{};
  for (const MemorySource& source : memory.sources) latest = std::max(latest, source.at);
  return latest == Time{} ? memory.recorded_at : latest;
}

bool is_owners(const Memory& memory) {
  return memory.sources.empty() ||
         std::any_of(memory.sources.begin(), memory.sources.end(), [](const MemorySource& source) { return source.said_by == SaidBy::owner; });
}

/// Given by hand, or asked for in so many words.
bool is_wanted(const Memory& memory) {
  if (memory.sources.empty()) return true;
  return std::any_of(memory.sources.begin(), memory.sources.end(), [](const MemorySource& source) {
    const std::string quote = to_lower_ascii(source.quote);
    return source.message_id.empty() || quote.find("remember") != std::string::npos || quote.find("don't forget") != std::string::npos;
  });
}

void unite(std::vector<std::string>& into, const std::vector<std::string>& more) {
  for (const std::string& one : more)
    if (std::none_of(into.begin(), into.end(), [&](const std::string& known) { return equals_ignore_case(known, one); })) into.push_back(one);
}

void name_in(json::object& extra, std::string_view member, const std::string& id) {
  json::value& list = extra[member];
  if (!list.is_array()) list = json::array{};
  if (std::find(list.get_array().begin(), list.get_array().end(), json::value(id)) == list.get_array().end()) list.get_array().push_back(json::value(id));
}

std::set<std::string> names_in(const Memory& memory, std::string_view member) {
  std::set<std::string> names;
  if (const json::array* list = array_at(memory.extra, member))
    for (const json::value& name : *list)
      if (name.is_string()) names.emplace(name.get_string());
  return names;
}

/// A memory as if it were said anew, to be held against another one.
Finding as_finding(const Memory& memory) {
  Finding finding;
  finding.proposal.text = memory.text;
  finding.proposal.kind = memory.kind;
  finding.proposal.people = memory.people;
  finding.proposal.topics = memory.topics;
  finding.proposal.source.at = said_at(memory);
  finding.proposal.valid_from = memory.valid_from;
  return finding;
}

bool may_be_one(const Memory& a, const Memory& b) {
  if (a.kind != b.kind || a.kind == MemoryKind::episode) return false;
  // What happens on two days happens twice.
  if (a.kind == MemoryKind::event) return a.valid_from == b.valid_from && a.valid_to == b.valid_to;
  return true;
}

class Planner {
 public:
  Planner(const std::vector<Memory>& current, const ConsolidationLimits& limits) : current_(current), limits_(limits) {}

  ConsolidationPlan run() {
    compare_all();
    for (const Memory& memory : current_) tend(memory);
    make_episodes();
    return choose();
  }

 private:
  /// Each pair that shares telling words, once.
  void compare_all() {
    std::vector<std::vector<std::string>> words;
    std::unordered_map<std::string, std::vector<std::size_t>> where;
    for (std::size_t i = 0; i < current_.size(); ++i) {
      words.push_back(content_terms(current_[i].text));
      for (const std::string& word : words.back()) where[word].push_back(i);
    }
    for (std::size_t i = 0; i < current_.size(); ++i) {
      std::map<std::size_t, double> near;
      for (const std::string& word : words[i]) {
        const auto& others = where[word];
        if (others.size() > kCommonWord) continue;
        for (const std::size_t other : others)
          if (other < i) near[other] += 1.0 / static_cast<double>(others.size());
      }
      std::vector<std::pair<double, std::size_t>> best;
      for (const auto& [other, weight] : near) best.emplace_back(weight, other);
      std::sort(best.rbegin(), best.rend());
      if (best.size() > kMostNeighbours) best.resize(kMostNeighbours);
      for (const auto& [weight, other] : best) compare(current_[other], current_[i]);
    }
  }

  void compare(const Memory& a, const Memory& b) {
    if (taken_.contains(a.id) || taken_.contains(b.id)) return;
    const bool b_is_newer = said_at(b) >= said_at(a);
    const Memory& older = b_is_newer ? a : b;
    const Memory& newer = b_is_newer ? b : a;
    const Relation relation = relation_of(as_finding(newer), older);
    if (relation == Relation::rival) return end(older, newer);
    if (!may_be_one(a, b)) return;
    // Both ways, or one says more: what shares only a part of its words is a memory of its own.
    if (relation == Relation::fuller) return merge(newer, older);
    if (relation == Relation::same) {
      const Relation back = relation_of(as_finding(older), newer);
      if (back == Relation::same || back == Relation::fuller) merge(content_terms(older.text).size() > content_terms(newer.text).size() ? older : newer,
                                                                    content_terms(older.text).size() > content_terms(newer.text).size() ? newer : older);
    }
  }

  void merge(const Memory& first, const Memory& second) {
    // The owner's words are never given up for somebody else's.
    const bool swaps = !is_owners(first) && is_owners(second);
    const Memory& kept = swaps ? second : first;
    const Memory& other = swaps ? first : second;
    Memory united = kept, gone = other;
    for (const MemorySource& source : other.sources)
      if (united.sources.size() < kMostSources && std::find(united.sources.begin(), united.sources.end(), source) == united.sources.end())
        united.sources.push_back(source);
    std::stable_sort(united.sources.begin(), united.sources.end(), [](const MemorySource& a, const MemorySource& b) { return a.at < b.at; });
    unite(united.topics, other.topics);
    unite(united.people, other.people);
    united.importance = std::max(kept.importance, other.importance);
    united.recorded_at = std::min(kept.recorded_at, other.recorded_at);
    if (!united.valid_from) united.valid_from = other.valid_from;
    name_in(united.extra, kMergedFrom, other.id);
    gone.superseded_at = limits_.now;
    gone.superseded_by = kept.id;
    add(ConsolidationOp::Kind::merge, "merged " + other.id + " into " + kept.id, {&kept, &other},
        {put(std::move(united), kept, "it says the same as " + other.id + ", whose sources it has now"),
         put(std::move(gone), other, "merged into " + kept.id + ", which says the same")});
  }

  void end(const Memory& older, const Memory& newer) {
    if (is_owners(older) && !is_owners(newer)) return;
    const Time until = newer.valid_from.value_or(said_at(newer));
    if (said_at(newer) <= said_at(older)) return;  // which came first can't be told
    Memory ended = older;
    if (!ended.valid_to || *ended.valid_to > until) ended.valid_to = ended.valid_from && *ended.valid_from > until ? *ended.valid_from : until;
    ended.superseded_at = limits_.now;
    ended.superseded_by = newer.id;
    add(ConsolidationOp::Kind::end, "ended " + older.id + " by " + newer.id, {&older, &newer},
        {put(std::move(ended), older, "both can't be true, and " + newer.id + " is newer")});
  }

  void tend(const Memory& memory) {
    if (taken_.contains(memory.id) || memory.kind == MemoryKind::episode) return;
    const double uses = static_cast<double>(memory.access_count);
    // How often it was said: an edit by hand says nothing more.
    const auto sources = static_cast<double>(std::count_if(memory.sources.begin(), memory.sources.end(), [](const MemorySource& source) { return !source.message_id.empty(); }));
    // By what it is worth in all, not by steps: the same uses never count twice.
    const double worth = std::min(kPromotedTo, 0.45 + 0.08 * std::log2(1 + uses) + 0.05 * std::max(0.0, sources - 1));
    if ((uses >= 3 || sources >= 3) && worth >= memory.importance + kLeastStep)
      return change_importance(memory, worth, ConsolidationOp::Kind::promote, "promoted ", "it is often used or said");
    const Time touched = std::max({memory.version_from, memory.recorded_at, memory.last_used_at.value_or(Time{})});
    const auto idle = std::chrono::duration<double>(limits_.now - touched);
    const double halves = idle / std::chrono::duration<double>(limits_.half_life);
    if (memory.importance <= kTrivial && memory.access_count == 0 && limits_.now - memory.recorded_at > 2 * limits_.half_life && !is_wanted(memory)) {
      MemoryEdit edit;
      edit.kind = MemoryEdit::Kind::remove;
      edit.memory = memory;
      edit.expected_version = memory.version;
      edit.reason = "it is trivial, old and was never used";
      return add(ConsolidationOp::Kind::prune, "pruned " + memory.id, {&memory}, {std::move(edit)});
    }
    if (memory.importance >= kNeverDecays || memory.importance <= kDecaysTo || halves < 0.25) return;
    const double left = std::max(kDecaysTo, memory.importance * std::pow(0.5, halves));
    if (memory.importance - left >= kLeastStep)
      change_importance(memory, left, ConsolidationOp::Kind::decay, "faded ", "it was not used for long");
  }

  void change_importance(const Memory& memory, double importance, ConsolidationOp::Kind kind, const char* verb, const char* why) {
    Memory changed = memory;
    changed.importance = std::round(importance * 100) / 100;
    add(kind, verb + memory.id + " from " + std::to_string(memory.version), {&memory}, {put(std::move(changed), memory, why)});
  }

  void make_episodes() {
    std::set<std::string> told;
    for (const Memory& memory : current_) told.merge(names_in(memory, kBuiltFrom));
    std::map<std::chrono::sys_days, std::vector<Memory>> days;
    for (const Memory& memory : current_) {
      if (memory.kind != MemoryKind::event || taken_.contains(memory.id) || told.contains(memory.id) || !is_owners(memory)) continue;
      const Time at = memory.valid_from.value_or(said_at(memory));
      if (limits_.now - at > kEpisodeAge) days[std::chrono::floor<std::chrono::days>(at)].push_back(memory);
    }
    for (auto& [day, events] : days) {
      if (events.size() < (limits_.has_model ? kEventsForModel : kEventsWithoutModel)) continue;
      if (events.size() > kMostEvents) events.resize(kMostEvents);
      add_episode(day, std::move(events));
    }
  }

  void add_episode(std::chrono::sys_days day, std::vector<Memory> events) {
    Memory episode;
    episode.kind = MemoryKind::episode;
    episode.text = episode_text(events);
    episode.valid_from = Time(day);
    episode.valid_to = Time(day + std::chrono::days(1));
    std::string key = "told of";
    for (const Memory& event : events) {
      name_in(episode.extra, kBuiltFrom, event.id);
      key += " " + event.id;
      episode.importance = std::max(episode.importance, event.importance);
      unite(episode.topics, event.topics);
      unite(episode.people, event.people);
      for (const MemorySource& source : event.sources)
        if (episode.sources.size() < kMostSources) episode.sources.push_back(source);
    }
    MemoryEdit edit;
    edit.memory = std::move(episode);
    edit.reason = "what happened on one day, together";
    std::vector<MemoryEdit> edits;
    edits.push_back(std::move(edit));
    add(ConsolidationOp::Kind::episode, std::move(key), {}, std::move(edits));
    if (!ops_.empty() && ops_.back().kind == ConsolidationOp::Kind::episode) ops_.back().events = std::move(events);
  }

  static MemoryEdit put(Memory memory, const Memory& before, std::string reason) {
    MemoryEdit edit;
    edit.memory = std::move(memory);
    edit.expected_version = before.version;
    edit.reason = std::move(reason);
    return edit;
  }

  void add(ConsolidationOp::Kind kind, std::string key, std::initializer_list<const Memory*> touched, std::vector<MemoryEdit> edits) {
    if (limits_.not_again.contains(key)) return;
    for (const Memory* memory : touched) taken_.insert(memory->id);
    ConsolidationOp op;
    op.kind = kind;
    op.key = std::move(key);
    op.reason = edits.front().reason;
    op.edits = std::move(edits);
    ops_.push_back(std::move(op));
  }

  ConsolidationPlan choose() {
    std::stable_sort(ops_.begin(), ops_.end(), [](const ConsolidationOp& a, const ConsolidationOp& b) { return a.kind < b.kind; });
    ConsolidationPlan plan;
    std::size_t removed = 0, episodes = 0;
    for (ConsolidationOp& op : ops_) {
      if (op.removes() && ++removed > limits_.most_removed) {
        ++plan.left_for_later;
        continue;
      }
      if (op.kind == ConsolidationOp::Kind::episode && ++episodes > limits_.most_episodes) {
        ++plan.left_for_later;
        continue;
      }
      plan.ops.push_back(std::move(op));
    }
    return plan;
  }

  const std::vector<Memory>& current_;
  const ConsolidationLimits& limits_;
  std::vector<ConsolidationOp> ops_;
  std::set<std::string> taken_;  // memories that an operation is about: one each a run
};

}  // namespace

std::string_view consolidation_op_name(ConsolidationOp::Kind kind) noexcept {
  switch (kind) {
    case ConsolidationOp::Kind::merge: return "merge";
    case ConsolidationOp::Kind::end: return "end";
    case ConsolidationOp::Kind::prune: return "prune";
    case ConsolidationOp::Kind::episode: return "episode";
    case ConsolidationOp::Kind::promote: return "promote";
    case ConsolidationOp::Kind::decay: return "decay";
  }
  return "";
}

ConsolidationPlan plan_consolidation(const std::vector<Memory>& current, const ConsolidationLimits& limits) {
  return Planner(current, limits).run();
}

}  // namespace hobd

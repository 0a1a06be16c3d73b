#include "memory/judge.hpp"

#include "base/id.hpp"
#include "base/text.hpp"
#include "memory/dates.hpp"
#include "memory/slots.hpp"
#include "memory/statements.hpp"

#include <algorithm>

namespace hobd {
namespace {

constexpr std::size_t kMostSources = 50;

bool holds(const std::vector<std::string>& list, std::string_view value) {
  return std::any_of(list.begin(), list.end(), [&](const std::string& each) { return equals_ignore_case(each, value); });
}
void join(std::vector<std::string>& into, const std::vector<std::string>& more) {
  for (const std::string& each : more)
    if (!holds(into, each)) into.push_back(each);
}

/// Words that turn a sentence into its contrary.
bool is_negative(std::string_view text) {
  constexpr std::string_view kList[] = {"not", "never", "dislikes", "hates", "quit", "stopped", "no", "left", "cancelled", "used", "without", "gave"};
  for (const Word& word : words_of_text(text))
    if (std::find(std::begin(kList), std::end(kList), word.text) != std::end(kList)) return true;
  return false;
}

std::vector<std::string> numbers_in(std::string_view text) {
  std::vector<std::string> numbers;
  for (const Word& word : words_of_text(text))
    if (std::isdigit(static_cast<unsigned char>(word.text[0]))) numbers.push_back(word.text);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

/// Whether each name in `text` (a capital inside the sentence) is one of `known` too.
bool names_within(std::string_view text, std::string_view known) {
  const auto words = words_of_text(text), others = words_of_text(known);
  return std::all_of(words.begin(), words.end(), [&](const Word& word) {
    return word.at == 0 || !word.is_capital || std::any_of(others.begin(), others.end(), [&](const Word& other) { return other.text == word.text; });
  });
}

bool begins_with_words(std::string_view longer, std::string_view shorter) {
  while (!shorter.empty() && shorter.back() == '.') shorter.remove_suffix(1);
  return longer.size() > shorter.size() && equals_ignore_case(longer.substr(0, shorter.size()), shorter) &&
         (longer[shorter.size()] == ' ' || longer[shorter.size()] == ',');
}

/// When what a note plans is over; none: it has no date.
std::optional<Time> planned_end(const Memory& memory) {
  const auto dates = find_dates(memory.text, memory.recorded_at);
  if (dates.empty()) return std::nullopt;
  return dates.back().to;
}

/// By what both texts say, when they fill no common place.
Relation compare_texts(std::string_view fresh, std::string_view old, const std::vector<std::string>& fresh_people,
                       const std::vector<std::string>& old_people) {
  if (equals_ignore_case(fresh, old)) return Relation::same;
  if (is_negative(fresh) != is_negative(old)) return Relation::unrelated;
  if (begins_with_words(fresh, old)) return Relation::fuller;
  if (begins_with_words(old, fresh)) return Relation::same;
  const auto a = content_terms(fresh), b = content_terms(old);
  const bool share_people = fresh_people.empty() || old_people.empty() ||
                            std::any_of(fresh_people.begin(), fresh_people.end(), [&](const std::string& each) { return holds(old_people, each); });
  if (!share_people || a.empty() || b.empty()) return Relation::unrelated;
  const auto numbers = numbers_in(fresh), old_numbers = numbers_in(old);
  const bool numbers_grow = std::includes(numbers.begin(), numbers.end(), old_numbers.begin(), old_numbers.end());
  const bool numbers_shrink = std::includes(old_numbers.begin(), old_numbers.end(), numbers.begin(), numbers.end());
  constexpr double kAlike = 0.8;
  constexpr std::size_t kLeastTerms = 3;
  const double within = share_within(b, a), around = share_within(a, b);
  if (numbers == old_numbers && within >= kAlike && around >= kAlike && a.size() >= 2)
    return a.size() > b.size() ? Relation::fuller : Relation::same;
  if (numbers_grow && within == 1 && b.size() >= kLeastTerms) return Relation::fuller;
  if (numbers_shrink && around == 1 && a.size() >= kLeastTerms) return Relation::same;
  return Relation::unrelated;
}

}  // namespace

Relation relation_of(const Finding& finding, const Memory& memory) {
  const Proposal& proposal = finding.proposal;
  const auto fresh = slot_of(proposal.text), old = slot_of(memory.text);
  if (!fresh || !old || !same_place(*fresh, *old)) {
    // One of two single places that differ is never the other's echo: "brother's name is Tom", "colleague's name is Tom".
    if (fresh && old && fresh->subject != old->subject) return Relation::unrelated;
    if (fresh && old && fresh->attribute.starts_with("taste ") && old->attribute.starts_with("taste ") && fresh->value != old->value)
      return Relation::unrelated;
    return compare_texts(proposal.text, memory.text, proposal.people, memory.people);
  }
  const bool is_date = fresh->attribute.starts_with("when ");
  if (is_date) {
    const auto over = planned_end(memory);
    if (over && *over <= proposal.source.at) return equals_ignore_case(proposal.text, memory.text) ? Relation::same : Relation::unrelated;
  }
  const auto terms = content_terms(proposal.text), old_terms = content_terms(memory.text);
  const bool says_more = terms.size() > old_terms.size() && share_within(old_terms, terms) == 1;
  if (same_value(*fresh, *old)) return says_more ? Relation::fuller : Relation::same;
  const auto value = content_terms(fresh->value), old_value = content_terms(old->value);
  if (value.size() > old_value.size() && share_within(old_value, value) == 1) return Relation::fuller;
  if (old_value.size() > value.size() && share_within(value, old_value) == 1 && finding.intent != Finding::Intent::corrects) return Relation::same;
  const bool is_single = fresh->is_single && old->is_single;
  if (is_single || finding.intent == Finding::Intent::corrects || (is_date && finding.is_change)) return Relation::rival;
  return Relation::unrelated;
}

double judged_importance(const Proposal& proposal) {
  double importance = std::clamp(proposal.importance, 0.05, 1.0);
  const std::string low = to_lower_ascii(proposal.text);
  const auto says = [&](std::initializer_list<std::string_view> list) {
    return std::any_of(list.begin(), list.end(), [&](std::string_view each) { return low.find(each) != std::string::npos; });
  };
  // What can hurt when it is forgotten, and what they are called.
  if (says({"allergic", "allergy", "intolerant", "diabet", "epilep", "diagnosed", "anaphyl", "pregnant"})) importance = std::max(importance, 0.85);
  if (low.starts_with("name is") || says({"to be called", "asks hob"})) importance = std::max(importance, 0.8);
  const std::string quote = to_lower_ascii(proposal.source.quote);
  if (quote.find("important") != std::string::npos || quote.find("never forget") != std::string::npos) importance = std::min(1.0, importance + 0.1);
  if (proposal.source.said_by == SaidBy::outside) importance = std::min(importance, 0.5);
  if (proposal.kind == MemoryKind::context) importance = std::min(importance, 0.6);
  return importance;
}

Judge::Judge(std::string user_id, std::vector<Memory> current, Time now) : user_id_(std::move(user_id)), now_(now) {
  for (Memory& memory : current) {
    auto each = std::make_unique<Case>();
    each->known_version = memory.version;
    each->memory = std::move(memory);
    cases_.push_back(std::move(each));
  }
}

bool Judge::is_in_force(const Memory& memory, Time at) const {
  return memory.superseded_by.empty() && !memory.superseded_at && (!memory.valid_to || *memory.valid_to > std::max(at, now_));
}

bool Judge::may_touch(const Finding& finding, const Case& each) const {
  if (finding.proposal.source.said_by == SaidBy::owner) return true;
  return std::none_of(each.memory.sources.begin(), each.memory.sources.end(), [](const MemorySource& source) { return source.said_by == SaidBy::owner; });
}

Judge::Pick Judge::pick_named(const Finding& finding) {
  Pick pick;
  const auto about = slot_of(finding.about);
  const auto terms = content_terms(finding.about);
  double best = 0;
  for (const auto& each : cases_) {
    const Memory& memory = each->memory;
    if (!is_in_force(memory, finding.proposal.source.at) || !may_touch(finding, *each)) continue;
    double score = 0;
    if (!finding.replaces.empty()) {
      // The newest that has the wrong words.
      const auto words = words_of_text(memory.text), wrong = words_of_text(finding.replaces);
      const auto found = std::search(words.begin(), words.end(), wrong.begin(), wrong.end(), [](const Word& a, const Word& b) { return a.text == b.text; });
      if (!wrong.empty() && found != words.end()) score = 1 + double(to_micros(memory.recorded_at)) * 1e-18;
    } else {
      const auto slot = slot_of(memory.text);
      const auto known = content_terms(memory.text);
      const double within = share_within(terms, known);
      if (about && slot && about->attribute.compare(0, 5, "when ") != 0) {
        if (!same_place(*about, *slot)) continue;
        const auto value = content_terms(about->value), old = content_terms(slot->value);
        if (same_value(*about, *slot) || share_within(value, old) == 1 || share_within(old, value) == 1) score = 3;
      } else {
        constexpr double kNear = 0.6;
        if (within >= kNear) score = within + share_within(known, terms);
        if (score > 0 && finding.proposal.kind == MemoryKind::event && memory.kind == MemoryKind::event) score += 0.5;
      }
    }
    if (score <= 0) continue;
    // Who stops working leaves both the place and the trade.
    const bool is_all = terms.size() == 1 && holds(finding.proposal.topics, "work");
    if (is_all || score > best) {
      if (!is_all) pick.cases.clear();
      pick.cases.push_back(each.get());
      best = std::max(best, score);
    }
  }
  if (!pick.cases.empty()) pick.relation = Relation::named;
  return pick;
}

Judge::Pick Judge::pick(const Finding& finding) {
  if (finding.intent == Finding::Intent::ends || !finding.replaces.empty()) return pick_named(finding);
  Pick pick;
  for (const auto& each : cases_) {
    if (!is_in_force(each->memory, finding.proposal.source.at)) continue;
    const Relation relation = relation_of(finding, each->memory);
    if (relation == Relation::unrelated) continue;
    // The same one found is stronger than a rival beside it; all rivals end.
    const bool is_closer = pick.relation == Relation::unrelated || (pick.relation == Relation::rival && relation != Relation::rival) ||
                           (pick.relation == Relation::fuller && relation == Relation::same);
    if (is_closer) {
      pick.relation = relation;
      pick.cases = {each.get()};
    } else if (relation == Relation::rival && pick.relation == Relation::rival) {
      pick.cases.push_back(each.get());
    }
  }
  if ((pick.relation == Relation::unrelated) && !finding.about.empty()) {
    Pick named = pick_named(finding);
    if (named.relation == Relation::named) return named;
  }
  if (pick.relation == Relation::unrelated && !recalled_.empty()) {
    // An echo of what the prompt recalled may be worded otherwise, but it names nobody else and fills no other place.
    constexpr double kEcho = 0.6;
    const auto slot = slot_of(finding.proposal.text);
    const auto terms = content_terms(finding.proposal.text);
    for (const auto& each : cases_) {
      if (std::find(recalled_.begin(), recalled_.end(), each->memory.text) == recalled_.end()) continue;
      if (is_negative(finding.proposal.text) != is_negative(each->memory.text) || numbers_in(finding.proposal.text) != numbers_in(each->memory.text)) continue;
      const auto place = slot_of(each->memory.text);
      if (slot && place && (!same_place(*slot, *place) || !same_value(*slot, *place))) continue;
      if (!names_within(finding.proposal.text, each->memory.text)) continue;
      const auto known = content_terms(each->memory.text);
      if (std::min(share_within(terms, known), share_within(known, terms)) >= kEcho) return {Relation::same, {each.get()}};
    }
  }
  return pick;
}

Verdict Judge::take(const Finding& finding) {
  Verdict verdict;
  const Proposal& proposal = finding.proposal;
  if (proposal.text.empty() && finding.intent != Finding::Intent::ends) {
    verdict.reason = "it says nothing";
    return verdict;
  }
  Pick found = pick(finding);
  const bool is_barred = std::any_of(found.cases.begin(), found.cases.end(), [&](const Case* each) { return !may_touch(finding, *each); });
  Outcome outcome = outcome_of(found.relation, finding.intent);
  if (is_barred) outcome = outcome == Outcome::merge ? Outcome::refuse : Outcome::add;
  if (!finding.replaces.empty() && found.cases.empty()) outcome = Outcome::refuse;
  switch (outcome) {
    case Outcome::refuse:
      verdict.reason = is_barred ? "the owner said it already" : "nothing that is known is meant";
      return verdict;
    case Outcome::add: {
      verdict.kind = Verdict::Kind::added;
      verdict.memory_id = add(finding).memory.id;
      return verdict;
    }
    case Outcome::merge:
    case Outcome::refine: {
      verdict.kind = Verdict::Kind::merged;
      verdict.memory_id = found.cases[0]->memory.id;
      merge(*found.cases[0], finding, outcome);
      return verdict;
    }
    case Outcome::correct: {
      verdict.kind = Verdict::Kind::corrected;
      verdict.memory_id = found.cases[0]->memory.id;
      correct(*found.cases[0], finding);
      return verdict;
    }
    case Outcome::supersede: {
      verdict.kind = Verdict::Kind::superseded;
      verdict.other_id = found.cases[0]->memory.id;
      Case& fresh = add(finding);
      if (!fresh.memory.valid_from) fresh.memory.valid_from = proposal.source.at;
      verdict.memory_id = fresh.memory.id;
      for (Case* old : found.cases) end(*old, finding, fresh.memory.id);
      return verdict;
    }
    case Outcome::end: {
      verdict.kind = Verdict::Kind::superseded;
      verdict.other_id = found.cases[0]->memory.id;
      for (Case* old : found.cases) end(*old, finding, {});
      return verdict;
    }
  }
  return verdict;
}

Judge::Case& Judge::add(const Finding& finding) {
  const Proposal& proposal = finding.proposal;
  auto fresh = std::make_unique<Case>();
  Memory& memory = fresh->memory;
  memory.id = make_id("mem");
  memory.user_id = user_id_;
  memory.text = proposal.text;
  memory.kind = proposal.kind;
  memory.importance = judged_importance(proposal);
  memory.topics = proposal.topics;
  memory.people = proposal.people;
  memory.sources = {proposal.source};
  memory.valid_from = proposal.valid_from;
  memory.valid_to = proposal.valid_to;
  if (memory.valid_from && memory.valid_to && *memory.valid_to < *memory.valid_from) memory.valid_to.reset();
  memory.recorded_at = now_;
  fresh->is_touched = true;
  fresh->reason = "learned";
  // "I moved from Paris to Lyon": what the same message has ended goes on in this.
  const auto slot = slot_of(memory.text);
  for (const auto& each : cases_) {
    Memory& old = each->memory;
    if (!slot || !slot->is_single || !each->is_touched || !old.superseded_at || !old.superseded_by.empty()) continue;
    const auto place = slot_of(old.text);
    if (place && same_place(*place, *slot) && old.valid_to == proposal.valid_from.value_or(proposal.source.at)) old.superseded_by = memory.id;
  }
  cases_.push_back(std::move(fresh));
  return *cases_.back();
}

void Judge::merge(Case& into, const Finding& finding, Outcome outcome) {
  const Proposal& proposal = finding.proposal;
  Memory& memory = into.memory;
  const bool is_known = std::any_of(memory.sources.begin(), memory.sources.end(), [&](const MemorySource& source) {
    return source.message_id == proposal.source.message_id && source.quote == proposal.source.quote;
  });
  const double importance = std::max(memory.importance, judged_importance(proposal));
  const bool is_refined = outcome == Outcome::refine && memory.text != proposal.text;
  if (is_known && !is_refined) return;
  if (!is_known && memory.sources.size() < kMostSources) memory.sources.push_back(proposal.source);
  memory.importance = importance;
  join(memory.topics, proposal.topics);
  join(memory.people, proposal.people);
  if (is_refined) {
    memory.text = proposal.text;
    memory.recorded_at = now_;
    if (proposal.valid_to) memory.valid_to = proposal.valid_to;
  }
  if (proposal.valid_from && !memory.valid_from) memory.valid_from = proposal.valid_from;
  into.is_touched = true;
  into.reason = is_refined ? "said again, and more of it" : "said again";
}

void Judge::correct(Case& wrong, const Finding& finding) {
  const Proposal& proposal = finding.proposal;
  Memory& memory = wrong.memory;
  const std::string before = memory.text;
  if (finding.replaces.empty()) {
    memory.text = proposal.text;
    memory.kind = proposal.kind;
    memory.people = proposal.people;
    if (proposal.valid_from) memory.valid_from = proposal.valid_from;
    if (proposal.valid_to) memory.valid_to = proposal.valid_to;
  } else {
    const auto words = words_of_text(memory.text), bad = words_of_text(finding.replaces);
    const auto found = std::search(words.begin(), words.end(), bad.begin(), bad.end(), [](const Word& a, const Word& b) { return a.text == b.text; });
    const std::size_t at = found->at, end = (found + std::ptrdiff_t(bad.size()) - 1)->at + (found + std::ptrdiff_t(bad.size()) - 1)->size;
    memory.text.replace(at, end - at, proposal.text);
    for (std::string& person : memory.people)
      if (equals_ignore_case(person, finding.replaces)) person = proposal.text;
  }
  join(memory.topics, proposal.topics);
  memory.importance = std::max(memory.importance, judged_importance(proposal));
  if (memory.sources.size() < kMostSources) memory.sources.push_back(proposal.source);
  memory.recorded_at = now_;
  wrong.is_touched = true;
  wrong.reason = "corrected: " + std::string(utf8_prefix(proposal.source.quote, 200));
  // What was said of somebody by the wrong name is of them still.
  const auto old_slot = slot_of(before), new_slot = slot_of(memory.text);
  if (!old_slot || !new_slot || old_slot->attribute != "name" || new_slot->attribute != "name" || old_slot->subject.empty()) return;
  for (const auto& each : cases_) {
    if (each.get() == &wrong || !is_in_force(each->memory, proposal.source.at)) continue;
    const std::string low = to_lower_ascii(each->memory.text);
    const std::string full = old_slot->subject + " " + old_slot->value;
    const std::size_t at = low.find(full);
    if (at == std::string::npos) continue;
    std::string name = new_slot->value;
    if (!proposal.people.empty()) name = proposal.people.front();
    each->memory.text.replace(at + old_slot->subject.size() + 1, old_slot->value.size(), name);
    for (std::string& person : each->memory.people)
      if (equals_ignore_case(person, old_slot->value)) person = name;
    each->is_touched = true;
    each->reason = wrong.reason;
  }
}

void Judge::end(Case& old, const Finding& finding, std::string successor) {
  Memory& memory = old.memory;
  const Time said = finding.proposal.source.at;
  Time until = finding.proposal.valid_from.value_or(said);
  // A clock that went back must not end it before it began.
  if (memory.valid_from && until < *memory.valid_from) until = *memory.valid_from;
  memory.valid_to = until;
  memory.superseded_by = std::move(successor);
  memory.superseded_at = now_;
  old.is_touched = true;
  old.reason = "ended: " + std::string(utf8_prefix(finding.proposal.source.quote, 200));
}

std::vector<MemoryEdit> Judge::edits() const {
  std::vector<MemoryEdit> edits;
  for (const auto& each : cases_) {
    if (!each->is_touched) continue;
    MemoryEdit edit;
    edit.memory = each->memory;
    edit.expected_version = each->known_version;
    edit.reason = each->reason;
    edits.push_back(std::move(edit));
  }
  return edits;
}

const Memory* Judge::find(std::string_view memory_id) const {
  for (const auto& each : cases_)
    if (each->memory.id == memory_id) return &each->memory;
  return nullptr;
}

}  // namespace hobd

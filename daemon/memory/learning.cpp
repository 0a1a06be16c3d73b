#include "memory/learning.hpp"

#include "base/id.hpp"
#include "base/log.hpp"
#include "base/sent_text.hpp"
#include "base/text.hpp"
#include "memory/judge.hpp"
#include "memory/model_extractor.hpp"
#include "memory/pii.hpp"
#include "memory/recall.hpp"
#include "memory/rules_extractor.hpp"
#include "memory/slots.hpp"
#include "memory/statements.hpp"
#include "memory/waiting.hpp"
#include "plugins/turnstile.hpp"
#include "store/searches.hpp"
#include "store/terms.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <unordered_set>

namespace hobd {
namespace {

constexpr std::uint32_t kBatch = 32;          // messages read at once
constexpr std::size_t kMostWaiting = 10'000;  // users; those beyond come with the next start or their next turn
constexpr std::size_t kMostWorkers = 4;
constexpr std::size_t kMostKnown = 20;        // notes that a model is shown
constexpr std::size_t kMostHeld = 2'000;      // memories that a finding is judged against, newest first
constexpr std::size_t kMostNoteBytes = 8 * 1024;
/// What was said longer ago isn't kept waiting for room that a small limit may never have: others wait behind it.
constexpr std::chrono::hours kLongestWait{48};
constexpr int kMostRounds = 5;                // of judging anew because a memory moved on meanwhile

/// The owner's messages of one turn, and what stood around them.
struct Unit {
  Lesson lesson;
  std::vector<Utterance> outside;  // of others
  std::string turn_id, session_id, conversation_id, channel, first_id;
  std::string upto;                // learning is done up to here with it
  std::vector<std::string> recalled;
};

class LearningImpl final : public Learning {
 public:
  LearningImpl(LearningContext context, LearningOptions options)
      : context_(std::move(context)), options_(options), rest_(context_.core), tasks_(context_.core) {}

  awaitable<Result<Noted>> note(std::string user_id, Proposal proposal, std::string cause) override {
    const std::string_view text = trim(proposal.text);
    if (text.empty()) co_return Error{Code::invalid, "a memory needs a text"};
    if (text.size() > kMostNoteBytes) co_return Error{Code::invalid, fmt::format("a memory is at most {} bytes long", kMostNoteBytes)};
    proposal.text = std::string(text);
    if (proposal.source.at == Time{}) proposal.source.at = context_.clock->now();
    const std::vector<Finding> findings = findings_of_note(proposal);
    Judged judged;
    judged.user_id = std::move(user_id);
    judged.cause = std::move(cause);
    judged.summary = "noted: " + std::string(utf8_prefix(proposal.text, 80));
    const std::shared_ptr<Person> person = person_of(judged.user_id);
    const auto passage = co_await person->writing.async_pass();
    CO_TRY(Outcomes outcomes, co_await judge_and_apply(std::move(judged), findings, Durability::synced));
    Noted noted;
    noted.change_id = std::move(outcomes.change_id);
    noted.verdict = outcomes.verdicts.empty() ? Verdict{} : outcomes.verdicts.front();
    const std::string& id = noted.verdict.memory_id.empty() ? noted.verdict.other_id : noted.verdict.memory_id;
    for (Memory& memory : outcomes.made)
      if (memory.id == id) noted.memory = std::move(memory);
    if (noted.memory.id.empty() && !id.empty()) {
      CO_TRY(noted.memory, co_await context_.store->memories().find(person->id, id));
    }
    co_return noted;
  }

  void wake(std::string user_id) override {
    if (at_work_->is_stopped) return;
    if (at_work_->waiting.contains(user_id)) {
      at_work_->again.insert(std::move(user_id));
      return;
    }
    if (at_work_->waiting.size() >= kMostWaiting) return;
    at_work_->waiting.insert(user_id);
    queue_.push_back(std::move(user_id));
    if (at_work_->workers >= kMostWorkers) return;
    ++at_work_->workers;
    tasks_.spawn("learning", work());
  }

  awaitable<Result<void>> catch_up(std::string user_id) override {
    return learn_all(std::move(user_id), Pace::at_once);
  }

  void room_again() override { rest_.cancel(); }

  awaitable<void> resume() override {
    const auto users = co_await context_.store->memories().users_to_learn();
    if (users.has_error()) {
      log::warn("memory", "what waits to be learned from can't be read: {}", users.error().message);
      co_return;
    }
    for (const std::string& user : *users) wake(user);
  }

  void set_config(std::shared_ptr<const Config> config) override { context_.config = std::move(config); }
  void give_way_to(std::function<bool()> is_busy) override { is_busy_ = std::move(is_busy); }

  awaitable<void> stop(std::chrono::milliseconds limit) override {
    at_work_->is_stopped = true;
    queue_.clear();
    at_work_->waiting.clear();
    at_work_->again.clear();
    tasks_.cancel();
    co_await tasks_.async_wait(limit);
  }

 private:
  enum class Pace { at_once, behind_turns };

  /// What is kept of a user while the daemon runs: their order.
  struct Person {
    Person(std::string user_id, const asio::any_io_executor& core) : id(std::move(user_id)), learning(core), writing(core) {}
    std::string id;
    Turnstile learning;  // one batch after another
    Turnstile writing;   // one judgement after another
  };
  struct AtWork {
    std::unordered_set<std::string> waiting;  // in the queue or being learned from
    std::unordered_set<std::string> again;    // of those: their last turn may have ended behind the worker's back
    std::size_t workers = 0;
    bool is_stopped = false;
  };
  struct Judged {
    std::string user_id, cause, summary, learned_upto;
    std::vector<std::string> recalled;
  };
  struct Outcomes {
    std::vector<Verdict> verdicts;
    std::vector<Memory> made;
    std::string change_id;
  };

  std::shared_ptr<Person> person_of(const std::string& user_id) {
    std::shared_ptr<Person>& person = people_[user_id];  // shared with those who pass its turnstiles
    if (!person) person = std::make_shared<Person>(user_id, context_.core);
    return person;
  }

  awaitable<void> work() {
    struct Leaving {
      std::shared_ptr<AtWork> at_work;
      ~Leaving() { --at_work->workers; }
    } leaving{at_work_};
    struct Learned {
      AtWork& at_work;
      const std::string& user_id;
      ~Learned() { at_work.waiting.erase(user_id); }
    };
    while (!queue_.empty()) {
      const std::string user_id = std::move(queue_.front());
      queue_.pop_front();
      {
        const Learned done{*leaving.at_work, user_id};
        const auto learned = co_await learn_all(user_id, Pace::behind_turns);
        // A user who is gone meanwhile has nothing to teach; everything else waits for the next turn.
        if (learned.has_error() && learned.error().code != Code::not_found)
          log::warn("memory", "learning stopped for {}: {}", user_id, learned.error().message);
      }
      if (leaving.at_work->is_stopped) co_return;
      if (at_work_->again.erase(user_id) > 0) wake(user_id);
    }
  }

  awaitable<Result<void>> learn_all(std::string user_id, Pace pace) {
    const std::shared_ptr<Person> person = person_of(user_id);
    for (bool is_more = true; is_more;) {
      if (pace == Pace::behind_turns && is_busy_) co_await give_way();
      const auto passage = co_await person->learning.async_pass();
      CO_TRY(is_more, co_await learn_batch(*person));
    }
    co_return Result<void>{};
  }

  /// Until no turn runs, or for as long as one may be held back.
  awaitable<void> give_way() {
    const auto end = context_.clock->steady() + options_.longest_held;
    asio::steady_timer timer(context_.core);
    boost::system::error_code stopped;
    do {
      timer.expires_after(options_.quiet);
      co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, stopped));
    } while (!stopped && is_busy_() && context_.clock->steady() < end);
  }

  /// False when nothing is left, or what is left has to wait.
  awaitable<Result<bool>> learn_batch(Person& person) {
    CO_TRY(const std::vector<Message> messages, co_await context_.store->memories().unlearned(person.id, kBatch));
    if (messages.empty()) co_return false;
    std::vector<Unit> units = units_of(messages);
    for (Unit& unit : units) {
      CO_TRY(const bool is_done, co_await learn_unit(person, unit));
      if (!is_done) co_return false;
    }
    co_return true;
  }

  /// Cuts messages in the order of the mark into what each turn's user said.
  std::vector<Unit> units_of(const std::vector<Message>& messages) const {
    std::vector<Unit> units;
    for (const Message& message : messages) {
      const bool says = message.role == "user" && !trim(message.text).empty();
      if (units.empty() || (says && units.back().turn_id != message.turn_id)) {
        Unit& unit = units.emplace_back();
        unit.turn_id = message.turn_id;
        unit.session_id = message.session_id;
        unit.conversation_id = message.conversation_id;
        unit.first_id = message.id;
      }
      Unit& unit = units.back();
      unit.upto = message.id;
      if (says && !is_command(message.text)) {
        Message own = message;
        own.text = own_words(message.text);
        unit.lesson.said.push_back(std::move(own));
      }
    }
    // An answer may stand behind what others said meanwhile.
    for (Unit& unit : units)
      for (const Message& message : messages)
        if (message.turn_id == unit.turn_id && message.role == "assistant") unit.lesson.reply = message.text;
    return units;
  }

  /// False: what this turn taught has to wait.
  awaitable<Result<bool>> learn_unit(Person& person, Unit& unit) {
    std::vector<Finding> findings;
    if (!unit.lesson.said.empty() && context_.config->memory.learn != MemoryLearn::off) {
      CO_CHECK(co_await read_surroundings(person, unit));
      CO_TRY(std::optional<std::vector<Finding>> found, co_await extract(person, unit));
      if (!found) co_return false;
      findings = *std::move(found);
    }
    Judged judged;
    judged.user_id = person.id;
    judged.cause = "learning";
    judged.summary = unit.lesson.said.empty() ? std::string() : "learned from: " + std::string(utf8_prefix(trim(unit.lesson.said.front().text), 80));
    judged.learned_upto = unit.upto;
    judged.recalled = std::move(unit.recalled);
    const auto passage = co_await person.writing.async_pass();
    CO_TRY(const Outcomes outcomes, co_await judge_and_apply(std::move(judged), findings, Durability::journaled));
    co_return true;
  }

  /// Who spoke, what was said before, and what the turn had recalled.
  awaitable<Result<void>> read_surroundings(const Person& person, Unit& unit) {
    constexpr std::uint32_t kBefore = 12;
    Store& store = *context_.store;
    CO_TRY(const std::vector<Message> before, co_await store.conversations().recent(person.id, unit.session_id, unit.first_id, kBefore));
    bool is_game = false;
    for (const Message& message : before) {
      if (message.role == "assistant") unit.lesson.before = message.text;
      if (message.role != "user") continue;
      unit.lesson.before.clear();
      if (const FictionTurn turn = fiction_turn(message.text); turn != FictionTurn::none) is_game = turn == FictionTurn::begins;
    }
    CO_TRY(const Turn turn, co_await store.journal().find_turn(person.id, unit.turn_id));
    unit.channel = turn.channel;
    CO_TRY(const std::vector<Step> steps, co_await store.journal().steps(person.id, unit.turn_id));
    for (const Step& step : steps) {
      const json::array* items = step.kind == "recalled" ? array_at(step.data, "items") : nullptr;
      if (!items) continue;
      for (const json::value& item : *items)
        if (item.is_object() && string_or(item.as_object(), "source") == "memory") unit.recalled.emplace_back(string_or(item.as_object(), "text"));
    }
    // A client of the API may name another speaker than the user it speaks for.
    const std::string_view owner = string_or(turn.request, "user_name");
    std::vector<Message> own;
    for (Message& message : unit.lesson.said) {
      if (fiction_turn(message.text) == FictionTurn::ends) is_game = false;
      if (is_game) continue;
      if (!message.speaker.empty() && !owner.empty() && message.speaker != owner) {
        unit.outside.push_back({message.id, message.text, message.at, message.speaker});
      } else {
        own.push_back(std::move(message));
      }
    }
    unit.lesson.said = std::move(own);
    co_return Result<void>{};
  }

  /// None: it has to wait, for a model or for the budget.
  awaitable<Result<std::optional<std::vector<Finding>>>> extract(const Person& person, Unit& unit) {
    std::vector<Finding> findings;
    const MemoryLearn mode = context_.config->memory.learn;
    bool is_asked = false;
    if (mode != MemoryLearn::rules && is_worth_asking(unit.lesson)) {
      const bool has_model = context_.router->has_model() && context_.clock->steady() >= model_rests_until_;
      const CallFor call = call_for(person, unit);
      Leave leave = Leave::without;
      if (has_model) leave = co_await leave_to_call(context_.spare, call);
      if (leave == Leave::later || (leave == Leave::without && mode == MemoryLearn::model)) {
        defer(person);
        co_return std::optional<std::vector<Finding>>();
      }
      if (leave == Leave::ask) {
        std::string words = said_in(unit.lesson);
        CO_TRY(const std::vector<Memory> held, co_await current_memories(person.id, std::move(words)));
        unit.lesson.known = near_notes(held, unit.lesson);
        const Result<ModelFindings> answer = co_await ask_model(unit.lesson, call);
        if (answer.has_error()) leave = co_await leave_to_call(context_.spare, call);
        const bool is_old = context_.clock->now() - unit.lesson.said.front().at > kLongestWait;
        if (answer.has_error() && waits_for_room(context_.spare, answer.error()) && !is_old) leave = Leave::later;
        if (answer.has_error() && (leave == Leave::later || mode == MemoryLearn::model)) {
          defer(person);
          co_return std::optional<std::vector<Finding>>();
        }
        is_asked = answer.has_value() && (answer->is_answer || mode == MemoryLearn::model);
        if (is_asked) findings = answer->findings;
        if (is_asked && answer->refused > 0) log::debug("memory", "{} of a model's proposals were refused", answer->refused);
      }
    }
    if (!is_asked && mode != MemoryLearn::model)
      for (const Message& message : unit.lesson.said)
        for (Finding& finding : extract_by_rules({message.id, message.text, message.at, {}})) findings.push_back(std::move(finding));
    for (const Utterance& utterance : unit.outside)
      for (Finding& finding : extract_by_rules(utterance)) findings.push_back(std::move(finding));
    if (findings.size() > kMostFindings) findings.resize(kMostFindings);
    co_return std::optional<std::vector<Finding>>(std::move(findings));
  }

  /// Asks, and again after a pause when the model can't be reached; then leaves it alone for a while.
  awaitable<Result<ModelFindings>> ask_model(const Lesson& lesson, CallFor call) {
    auto pause = options_.first_pause;
    for (int attempt = 1;; ++attempt) {
      ModelRequest request;
      request.model = background_model(*context_.config);
      request.chat = extraction_chat(lesson);
      request.deadline = options_.call_deadline;
      request.call = call;
      // Where what was learned can't be written the same is asked again: it is paid once.
      request.is_deterministic = true;
      std::function<void(std::string_view)> nobody_listens;
      const Result<ModelAnswer> answer = co_await context_.router->complete(std::move(request), std::move(nobody_listens));
      if (answer.has_value()) co_return findings_of_answer(answer->text, lesson);
      const Code code = answer.error().code;
      // A limit that was reached meanwhile is no fault of the model's.
      const Leave leave = co_await leave_to_call(context_.spare, call);
      if (leave != Leave::ask || waits_for_room(context_.spare, answer.error())) co_return answer.error();
      const bool may_pass = code == Code::unavailable || code == Code::timeout || code == Code::overloaded;
      if (!may_pass || attempt >= options_.tries) {
        log::warn("memory", "no model to learn with, the rules do: {}", answer.error().message);
        model_rests_until_ = context_.clock->steady() + options_.rest;
        co_return answer.error();
      }
      asio::steady_timer timer(context_.core, pause);
      co_await timer.async_wait(asio::use_awaitable);
      pause *= 4;
    }
  }

  static CallFor call_for(const Person& person, const Unit& unit) {
    CallFor call;
    call.user_id = person.id;
    call.channel = unit.channel;
    call.conversation_id = unit.conversation_id;
    call.purpose = Purpose::extraction;
    call.is_background = true;
    return call;
  }

  /// What this one taught waits; it is looked after again when a rest has passed, or after the next turn.
  void defer(const Person& person) {
    deferred_.insert(person.id);
    if (std::exchange(is_resting_, true)) return;
    tasks_.spawn("learning waits", come_again());
  }

  awaitable<void> come_again() {
    rest_.expires_after(options_.rest);
    boost::system::error_code ignored;  // it is cut short by room_again() and by stop()
    co_await rest_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    is_resting_ = false;
    if (at_work_->is_stopped) co_return;
    for (const std::string& user : std::exchange(deferred_, {})) wake(user);
  }

  static std::string said_in(const Lesson& lesson) {
    std::string said;
    for (const Message& message : lesson.said) said += std::string(utf8_prefix(message.text, 4096)) + "\n";
    return said + lesson.before;
  }

  /// The notes that share most with what was said, best first.
  static std::vector<std::string> near_notes(const std::vector<Memory>& held, const Lesson& lesson) {
    const std::vector<std::string> words = content_terms(said_in(lesson));
    std::vector<std::pair<double, const Memory*>> scored;
    for (const Memory& memory : held) {
      const double share = share_within(content_terms(memory.text), words);
      if (share > 0) scored.emplace_back(share, &memory);
    }
    std::stable_sort(scored.begin(), scored.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<std::string> notes;
    for (const auto& [share, memory] : scored)
      if (notes.size() < kMostKnown) notes.emplace_back(utf8_prefix(memory->text, 300));
    return notes;
  }

  /// What a finding is judged against: the newest memories, and of older ones those that share a word with `words`.
  awaitable<Result<std::vector<Memory>>> current_memories(const std::string& user_id, std::string words) {
    std::vector<Memory> held;
    const MemoryFilter in_force;  // a temporary in the calls would be destroyed twice
    PageRequest page;
    page.limit = 500;
    do {
      CO_TRY(Page<Memory> part, co_await context_.store->memories().list(user_id, in_force, page));
      std::move(part.items.begin(), part.items.end(), std::back_inserter(held));
      page.cursor = std::move(part.next);
    } while (!page.cursor.empty() && held.size() < kMostHeld);
    if (page.cursor.empty()) co_return held;
    CandidateQuery query;
    query.user_id = user_id;
    query.terms = query_terms(words);
    CO_TRY(MemoryCandidates older, co_await context_.store->searches().memories(std::move(query), in_force));
    std::unordered_set<std::string> known;
    for (const Memory& memory : held) known.insert(memory.id);
    for (MemoryCandidate& candidate : older.items)
      if (known.insert(candidate.memory.id).second) held.push_back(std::move(candidate.memory));
    co_return held;
  }

  /// A note given by hand says what it says in its own words; what it is beyond that is read off them.
  static std::vector<Finding> findings_of_note(const Proposal& proposal) {
    std::vector<Finding> read = extract_by_rules({proposal.source.message_id, proposal.text, proposal.source.at, {}});
    const bool only_ends = !read.empty() && std::all_of(read.begin(), read.end(), [](const Finding& each) { return each.intent == Finding::Intent::ends; });
    if (only_ends) {
      for (Finding& each : read) each.proposal.source = proposal.source;
      return read;
    }
    Finding finding;
    finding.proposal = proposal;
    std::vector<Finding> findings;
    for (Finding& each : read) {
      if (each.intent == Finding::Intent::ends) {
        each.proposal.source = proposal.source;
        findings.push_back(std::move(each));
        continue;
      }
      finding.intent = each.intent;
      finding.is_change = each.is_change;
      // "No, my sister's name is Ana": the note is what stands behind the "no".
      if (each.intent == Finding::Intent::corrects) {
        finding.proposal.text = each.proposal.text;
        finding.about = each.about;
        finding.replaces = each.replaces;
      }
      if (!finding.proposal.valid_from) finding.proposal.valid_from = each.proposal.valid_from;
      for (const std::string& person : each.proposal.people)
        if (std::find(finding.proposal.people.begin(), finding.proposal.people.end(), person) == finding.proposal.people.end())
          finding.proposal.people.push_back(person);
    }
    findings.insert(findings.begin(), std::move(finding));
    return findings;
  }

  /// Judges all findings against what is held now and writes what follows as one change; judges anew when something moved on.
  awaitable<Result<Outcomes>> judge_and_apply(Judged what, const std::vector<Finding>& findings, Durability durability) {
    for (int round = 1;; ++round) {
      Outcomes outcomes;
      MemoryChange change;
      change.user_id = what.user_id;
      change.cause = what.cause;
      change.summary = what.summary;
      change.learned_upto = what.learned_upto;
      if (!findings.empty()) {
        std::string words;
        for (const Finding& finding : findings) words += finding.proposal.text + " " + finding.about + " " + finding.replaces + "\n";
        CO_TRY(std::vector<Memory> held, co_await current_memories(what.user_id, std::move(words)));
        Judge judge(what.user_id, std::move(held), context_.clock->now());
        judge.set_recalled(what.recalled);
        for (const Finding& finding : findings) {
          outcomes.verdicts.push_back(judge.take(finding));
          // Each is compared with all that is held: others get their turn on the core in between.
          co_await asio::post(context_.core, asio::use_awaitable);
        }
        change.edits = judge.edits();
        for (MemoryEdit& edit : change.edits)
          edit.memory.pii = context_.config->memory.pii_detect ? pii_classes(edit.memory.text) : std::vector<std::string>();
      }
      if (change.edits.empty() && change.learned_upto.empty()) co_return outcomes;
      if (!change.edits.empty()) outcomes.change_id = change.id = make_id("chg");
      Result<std::vector<Memory>> made = co_await context_.store->memories().apply(std::move(change), durability);
      if (made.has_error() && made.error().code == Code::overloaded && round < kMostRounds) continue;
      if (made.has_error() && made.error().code == Code::invalid && !what.learned_upto.empty()) {
        // What can't be stored would be tried for ever: it is left out, and learning goes on behind it.
        log::error("memory", "what was learned up to {} can't be stored and is left out: {}", what.learned_upto, made.error().message);
        MemoryChange mark;
        mark.user_id = what.user_id;
        mark.cause = what.cause;
        mark.learned_upto = what.learned_upto;
        made = co_await context_.store->memories().apply(std::move(mark), durability);
        outcomes.change_id.clear();
      }
      if (made.has_error()) co_return made.error();
      outcomes.made = *std::move(made);
      co_return outcomes;
    }
  }

  LearningContext context_;
  const LearningOptions options_;
  std::map<std::string, std::shared_ptr<Person>> people_;
  std::deque<std::string> queue_;
  // Shared with the workers: one that stop() could not wait for ends after this is gone.
  const std::shared_ptr<AtWork> at_work_ = std::make_shared<AtWork>();
  std::function<bool()> is_busy_;  // empty: nothing is waited for
  std::chrono::steady_clock::time_point model_rests_until_{};
  std::unordered_set<std::string> deferred_;  // who has something that waits for a model or the budget
  bool is_resting_ = false;
  asio::steady_timer rest_;  // of deferred_
  TaskGroup tasks_;
};

}  // namespace

std::string_view verdict_name(Verdict::Kind kind) noexcept {
  constexpr std::string_view kNames[] = {"added", "merged", "superseded", "corrected", "refused"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::unique_ptr<Learning> make_learning(LearningContext context, LearningOptions options) {
  return std::make_unique<LearningImpl>(std::move(context), options);
}

}  // namespace hobd

#include "memory/judge.hpp"
#include "memory/rules_extractor.hpp"
#include "memory/slots.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace hobd;

namespace {

const Time kNow = parse_time("2026-11-21T08:00:00Z").value();

/// Messages judged one after another, each a change of its own.
class Bench {
 public:
  std::vector<Verdict> say(const std::string& text, const std::string& outsider = {}) {
    now_ += std::chrono::hours(1);
    const std::string id = "msg_" + std::to_string(++count_);
    Judge judge("usr_1", memories_, now_);
    judge.set_recalled(recalled);
    std::vector<Verdict> verdicts;
    for (const Finding& finding : extract_by_rules({id, text, now_, outsider})) verdicts.push_back(judge.take(finding));
    apply(judge);
    return verdicts;
  }
  Verdict take(const Finding& finding) {
    now_ += std::chrono::hours(1);
    Judge judge("usr_1", memories_, now_);
    judge.set_recalled(recalled);
    const Verdict verdict = judge.take(finding);
    apply(judge);
    return verdict;
  }
  /// What holds now, joined.
  std::string now() const {
    std::string text;
    for (const Memory& memory : memories_)
      if (!memory.superseded_at) text += (text.empty() ? "" : " | ") + memory.text;
    return text;
  }
  const Memory* find(const std::string& text) const {
    for (const Memory& memory : memories_)
      if (memory.text == text) return &memory;
    return nullptr;
  }
  std::size_t count() const { return memories_.size(); }
  Time time() const { return now_; }
  void set_time(Time time) { now_ = time; }
  std::vector<std::string> recalled;

 private:
  void apply(const Judge& judge) {
    for (MemoryEdit& edit : judge.edits()) {
      edit.memory.version = edit.expected_version + 1;
      const auto known = std::find_if(memories_.begin(), memories_.end(), [&](const Memory& each) { return each.id == edit.memory.id; });
      if (known == memories_.end()) {
        memories_.push_back(edit.memory);
      } else {
        CHECK(known->version == edit.expected_version);
        *known = edit.memory;
      }
    }
  }
  std::vector<Memory> memories_;
  Time now_ = kNow;
  int count_ = 0;
};

Finding states(const std::string& text) {
  Finding finding;
  finding.proposal.text = text;
  finding.proposal.source = {"msg_x", text, SaidBy::owner, kNow};
  return finding;
}

}  // namespace

TEST_CASE("judge: the table gives each relation and intent its outcome") {
  using I = Finding::Intent;
  CHECK(outcome_of(Relation::unrelated, I::states) == Outcome::add);
  CHECK(outcome_of(Relation::unrelated, I::ends) == Outcome::refuse);
  CHECK(outcome_of(Relation::same, I::states) == Outcome::merge);
  CHECK(outcome_of(Relation::same, I::ends) == Outcome::end);
  CHECK(outcome_of(Relation::fuller, I::states) == Outcome::refine);
  CHECK(outcome_of(Relation::rival, I::states) == Outcome::supersede);
  CHECK(outcome_of(Relation::rival, I::also) == Outcome::add);
  CHECK(outcome_of(Relation::rival, I::corrects) == Outcome::correct);
  CHECK(outcome_of(Relation::named, I::ends) == Outcome::end);
}

TEST_CASE("judge: what is said twice is one memory with two sources") {
  Bench bench;
  bench.say("I live in Lyon");
  const auto verdicts = bench.say("As you know I live in Lyon.");
  REQUIRE(verdicts.size() == 1);
  CHECK(verdicts[0].kind == Verdict::Kind::merged);
  REQUIRE(bench.count() == 1);
  CHECK(bench.find("Lives in Lyon.")->sources.size() == 2);
}

TEST_CASE("judge: the same from the same message is no second source") {
  Bench bench;
  bench.take(states("Lives in Lyon."));
  bench.take(states("Lives in Lyon."));
  CHECK(bench.find("Lives in Lyon.")->sources.size() == 1);
}

TEST_CASE("judge: more detail refines, less detail changes nothing") {
  Bench bench;
  bench.say("I have a dog");
  bench.say("I have a dog named Rex");
  bench.say("I have a dog");
  CHECK(bench.now() == "Has a dog named Rex.");
  CHECK(bench.find("Has a dog named Rex.")->sources.size() == 3);
}

TEST_CASE("judge: another home ends the old one from then on") {
  Bench bench;
  bench.say("I live in Paris");
  const auto verdicts = bench.say("I moved to Lyon");
  REQUIRE(verdicts.size() == 1);
  CHECK(verdicts[0].kind == Verdict::Kind::superseded);
  const Memory *old = bench.find("Lives in Paris."), *fresh = bench.find("Lives in Lyon, moved there.");
  REQUIRE(old);
  REQUIRE(fresh);
  CHECK(old->valid_to == bench.time());
  CHECK(old->superseded_by == fresh->id);
  CHECK(old->superseded_at == bench.time());
  CHECK(fresh->valid_from == bench.time());
}

TEST_CASE("judge: a dated move ends the old home at that date") {
  Bench bench;
  bench.say("I live in Paris");
  bench.say("I moved to Lyon last May");
  CHECK(bench.find("Lives in Paris.")->valid_to == parse_time("2026-05-01").value());
}

TEST_CASE("judge: a correction is a new version of the memory, never a second one") {
  Bench bench;
  bench.say("My sister's name is Anna");
  const std::string id = bench.find("Sister's name is Anna.")->id;
  const auto verdicts = bench.say("No, my sister's name is Ana");
  CHECK(verdicts.at(0).kind == Verdict::Kind::corrected);
  REQUIRE(bench.count() == 1);
  CHECK(bench.find("Sister's name is Ana.")->id == id);
  CHECK(bench.find("Sister's name is Ana.")->people == std::vector<std::string>{"Ana"});
}

TEST_CASE("judge: a corrected word is put right where it stands") {
  Bench bench;
  bench.say("I live in Paris");
  bench.say("I meant Lyon, not Paris");
  CHECK(bench.now() == "Lives in Lyon.");
  CHECK(bench.count() == 1);
}

TEST_CASE("judge: a corrected name is right wherever it was used of them") {
  Bench bench;
  bench.say("my sister Anna lives in Porto");
  bench.say("No, my sister's name is Ana");
  CHECK(bench.now() == "Sister's name is Ana. | Sister Ana lives in Porto.");
}

TEST_CASE("judge: a correction of nothing that is known is refused when it is but a word") {
  Bench bench;
  CHECK(bench.say("I meant Lyon, not Paris").at(0).kind == Verdict::Kind::refused);
  CHECK(bench.count() == 0);
}

TEST_CASE("judge: what is over ends without a successor") {
  Bench bench;
  bench.say("I work at Acme");
  bench.say("I no longer work at Acme");
  CHECK(bench.now().empty());
  CHECK(bench.find("Works at Acme.")->valid_to == bench.time());
  CHECK(bench.find("Works at Acme.")->superseded_by.empty());
}

TEST_CASE("judge: an end names its own thing only") {
  Bench bench;
  bench.say("I live in Lyon");
  CHECK(bench.say("I don't live in Paris any more").at(0).kind == Verdict::Kind::refused);
  CHECK(bench.now() == "Lives in Lyon.");
}

TEST_CASE("judge: a move from there to here is one story") {
  Bench bench;
  bench.say("I live in Paris");
  bench.say("I moved from Paris to Lyon");
  CHECK(bench.now() == "Lives in Lyon, moved there from Paris.");
  CHECK(bench.find("Lives in Paris.")->superseded_by == bench.find("Lives in Lyon, moved there from Paris.")->id);
}

TEST_CASE("judge: likes of many things stand together, of one thing they change") {
  Bench bench;
  bench.say("I like tea");
  bench.say("I like coffee");
  CHECK(bench.now() == "Likes tea. | Likes coffee.");
  bench.say("I don't like tea");
  CHECK(bench.now() == "Likes coffee. | Dislikes tea.");
}

TEST_CASE("judge: a second job is a second memory when it is said to be") {
  Bench bench;
  bench.say("I work at Acme");
  bench.say("I also work at a bakery");
  CHECK(bench.now() == "Works at Acme. | Works at a bakery.");
}

TEST_CASE("judge: two people of one name stay apart") {
  Bench bench;
  bench.say("My brother's name is Tom");
  bench.say("My colleague's name is Tom");
  bench.say("My brother Tom lives in Paris");
  bench.say("My colleague Tom lives in Rome");
  CHECK(bench.now() == "Brother's name is Tom. | Colleague's name is Tom. | Brother Tom lives in Paris. | Colleague Tom lives in Rome.");
}

TEST_CASE("judge: the same appointment at another time supersedes, a past one stays") {
  Bench bench;
  bench.say("I have a dentist appointment on Tuesday at 10");
  bench.say("my dentist appointment has been moved to Thursday at 3pm");
  CHECK(bench.now() == "Has a dentist appointment on Thursday 26 November 2026 at 3pm.");
  bench.set_time(parse_time("2027-02-01").value());
  bench.say("I have a dentist appointment on Friday");
  CHECK(bench.now() == "Has a dentist appointment on Thursday 26 November 2026 at 3pm. | Has a dentist appointment on Friday 5 February 2027.");
}

TEST_CASE("judge: a cancelled plan ends") {
  Bench bench;
  bench.say("I'm flying to Rome next Friday");
  bench.say("I have a meeting on Monday");
  bench.say("the meeting is cancelled");
  CHECK(bench.now() == "Is flying to Rome on Friday 27 November 2026.");
}

TEST_CASE("judge: what others say never touches what the owner said") {
  Bench bench;
  bench.say("Tom lives in Paris");
  bench.say("I live in Rome", "Tom");
  CHECK(bench.now() == "Tom lives in Paris. | Tom lives in Rome.");
  CHECK(bench.find("Tom lives in Rome.")->sources[0].said_by == SaidBy::outside);
  CHECK(bench.say("I live in Paris", "Tom").at(0).kind != Verdict::Kind::merged);
}

TEST_CASE("judge: an echo of what was recalled merges though worded otherwise") {
  Bench bench;
  bench.take(states("Allergic to peanuts and cashew nuts."));
  bench.recalled = {"Allergic to peanuts and cashew nuts."};
  const Verdict verdict = bench.take(states("Has an allergy against peanuts, cashew nuts."));
  CHECK(verdict.kind == Verdict::Kind::merged);
  CHECK(bench.count() == 1);
}

TEST_CASE("judge: a clock that went back ends nothing before it began") {
  Bench bench;
  bench.say("I moved to Paris");
  bench.set_time(kNow - std::chrono::hours(24 * 30));
  bench.say("I moved to Lyon");
  const Memory* old = bench.find("Lives in Paris, moved there.");
  CHECK(*old->valid_to >= *old->valid_from);
  CHECK(bench.now() == "Lives in Lyon, moved there.");
}

TEST_CASE("judge: importance is kept within bounds and raised for what can hurt") {
  Proposal proposal;
  proposal.text = "Is allergic to nuts.";
  proposal.importance = 0.1;
  CHECK(judged_importance(proposal) >= 0.85);
  proposal.text = "Likes tea.";
  proposal.importance = 7;
  CHECK(judged_importance(proposal) <= 1);
  proposal.source.said_by = SaidBy::outside;
  CHECK(judged_importance(proposal) <= 0.5);
}

TEST_CASE("slots: notes of models fill the same places as those of rules") {
  const auto same = [](const char* a, const char* b) {
    const auto left = slot_of(a), right = slot_of(b);
    INFO(a << " / " << b);
    return left && right && same_place(*left, *right);
  };
  CHECK(same("Lives in Lyon.", "The user lives in Paris"));
  CHECK(same("Favourite colour is teal.", "User's favorite color is red."));
  CHECK(same("Works at Acme as a nurse.", "Works for Globex."));
  CHECK(same("Sister's name is Ana.", "The user's sister is called Anna."));
  CHECK(same("Sister Ana lives in Porto.", "Sister lives in Rome."));
  CHECK_FALSE(same("Sister Ana lives in Porto.", "Sister Bea lives in Rome."));
  CHECK_FALSE(same("Lives in Lyon.", "Sister Ana lives in Porto."));
  CHECK_FALSE(slot_of("Goes to the gym every Tuesday."));
}

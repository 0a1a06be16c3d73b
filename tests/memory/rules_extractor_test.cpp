#include "memory/rules_extractor.hpp"

#include <catch2/catch.hpp>

using namespace hobd;

namespace {

/// Said on Saturday 21 November 2026 at 8.
std::vector<Finding> extract(const std::string& text, const std::string& outsider = {}) {
  return extract_by_rules({"msg_1", text, parse_time("2026-11-21T08:00:00Z").value(), outsider});
}

/// The notes of a message, ends as "- about", corrections as "! text".
std::string notes(const std::string& message) {
  std::string text;
  for (const Finding& finding : extract(message)) {
    if (!text.empty()) text += " | ";
    if (finding.intent == Finding::Intent::ends) text += "- " + finding.about;
    if (finding.intent == Finding::Intent::corrects) text += "! ";
    if (finding.intent == Finding::Intent::also) text += "+ ";
    text += finding.proposal.text;
    if (!finding.replaces.empty()) text += " for " + finding.replaces;
  }
  return text;
}

struct Example {
  const char *said, *notes;
};

void check_all(std::initializer_list<Example> examples) {
  for (const Example& each : examples) {
    INFO(each.said);
    CHECK(notes(each.said) == each.notes);
  }
}

}  // namespace

TEST_CASE("rules: who, where and what somebody is") {
  check_all({{"My name is Sam and I live in Lyon.", "Name is Sam. | Lives in Lyon."},
             {"Hi, I'm Sam!", "Name is Sam."},
             {"I'm 34 years old, and my birthday is on 12 March.", "Is 34 years old. | Birthday is 12 March."},
             {"I'm from Portugal", "Is from Portugal."},
             {"I live in Lyon and work at Acme", "Lives in Lyon. | Works at Acme."},
             {"I'm a nurse at St. Mary's Hospital.", "Works at St. Mary's Hospital as a nurse."},
             {"I study physics at ETH.", "Studies physics at ETH."},
             {"I speak German and French", "Speaks German and French."},
             {"I've lived in Lyon for 3 years", "Lives in Lyon, for 3 years."}});
}

TEST_CASE("rules: people around somebody, with their names") {
  check_all({{"my sister Ana lives in Porto", "Has a sister named Ana. | Sister Ana lives in Porto."},
             {"My daughter's name is Mia", "Daughter's name is Mia."},
             {"my brother is called tom", "Brother's name is Tom."},
             {"I have two kids, Mia and Leo.", "Has two kids: Mia and Leo."},
             {"My parents live in Porto", "Parents live in Porto."},
             {"Tom is my colleague", "Has a colleague named Tom."},
             {"My mom's birthday is June 3", "Mom's birthday is June 3."},
             {"Me and my wife have three children", "Has three children."},
             {"My sister's name is Ana. She works at the zoo.", "Sister's name is Ana. | Sister Ana works at the zoo."}});
}

TEST_CASE("rules: a person's name is kept with what is said of them") {
  const auto found = extract("my sister Ana lives in Porto");
  REQUIRE(found.size() == 2);
  CHECK(found[1].proposal.people == std::vector<std::string>{"Ana"});
}

TEST_CASE("rules: pets, things, health, food") {
  check_all({{"I have a dog named Rex.", "Has a dog named Rex."},
             {"We have two cats called Tom and Jerry", "Has two cats named Tom and Jerry."},
             {"I drive a red Tesla", "Drives a red Tesla."},
             {"I'm allergic to peanuts, so tell me if a recipe has them.", "Is allergic to peanuts."},
             {"I have a peanut allergy", "Is allergic to peanut."},
             {"I'm a vegetarian", "Is vegetarian."},
             {"I can't eat gluten", "Can't eat gluten."}});
}

TEST_CASE("rules: likes, dislikes and favourites") {
  check_all({{"my favorite colour is teal", "Favourite colour is teal."},
             {"I really love hiking in the Alps", "Loves hiking in the Alps."},
             {"I don't like olives", "Dislikes olives."},
             {"I prefer tea over coffee", "Prefers tea to coffee."},
             {"I can't stand loud music", "Hates loud music."}});
}

TEST_CASE("rules: plans and events have their dates spelled out, a bare weekday lies ahead") {
  check_all({{"I have a dentist appointment on Tuesday at 10", "Has a dentist appointment on Tuesday 24 November 2026 at 10."},
             {"I'm flying to Rome next Friday", "Is flying to Rome on Friday 27 November 2026."},
             {"Next Friday I'm flying to Rome with Ana.", "Is flying to Rome with Ana on Friday 27 November 2026."},
             {"I have a meeting tomorrow at 3", "Has a meeting on Sunday 22 November 2026 at 3."},
             {"I'm moving to Lyon in March", "Is moving to Lyon in March 2027."},
             {"I ran my first marathon in May", "Ran their first marathon in May 2026."},
             {"I have a meeting", ""}});
}

TEST_CASE("rules: a state with an end is valid until then") {
  const auto found = extract("I'm on holiday until Friday");
  REQUIRE(found.size() == 1);
  CHECK(found[0].proposal.kind == MemoryKind::context);
  CHECK(found[0].proposal.valid_to == parse_time("2026-11-28").value());
}

TEST_CASE("rules: a change is valid from when it happened") {
  const auto found = extract("I moved to Berlin last May.");
  REQUIRE(found.size() == 1);
  CHECK(found[0].proposal.text == "Lives in Berlin, moved there in May 2026.");
  CHECK(found[0].proposal.valid_from == parse_time("2026-05-01").value());
}

TEST_CASE("rules: what is over ends what was") {
  check_all({{"I don't live in Paris any more", "- Lives in Paris."},
             {"I no longer work at Acme", "- Works at Acme."},
             {"we sold the car", "- Car."},
             {"I used to live in Paris", "- Lives in Paris. | Used to live in Paris."},
             {"The trip to Rome is cancelled.", "- Trip to Rome."},
             {"I'm not going to Rome anymore", "- Going to Rome."},
             {"I'm not allergic to nuts", "- Is allergic to nuts."},
             {"I moved from Paris to Lyon", "- Lives in Paris. | Lives in Lyon, moved there from Paris."}});
}

TEST_CASE("rules: corrections say so") {
  check_all({{"No, my sister's name is Ana", "! Sister's name is Ana."},
             {"Actually, my favourite colour is blue", "! Favourite colour is blue."},
             {"My sister's name is not Anna but Ana.", "! Sister's name is Ana."},
             {"My name isn't Sam, it's Max", "! Name is Max."},
             {"I meant Lyon, not Paris.", "! Lyon for Paris"},
             {"correction: I'm 35", "! Is 35 years old."}});
}

TEST_CASE("rules: wishes of how to behave, and what is to be remembered") {
  check_all({{"call me Sam", "Wants to be called Sam."},
             {"please always answer in German", "Asks Hob to always answer in German."},
             {"From now on, use metric units", "Asks Hob from now on to use metric units."},
             {"Please remember that the spare key is under the pot.", "The spare key is under the pot."},
             {"don't forget that I park on level 3", "Parks on level 3."},
             {"Remember to buy milk", ""}});
}

TEST_CASE("rules: two contradictions in one message leave the last") {
  check_all({{"I live in Paris. I live in Lyon.", "Lives in Lyon."}, {"I live in Paris. No wait, I live in Lyon.", "! Lives in Lyon."}});
}

TEST_CASE("rules: what isn't said of oneself as it is teaches nothing") {
  for (const char* text :
       {"What's my name?", "If I lived in Rome I'd eat pasta", "I wish I had a dog", "Imagine I live on Mars.", "Yeah right, I love Mondays",
        "My boss said \"I love golf\"", "My boss says he loves golf", "> I live in Rome", "Write a story in which I live on Mars",
        "Pretend I'm a pirate and I live on a ship", "thanks!", "I like it", "I love this!", "I'm fine", "I'm sad today", "I have a question",
        "I would like a pizza", "my boss is annoying", "I love you", "translate: I live in Lyon", "Never mind", ""}) {
    INFO(text);
    CHECK(notes(text).empty());
  }
}

TEST_CASE("rules: other languages teach nothing rather than nonsense") {
  for (const char* text : {"Ich wohne in Lyon und habe einen Hund", "Vivo en Madrid y trabajo en Acme", "J'habite \xc3\xa0 Lyon", "\xf0\x9f\x98\x80\xf0\x9f\x98\x80",
                           "\xe7\xa7\x81\xe3\x81\xaf\xe6\x9d\xb1\xe4\xba\xac\xe3\x81\xab\xe4\xbd\x8f\xe3\x82\x93\xe3\x81\xa7\xe3\x81\x84\xe3\x81\xbe\xe3\x81\x99"}) {
    INFO(text);
    CHECK(notes(text).empty());
  }
}

TEST_CASE("rules: every quote stands in its message") {
  const std::string message = "Hey  there!\nMy name is Sam ,  and I\xe2\x80\x99m allergic to   nuts. I live in Lyon\n\nMy sister Ana works at the zoo!!";
  const auto found = extract(message);
  CHECK(found.size() >= 4);
  for (const Finding& finding : found) CHECK(message.find(finding.proposal.source.quote) != std::string::npos);
}

TEST_CASE("rules: what somebody else says is theirs and marked") {
  const auto found = extract("I live in Porto and I love golf", "Tom");
  REQUIRE(found.size() == 2);
  CHECK(found[0].proposal.text == "Tom lives in Porto.");
  CHECK(found[0].proposal.source.said_by == SaidBy::outside);
  CHECK(found[0].proposal.people == std::vector<std::string>{"Tom"});
}

TEST_CASE("rules: no message gives more than its bound, however long") {
  std::string message;
  for (int i = 0; i < 400; ++i) message += "I like thing" + std::to_string(i) + ". ";
  CHECK(extract(message).size() == kMostFindings);
  extract(std::string(1 << 20, 'I'));
}

TEST_CASE("rules: turns of phrase that nearly say something else") {
  check_all({{"I've got two brothers", "Has two brothers."},
             {"We adopted a cat named Luna last week", "Has a cat named Luna."},
             {"my doctor's appointment is on Friday", "Has a doctor's appointment on Friday 27 November 2026."},
             {"my sister's job is teaching", "Sister works as teaching."},
             {"my wife's birthday is next Tuesday", "Wife's birthday is Tuesday 24 November 2026."},
             {"I turned 40 pages", ""},
             {"I'm a bit of a cook", ""},
             {"I live in fear", ""},
             {"I will let you know tomorrow", ""},
             {"Sounds like fun", ""},
             {"Networking plays a big role", ""},
             {"Never give up", ""},
             {"I left for the airport", ""},
             {"I left Acme", "- Works at Acme."},
             {"I love to", ""},
             {"I'm doing my part", ""},
             {"I'm doing a PhD in physics", "Does a phd in physics."},
             {"Bob likes fishing", "Bob likes fishing."},
             {"Sam moved to Kiel", "Sam lives in Kiel, moved there."},
             {"I usually drink coffee in the morning", "Usually drinks coffee in the morning."}});
}

// Prompts whose beginning stays the same bytes from turn to turn, so that a provider's prompt cache holds.
#include "fakes/house.hpp"
#include "fakes/prompt_prefix.hpp"
#include "memory/builtin_tools.hpp"

#include <catch2/catch.hpp>

#include <fmt/core.h>

using namespace hobd;
using namespace hobd::fakes;

namespace {

struct Talk {
  explicit Talk(std::uint32_t buffer_messages) {
    house.config->memory.buffer_messages = buffer_messages;
    house.config->memory.buffer_tokens = 20'000;
    add_memory_tools(*house.toolbox, {house.blocks.get(), house.store.get(), &house.clock, [this] { return house.config; }});
    for (const char* name : {"zeta", "add", "middle"}) house.registry.add_tool(tool_manifest(name), *house.tools);
    REQUIRE(run(house.io, house.blocks->append(house.user.id, "human", "Anna lives in Lisbon.", BlockAuthor::tool)).has_value());
  }
  void say(int i) {
    static constexpr const char* kThings[] = {"cat", "boat", "garden", "violin", "brother"};
    const std::string thing = kThings[i % 5];
    house.model.answers.push_back(says("Your " + thing + " number " + std::to_string(i) + " sounds fine."));
    REQUIRE(house.say("What do you think of my " + thing + "? It is number " + std::to_string(i) + ".").has_value());
    run(house.io, house.buffers->async_idle());
    house.clock.advance(std::chrono::minutes(3));
  }
  const json::object& prompt(std::size_t i) const { return house.model.requests[i]; }

  TempFolder folder;
  House house{folder.path()};
};

bool has_recalled(const json::object& prompt) { return json::serialize(prompt.at("messages").as_array().back()).find("<recalled>") != std::string::npos; }

struct Counted {
  int recalled = 0;              // prompts with recalled memories
  std::size_t kept = 0, all = 0;  // bytes of the prompts; those that stood in the prompt before
  double kept_per_cent() const { return 100.0 * double(kept) / double(all); }
};

/// Says fifty things. `has_kept` is told each prompt, the one before it and where its prefix broke, and says whether what is
/// stable counts as kept.
template <class HasKept>
Counted say_fifty(Talk& talk, HasKept has_kept) {
  Counted counted;
  for (int i = 0; i < 50; ++i) {
    talk.say(i);
    const std::size_t now = std::size_t(i);
    counted.recalled += has_recalled(talk.prompt(now)) ? 1 : 0;
    if (i == 0) continue;
    const json::object &before = talk.prompt(now - 1), &prompt = talk.prompt(now);
    const PrefixBreak broken = first_break(before, prompt);
    INFO("turn " << i << ": the prefix broke at byte " << broken.at << ", in " << broken.part);
    if (has_kept(before, prompt, broken)) counted.kept += bytes_of(stable_parts(before)).size();
    counted.all += bytes_of(prompt_parts(prompt)).size();
  }
  return counted;
}

}  // namespace

TEST_CASE("over fifty turns of a plain conversation each prompt begins with the one before it") {
  Talk talk(60);
  std::size_t stable = 0;
  const Counted counted = say_fifty(talk, [&](const json::object&, const json::object&, const PrefixBreak& broken) {
    CHECK(broken.part.empty());
    stable += broken.part.empty() ? 1 : 0;
    return true;
  });
  CHECK(counted.recalled == 0);  // all that was said stands in the prompt itself
  fmt::print("prefix stability {:.0f} per cent over 50 turns; {:.0f} per cent of the prompts' bytes were in the prompt before\n", 100.0 * double(stable) / 49,
             counted.kept_per_cent());
}

TEST_CASE("with a buffer that fills, the prefix breaks where the summary moves on, and nowhere else, in strides") {
  Talk talk(10);
  int moved = 0;
  const Counted counted = say_fifty(talk, [&](const json::object& before, const json::object& prompt, const PrefixBreak& broken) {
    const auto summary_of = [](const json::object& one) {
      for (const PromptPart& part : prompt_parts(one))
        if (part.name == "summary") return part.bytes;
      return std::string();
    };
    const bool has_moved = summary_of(before) != summary_of(prompt);
    CHECK(broken.part.empty() == !has_moved);
    if (has_moved && !summary_of(before).empty()) CHECK(broken.part == "summary");
    moved += has_moved ? 1 : 0;
    return !has_moved;
  });
  CHECK(counted.recalled > 10);
  CHECK(moved >= 2);
  CHECK(moved <= 50 / 5);
  fmt::print("with a buffer of 10 turns the summary moved {} times in 50 turns; {} prompts had recalled memories; {:.0f} per cent of the bytes were in the prompt before\n",
             moved, counted.recalled, counted.kept_per_cent());
}

TEST_CASE("a break is named by its part and its first byte") {
  Talk talk(60);
  for (int i = 0; i < 3; ++i) talk.say(i);
  const json::object before = talk.prompt(1), next = talk.prompt(2);
  REQUIRE(first_break(before, next).part.empty());

  json::object other = next;
  other["tools"].as_array()[0].as_object()["name"] = "renamed";
  CHECK(first_break(before, other).part == "tools");
  other = next;
  other["messages"].as_array()[2].as_object()["content"] = "Your cat number 0 sounds bad.";
  const PrefixBreak broken = first_break(before, other);
  CHECK(broken.part == "message 2");
  CHECK(bytes_of(prompt_parts(before)).substr(broken.at).starts_with("fine."));
}

TEST_CASE("a block that is written breaks the prefix in the blocks, once") {
  Talk talk(60);
  talk.say(0);
  talk.say(1);
  talk.house.model.answers = {calls_tool("c", "block_append", R"({"label":"human","text":"Anna sails."})"), says("Noted.")};
  REQUIRE(talk.house.say("I sail").has_value());
  const std::size_t at = talk.house.model.requests.size();
  talk.say(2);
  talk.say(3);
  CHECK(first_break(talk.prompt(at - 1), talk.prompt(at)).part == "blocks");
  CHECK(first_break(talk.prompt(at), talk.prompt(at + 1)).part.empty());
}

TEST_CASE("the rounds of a turn begin with each other, whole") {
  Talk talk(60);
  talk.say(0);
  talk.house.model.answers = {calls_tool("c", "add", R"({"x":1})"), calls_tool("d", "add", R"({"x":2})"), says("Three.")};
  REQUIRE(talk.house.say("add").has_value());
  for (std::size_t i = 2; i < 4; ++i)
    CHECK(bytes_of(prompt_parts(talk.prompt(i))).starts_with(bytes_of(prompt_parts(talk.prompt(i - 1)))));
}

TEST_CASE("turns that fail and commands leave the prefix as it is") {
  Talk talk(60);
  talk.say(0);
  talk.house.model.answers = {fails(Code::unavailable, "down")};
  REQUIRE(talk.house.say("are you there").has_error());
  REQUIRE(talk.house.say("/help").has_value());
  const std::size_t at = talk.house.model.requests.size();
  talk.say(1);
  talk.say(2);
  for (std::size_t i = 1; i < talk.house.model.requests.size(); ++i) {
    INFO(i << " of " << at);
    CHECK(first_break(talk.prompt(i - 1), talk.prompt(i)).part.empty());
  }
}

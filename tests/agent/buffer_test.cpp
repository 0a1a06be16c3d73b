// The conversation at hand, as prompts show it: summaries, blocks, prefix stability, fresh starts.
#include "agent/context.hpp"
#include "base/text.hpp"
#include "fakes/fake_budget.hpp"
#include "fakes/house.hpp"
#include "memory/builtin_tools.hpp"
#include "store/memories.hpp"
#include "store/summaries.hpp"

#include <catch2/catch.hpp>

namespace {

using namespace hobd;
using namespace hobd::fakes;

struct Home {
  explicit Home(std::uint32_t buffer_messages = 3) { house.config->memory.buffer_messages = buffer_messages; }
  /// Says `text`, is answered, and lets the background finish.
  TurnReply talk(const std::string& text, const std::string& answer = "I see.") {
    house.model.answers.push_back(says(answer));
    TurnReply reply = house.say(text).value();
    session = reply.session_id;
    run(house.io, house.buffers->async_idle());
    return reply;
  }
  void add_tools() {
    add_memory_tools(*house.toolbox, {house.blocks.get(), house.store.get(), &house.clock, [this] { return house.config; }});
  }
  std::string prompt() const { return json::serialize(house.model.requests.back().at("messages")); }
  std::string system() const { return std::string(house.model.requests.back().at("messages").at(0).at("content").as_string()); }
  SessionSummary summary() { return run(house.io, house.store->summaries().find(house.user.id, session)).value(); }

  TempFolder folder;
  House house{folder.path()};
  std::string session;
};

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string told(int i) { return "My pet number " + std::to_string(i) + " is called Pet" + std::to_string(1000 + i) + "."; }

TEST_CASE("what leaves the buffer is in the summary, and every message is in one of the two") {
  Home home;
  home.house.config->memory.recall_top_k = 0;
  for (int i = 0; i < 12; ++i) {
    home.talk(told(i));
    for (int k = std::max(0, i - 8); k <= i; ++k) {
      CAPTURE(i, k);
      CHECK(holds(home.prompt(), "Pet" + std::to_string(1000 + k)));
    }
  }
  CHECK(holds(home.system(), "<summary>"));
  CHECK(home.summary().by == "extract");
}

TEST_CASE("the record keeps what the buffer gave up") {
  Home home;
  for (int i = 0; i < 12; ++i) home.talk(told(i));
  CHECK(run(home.house.io, home.house.store->conversations().messages(home.house.user.id, home.house.conversation, "", {})).value().items.size() == 24);
}

TEST_CASE("a model of the fast tier writes the summary") {
  Home home;
  home.house.has_summary_model = true;
  home.house.build();
  for (int i = 0; i < 3; ++i) home.talk(told(i));
  home.house.model.answers.push_back(says("I see."));
  home.house.model.answers.push_back(says("The pets are Pet1000 and Pet1001."));
  home.house.say(told(3)).value();
  run(home.house.io, home.house.buffers->async_idle());
  CHECK(home.summary().by == "model");
  CHECK(home.summary().text == "The pets are Pet1000 and Pet1001.");
  home.talk("And now?");
  CHECK(holds(home.system(), "The pets are Pet1000 and Pet1001."));
}

TEST_CASE("with on_limit queue and no room the buffer stays as it is until there is room") {
  Home home;
  FakeBudget budget;
  budget.full = Error{Code::overloaded, "the day's budget is used up"};
  budget.at_limit = OnLimit::queue;
  home.house.has_summary_model = true;
  home.house.spare.budget = &budget;
  home.house.build();
  for (int i = 0; i < 5; ++i) home.talk(told(i));
  CHECK(home.summary().version == 0);
  CHECK(holds(home.prompt(), "Pet1000"));
  REQUIRE_FALSE(budget.asked.empty());
  CHECK(budget.asked[0].purpose == Purpose::summary);
  CHECK(budget.asked[0].user_id == home.house.user.id);

  budget.full.reset();
  home.house.model.answers.push_back(says("I see."));
  home.house.model.answers.push_back(says("The pets are Pet1000 and Pet1001."));
  home.house.say(told(5)).value();
  run(home.house.io, home.house.buffers->async_idle());
  CHECK(home.summary().by == "model");
}

TEST_CASE("without room in the budget the summary is made without a model, unless a user asks for it") {
  Home home;
  FakeBudget budget;
  budget.full = Error{Code::overloaded, "the day's budget is used up"};
  home.house.has_summary_model = true;
  home.house.spare.budget = &budget;
  home.house.build();
  for (int i = 0; i < 5; ++i) home.talk(told(i));
  CHECK(home.summary().by == "extract");
  const std::size_t asked = budget.asked.size();
  home.house.model.answers.push_back(says("The pets are Pet1000 to Pet1004."));
  run(home.house.io, home.house.buffers->summarize(home.house.user.id, home.session)).value();
  CHECK(home.summary().by == "model");
  CHECK(budget.asked.size() == asked);
}

TEST_CASE("a summariser that answers badly is replaced by the user's own sentences") {
  const auto [name, answer] = GENERATE(table<std::string, ScriptedAnswer>({{"empty", says("")},
                                                                          {"nonsense", says("Unfortunately quantum bananas orchestrate zeppelins.")},
                                                                          {"fails", fails(Code::unavailable, "down")},
                                                                          {"calls a tool", calls_tool("c1", "memory_search", "{}")}}));
  CAPTURE(name);
  Home home;
  home.house.has_summary_model = true;
  home.house.build();
  for (int i = 0; i < 3; ++i) home.talk(told(i));
  home.house.model.answers.push_back(says("I see."));
  home.house.model.answers.push_back(answer);
  home.house.say(told(3)).value();
  run(home.house.io, home.house.buffers->async_idle());
  CHECK(home.summary().by == "extract");
  CHECK(holds(home.summary().text, "Pet1000"));
}

TEST_CASE("a summariser that hangs delays no turn and hides no message") {
  Home home;
  home.house.config->memory.recall_top_k = 0;
  home.house.has_summary_model = true;
  home.house.build();
  for (int i = 0; i < 3; ++i) home.talk(told(i));
  home.house.model.answers.push_back(says("I see."));
  ScriptedAnswer hanging;
  hanging.hangs = true;
  home.house.model.answers.push_back(hanging);
  home.house.say(told(3)).value();
  for (int i = 4; i < 12; ++i) {
    // The background takes no answer of the script while it hangs.
    home.house.model.answers.push_back(says("I see."));
    home.house.say(told(i)).value();
    for (int k = 0; k <= i; ++k) {
      CAPTURE(i, k);
      if (k > i - 8) CHECK(holds(home.prompt(), "Pet" + std::to_string(1000 + k)));
    }
  }
}

/// Summaries that can't be stored.
class FullSummaries final : public Summaries {
 public:
  explicit FullSummaries(Summaries& real) : real_(real) {}
  awaitable<Result<SessionBuffer>> buffer(BufferQuery query) override { return real_.buffer(std::move(query)); }
  awaitable<Result<SessionSummary>> put(std::string, SessionSummary) override {
    ++refused;
    co_return Error{Code::unavailable, "the disk is full"};
  }
  awaitable<Result<SessionSummary>> find(std::string user_id, std::string session_id) override { return real_.find(std::move(user_id), std::move(session_id)); }
  awaitable<Result<void>> remove(std::string user_id, std::string session_id) override { return real_.remove(std::move(user_id), std::move(session_id)); }
  int refused = 0;

 private:
  Summaries& real_;
};

TEST_CASE("a store that fails in the background costs no turn, and the prompts show what it could not keep") {
  Home home(1);
  home.house.config->memory.recall_top_k = 0;
  FullSummaries full(home.house.database->summaries());
  home.house.store->broken_summaries = &full;
  for (int i = 0; i < 12; ++i) {
    home.talk(told(i));
    CAPTURE(i);
    CHECK(holds(home.prompt(), "Pet" + std::to_string(1000 + std::max(0, i - 1))));
    CHECK(holds(home.prompt(), "Pet1000"));
  }
  CHECK(full.refused > 0);
  home.house.store->broken_summaries = nullptr;
  home.talk("and now");
  CHECK(home.summary().version > 0);
}

TEST_CASE("a mebibyte in the buffer is cut in the prompt and summarised when it leaves") {
  Home home;
  home.house.config->memory.recall_top_k = 0;
  home.talk("Remember the word xylophone. " + std::string((1 << 20) - 100, 'y'));
  home.talk("next");
  CHECK(home.prompt().size() < 64 * 1024);
  CHECK(holds(home.prompt(), "xylophone"));
  for (int i = 0; i < 6; ++i) home.talk(told(i));
  CHECK(holds(home.prompt(), "xylophone"));
  CHECK(home.prompt().size() < 64 * 1024);
}

TEST_CASE("emoji and characters of three bytes fill the buffer sooner") {
  Home home(10);
  home.house.config->memory.buffer_tokens = 400;
  std::string text;
  for (int i = 0; i < 60; ++i) text += "\u732b\xf0\x9f\x90\x88";
  for (int i = 0; i < 6; ++i) home.talk(text);
  CHECK(home.summary().version > 0);
  CHECK(is_valid_utf8(home.summary().text));
}

TEST_CASE("fifty turns change the prompt's beginning only where the summary changes") {
  Home home(5);
  home.house.config->memory.recall_top_k = 3;
  json::array before;
  int changes = 0;
  for (int i = 0; i < 50; ++i) {
    home.talk(told(i), "Pet" + std::to_string(1000 + i) + " is a fine name.");
    const json::object& request = home.house.model.requests.back();
    const json::array messages = request.at("messages").as_array();
    if (i > 0 && json::serialize(messages[0]) != json::serialize(before[0])) {
      ++changes;  // the system message: only the summary may be another
      const auto part = [](const json::array& all) {
        const std::string text(all[0].at("content").as_string());
        return std::string(trim(text.substr(0, text.find("<summary>"))));
      };
      CHECK(part(messages) == part(before));
    } else if (i > 0) {
      // All of the last prompt but its last message, from which what was recalled has left.
      for (std::size_t k = 0; k + 1 < before.size(); ++k) {
        const std::string was = json::serialize(before[k]), is = json::serialize(messages[k]);
        const auto differ = std::mismatch(was.begin(), was.end(), is.begin(), is.end());
        CAPTURE(i, k, differ.first - was.begin());
        CHECK(was == is);
      }
    }
    before = messages;
  }
  CHECK(changes >= 5);
  CHECK(changes <= 50 / 2 + 1);
}

TEST_CASE("a reset begins without a summary") {
  Home home;
  for (int i = 0; i < 12; ++i) home.talk(told(i));
  run(home.house.io, home.house.store->conversations().reset(home.house.user.id, home.house.conversation)).value();
  home.house.config->memory.recall_top_k = 0;
  home.talk("hello again");
  CHECK_FALSE(holds(home.prompt(), "Pet10"));
}

TEST_CASE("a session that was silent for memory.buffer_ttl begins afresh, and nothing is lost") {
  Home home;
  home.house.config->memory.buffer_ttl = std::chrono::hours(2);
  home.house.config->memory.recall_top_k = 0;
  home.house.agent->set_config(home.house.config);
  const std::string first = home.talk("My sister is called Ana.").session_id;
  home.house.clock.advance(std::chrono::hours(1));
  CHECK(home.talk("still me").session_id == first);
  home.house.clock.advance(std::chrono::hours(3));
  const std::string second = home.talk("back").session_id;
  CHECK(second != first);
  CHECK_FALSE(holds(home.prompt(), "Ana"));
  CHECK(run(home.house.io, home.house.store->conversations().messages(home.house.user.id, home.house.conversation, "", {})).value().items.size() == 6);
}

TEST_CASE("a forked conversation with a long past begins with its summary") {
  Home home(10);
  home.house.config->memory.recall_top_k = 0;
  for (int i = 0; i < 10; ++i) home.talk(told(i));
  const Conversation fork = run(home.house.io, home.house.store->conversations().fork(home.house.user.id, home.house.conversation, "")).value();
  home.house.conversation = fork.id;
  home.house.config->memory.buffer_messages = 2;
  home.talk("go on");
  CHECK(holds(home.system(), "<summary>"));
  CHECK(holds(home.prompt(), "Pet1009"));
}

TEST_CASE("summarize takes in all that was said, and the next prompt shows it in place of the messages") {
  Home home(10);
  home.house.config->memory.recall_top_k = 0;
  home.talk("My sister is called Ana.");
  const SessionSummary summary = run(home.house.io, home.house.buffers->summarize(home.house.user.id, home.session)).value();
  CHECK(holds(summary.text, "Ana"));
  CHECK(summary.messages == 2);
  home.talk("And now?");
  CHECK(home.house.model.requests.back().at("messages").as_array().size() == 2);
  CHECK(holds(home.system(), "Ana"));
}

TEST_CASE("a session without words can't be summarised") {
  Home home;
  const Conversation empty = run(home.house.io, home.house.store->conversations().create(home.house.user.id, "", "http", "")).value();
  CHECK(run(home.house.io, home.house.buffers->summarize(home.house.user.id, empty.session_id)).error().code == Code::invalid);
  CHECK(run(home.house.io, home.house.buffers->summarize("usr_other", empty.session_id)).error().code == Code::not_found);
}

TEST_CASE("cards are redacted in what is recalled and summarised, never in the message at hand") {
  Home home(1);
  home.talk("My visa is 4111 1111 1111 1111, for the car rental.");
  for (int i = 0; i < 4; ++i) home.talk(told(i));
  home.talk("Which visa pays the car rental? 5555 5555 5555 4444 is the other.");
  CHECK_FALSE(holds(home.prompt(), "4111 1111"));
  CHECK(holds(home.prompt(), "[card]"));
  CHECK(holds(home.prompt(), "5555 5555 5555 4444"));
}

TEST_CASE("blocks stand right behind the persona in every prompt") {
  Home home;
  home.house.config->persona = "You are Hob.";
  BlockChange change;
  change.label = "human";
  change.text = "Anna, a vet in Lyon";
  run(home.house.io, home.house.blocks->set(home.house.user.id, change, BlockAuthor::user)).value();
  home.talk("hello");
  CHECK(home.system().starts_with("You are Hob.\n\n<blocks>\n"));
  CHECK(holds(home.system(), "Anna, a vet in Lyon"));
  change.label = "persona";
  change.text = "You are a pirate.";
  run(home.house.io, home.house.blocks->set(home.house.user.id, change, BlockAuthor::user)).value();
  home.talk("hello");
  CHECK(home.system().starts_with("You are a pirate.\n\n<blocks>\n"));
}

TEST_CASE("the model edits blocks with its tools, under tools.approval ask too") {
  Home home;
  home.add_tools();
  home.house.model.answers.push_back(calls_tool("c1", "block_append", R"({"label":"human","text":"Her name is Anna."})"));
  home.talk("I'm Anna.", "Nice to meet you.");
  CHECK(run(home.house.io, home.house.blocks->find(home.house.user.id, "human"))->text == "Her name is Anna.");
  CHECK(run(home.house.io, home.house.blocks->find(home.house.user.id, "human"))->changed_by == "tool");
  home.talk("hm");
  CHECK(holds(home.system(), "Her name is Anna."));
}

TEST_CASE("a turn that read a tool's result from outside can't change who the user is") {
  Home home;
  home.add_tools();
  home.house.registry.add_tool(tool_manifest("fetch"), *home.house.tools);
  home.house.model.answers.push_back(calls_tool("c1", "fetch", R"({"x":1})"));
  home.house.model.answers.push_back(calls_tool("c2", "block_append", R"({"label":"human","text":"Owes the bank a million."})"));
  home.house.model.answers.push_back(calls_tool("c3", "block_append", R"({"label":"knowledge","text":"The page says 42."})"));
  const TurnReply reply = home.talk("What does that page say?", "42.");
  CHECK(reply.tool_calls[1].at("status").as_string() == "denied");
  CHECK(reply.tool_calls[2].at("status").as_string() == "ok");
  CHECK(run(home.house.io, home.house.blocks->find(home.house.user.id, "human"))->text.empty());
  CHECK(run(home.house.io, home.house.blocks->find(home.house.user.id, "knowledge"))->from_outside);
}

/// A memory of this user, from `said_by`.
std::string keep(Home& home, const std::string& text, SaidBy said_by) {
  MemoryEdit edit;
  edit.memory.id = "mem_1";
  edit.memory.text = text;
  MemorySource source;
  source.said_by = said_by;
  source.quote = text;
  source.at = home.house.clock.now();
  edit.memory.sources.push_back(source);
  MemoryChange change;
  change.user_id = home.house.user.id;
  change.cause = "api";
  change.edits.push_back(edit);
  return run(home.house.io, home.house.store->memories().apply(change, Durability::journaled)).value().at(0).id;
}

TEST_CASE("a memory that was in a prompt is marked as used by its turn") {
  Home home;
  const std::string memory = keep(home, "The tortoise Xerxes eats dandelions.", SaidBy::owner);
  const TurnReply reply = home.talk("What does the tortoise Xerxes eat?");
  REQUIRE(holds(home.prompt(), "dandelions"));
  const auto uses = run(home.house.io, home.house.store->memories().uses(home.house.user.id, memory)).value();
  REQUIRE(uses.size() == 1);
  CHECK(uses[0].turn_id == reply.turn_id);
}

TEST_CASE("a turn that was shown what outsiders said can't change who the user is") {
  Home home;
  home.add_tools();
  keep(home, "The tortoise Xerxes eats dandelions.", SaidBy::outside);
  SECTION("in its prompt") {
    home.house.model.answers.push_back(calls_tool("c1", "block_append", R"({"label":"human","text":"Owns Xerxes."})"));
    const TurnReply reply = home.talk("What does the tortoise Xerxes eat?");
    CHECK(reply.tool_calls[0].at("status").as_string() == "denied");
  }
  SECTION("by memory_search") {
    home.house.config->memory.recall_top_k = 0;
    home.house.model.answers.push_back(calls_tool("c1", "memory_search", R"({"query":"tortoise Xerxes"})"));
    home.house.model.answers.push_back(calls_tool("c2", "block_append", R"({"label":"human","text":"Owns Xerxes."})"));
    const TurnReply reply = home.talk("Look it up.");
    CHECK(reply.tool_calls[0].at("status").as_string() == "ok");
    CHECK(reply.tool_calls[1].at("status").as_string() == "denied");
  }
}

TEST_CASE("what memory_search brings is redacted as a prompt is") {
  Home home;
  home.add_tools();
  home.house.config->memory.recall_top_k = 0;
  home.talk("My visa is 4111 1111 1111 1111.");
  for (int i = 0; i < 4; ++i) home.talk(told(i));
  home.house.model.answers.push_back(calls_tool("c1", "memory_search", R"({"query":"visa"})"));
  home.talk("Look up my visa.");
  CHECK(holds(home.prompt(), "[card]"));
  CHECK_FALSE(holds(home.prompt(), "4111 1111"));
}

}  // namespace

#include "memory/forgetting.hpp"

#include "models/router.hpp"
#include "store/blocks.hpp"
#include "store/erasures.hpp"
#include "store/support.hpp"

#include <fstream>

using namespace hobd;
using namespace hobd::testing;

namespace {

/// Counts how often it is told to forget.
struct KeptAnswers final : Router {
  awaitable<Result<ModelAnswer>> complete(ModelRequest, std::function<void(std::string_view)>) override { co_return Error{Code::unavailable, "no model"}; }
  Result<std::vector<std::string>> resolve(std::string_view) const override { return std::vector<std::string>{}; }
  awaitable<Result<std::vector<ModelInfo>>> list() override { co_return std::vector<ModelInfo>{}; }
  RouteDecision explain(const RouteQuestion&) const override { return {}; }
  bool has_model() const override { return false; }
  awaitable<Result<json::value>> provider_models(std::string) override { co_return json::value{}; }
  void set_config(std::shared_ptr<const Config>) override {}
  void forget_answers() override { ++times_forgotten; }
  int times_forgotten = 0;
};

struct ForgettingHouse : TestStore {
  ForgettingHouse() : forgetting(make_forgetting({io.get_executor(), store.get(), nullptr, file.parent_path(), &answers})) { anna = user(); }

  Memory remember(const std::string& text, const std::string& message_id = "") {
    MemoryChange change;
    change.user_id = anna;
    MemoryEdit edit;
    edit.memory.text = text;
    if (!message_id.empty()) edit.memory.sources.push_back({.message_id = message_id, .quote = text, .at = clock.time});
    change.edits.push_back(std::move(edit));
    return get(store->memories().apply(std::move(change), Durability::journaled)).at(0);
  }
  Message exchange(const std::string& text) {
    const Accepted accepted = get(journal().accept(inbound(anna, text), Durability::journaled));
    get(journal().end_turn(reply_to(accepted.turn, "noted"), Durability::journaled));
    return accepted.message;
  }
  std::vector<std::string> found(const std::string& text) {
    std::vector<std::string> texts;
    for (const Memory& memory : get(forgetting->find(anna, text, WithMessages::no, 10)).memories) texts.push_back(memory.text);
    return texts;
  }

  KeptAnswers answers;
  std::unique_ptr<Forgetting> forgetting;
  std::string anna;
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("what is about a text is found, and what only shares a word is not") {
  ForgettingHouse t;
  t.remember("Anna is allergic to peanuts");
  t.remember("Anna likes her garden");
  t.remember("The peanut butter is in the cupboard");
  CHECK(t.found("allergic to peanuts") == Texts{"Anna is allergic to peanuts"});
  CHECK(t.found("my peanut allergies").empty());
  CHECK(t.found("peanuts").size() == 2);
  CHECK(t.found("???").empty());
  CHECK(t.found("").empty());
}

TEST_CASE("a memory is found by what it said before") {
  ForgettingHouse t;
  Memory memory = t.remember("Anna lives in Paris");
  MemoryChange change;
  change.user_id = t.anna;
  MemoryEdit edit;
  edit.memory = memory;
  edit.memory.text = "Anna lives in Lyon";
  change.edits.push_back(edit);
  t.get(t.store->memories().apply(change, Durability::journaled));
  CHECK(t.found("lives in Paris") == Texts{"Anna lives in Lyon"});
}

TEST_CASE("a plan names the messages and blocks that would go, and takes nothing") {
  ForgettingHouse t;
  const Message said = t.exchange("I am allergic to peanuts");
  const Memory memory = t.remember("Anna is allergic to peanuts", said.id);
  StoredBlock block;
  block.label = "human";
  block.text = "Anna is allergic to peanuts";
  t.get(t.store->blocks().put(t.anna, block, 32));
  const ForgetPlan plan = t.get(t.forgetting->plan(t.anna, {memory.id}, WithMessages::yes));
  CHECK(plan.memories.size() == 1);
  CHECK(plan.messages.size() == 2);
  CHECK(plan.blocks == Texts{"human"});
  t.get(t.store->memories().find(t.anna, memory.id));
}

TEST_CASE("erase gives a receipt without content once nothing is left, with the copies that it can't reach") {
  ForgettingHouse t;
  const Memory memory = t.remember("Anna is allergic to peanuts");
  std::ofstream(t.file.string() + ".v1.before-v2") << "an older copy";
  const ForgetReceipt receipt = t.get(t.forgetting->erase(t.anna, {memory.id}, WithMessages::no));
  CHECK(receipt.erased.memories == 1);
  REQUIRE(receipt.notes.size() == 2);;
  CHECK(receipt.notes[1].starts_with("hob.db.v1.before-v2 "));
  CHECK(json::serialize(to_json(receipt)).find("peanut") == std::string::npos);
  CHECK(t.found("peanuts").empty());
  CHECK(t.fails(t.forgetting->erase(t.anna, {memory.id}, WithMessages::no)) == Code::not_found);
}

TEST_CASE("erase drops the answers that models gave and that are kept") {
  ForgettingHouse t;
  const Memory memory = t.remember("Anna is allergic to peanuts");
  t.get(t.forgetting->erase(t.anna, {memory.id}, WithMessages::no));
  CHECK(t.answers.times_forgotten == 1);
}

TEST_CASE("a start takes up what was interrupted") {
  ForgettingHouse t;
  const Memory memory = t.remember("Anna is allergic to peanuts");
  ErasureQuery query;
  query.user_id = t.anna;
  query.ids = {memory.id};
  t.get(t.store->erasures().begin(query));
  t.get(t.forgetting->start());
  CHECK(t.fails(t.store->memories().find(t.anna, memory.id)) == Code::not_found);
  CHECK(t.get(t.store->erasures().unfinished()).empty());
}

TEST_CASE("the message that asks to forget isn't taken while it is answered") {
  ForgettingHouse t;
  t.exchange("I am allergic to peanuts");
  t.get(t.journal().accept(inbound(t.anna, "please forget that I am allergic to peanuts"), Durability::journaled));
  const ForgetPlan plan = t.get(t.forgetting->find(t.anna, "allergic to peanuts", WithMessages::yes, 10));
  REQUIRE(plan.messages.size() == 2);
  CHECK(plan.messages[0].text == "I am allergic to peanuts");
}

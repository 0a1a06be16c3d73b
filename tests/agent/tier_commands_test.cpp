#include "fakes/house.hpp"
#include "fakes/model_script.hpp"
#include "store/kv_owners.hpp"

#include <catch2/catch.hpp>

using namespace hobd;
using namespace hobd::fakes;

namespace {

struct TwoTiers {
  explicit TwoTiers(const std::filesystem::path& folder, std::string conversation = {}) : house(folder) {
    house.config->models.tiers["fast"] = {"local/small"};
    house.config->models.tiers["smart"] = {"local/big"};
    house.conversation = std::move(conversation);
  }
  /// Which model was asked by a message.
  std::string asked(const std::string& text) {
    house.model.answers.push_back(says("Said."));
    REQUIRE(house.say(text).has_value());
    return std::string(string_or(house.model.requests.back(), "model"));
  }
  House house;
};

}  // namespace

TEST_CASE("a message behind /smart or /fast is answered by that tier, the next one as usual") {
  TempFolder folder;
  TwoTiers tiers(folder.path());
  const std::string usual = tiers.asked("hi");
  CHECK(tiers.asked("/smart hi") == "big");
  CHECK(tiers.asked("/fast prove that there are infinitely many primes") == "small");
  CHECK(tiers.asked("/model local/other hi") == "other");
  CHECK(tiers.asked("hi") == usual);
}

TEST_CASE("a bare /smart holds for its conversation, over a restart, until /auto") {
  TempFolder folder;
  std::string conversation, usual;
  {
    TwoTiers tiers(folder.path());
    usual = tiers.asked("hi");
    REQUIRE(tiers.house.say(usual == "big" ? "/fast" : "/smart").has_value());
    conversation = tiers.house.conversation;
  }
  TwoTiers tiers(folder.path(), conversation);
  CHECK(tiers.asked("hi") != usual);
  CHECK(tiers.asked(usual == "big" ? "/smart hi" : "/fast hi") == usual);
  tiers.house.conversation.clear();
  CHECK(tiers.asked("hi") == usual);
  tiers.house.conversation = conversation;
  CHECK(tiers.asked("hi") != usual);
  REQUIRE(tiers.house.say("/auto").has_value());
  CHECK(tiers.asked("hi") == usual);
}

TEST_CASE("a message behind /smart is stored as it was said") {
  TempFolder folder;
  TwoTiers tiers(folder.path());
  tiers.asked("/smart hi");
  Store& store = *tiers.house.store;
  const auto messages = run(tiers.house.io, store.conversations().messages(tiers.house.user.id, tiers.house.conversation, "", PageRequest{})).value();
  CHECK(std::any_of(messages.items.begin(), messages.items.end(), [](const Message& message) { return message.text == "/smart hi"; }));
}

TEST_CASE("the tier that a conversation keeps goes with the conversation") {
  TempFolder folder;
  TwoTiers tiers(folder.path());
  tiers.asked("hi");
  REQUIRE(tiers.house.say("/smart").has_value());
  Store& store = *tiers.house.store;
  REQUIRE(run(tiers.house.io, store.kv().get(kConversationTierOwner, tiers.house.conversation)).has_value());
  REQUIRE(run(tiers.house.io, store.conversations().remove(tiers.house.user.id, tiers.house.conversation)).has_value());
  CHECK(run(tiers.house.io, store.kv().get(kConversationTierOwner, tiers.house.conversation)).error().code == Code::not_found);
  // Nor does it count against the quota of those to come.
  const std::string conversation(tiers.house.conversation.size(), 'c');
  CHECK(run(tiers.house.io, store.kv().set(kConversationTierOwner, conversation, "tier/smart", conversation.size() + 10)).has_value());
}

#include "store/support.hpp"

using namespace hobd;
using namespace hobd::testing;

namespace {

ApiKey key_of(const std::string& user_id, const std::string& id) {
  ApiKey key;
  key.id = id;
  key.user_id = user_id;
  key.name = "laptop";
  key.hash = "hash-" + id;
  key.scopes = {"chat", "memory:read"};
  return key;
}

}  // namespace

TEST_CASE("ensure makes a user once and finds it again") {
  TestStore t;
  auto& users = t.store->users();
  const auto made = t.get(users.ensure("anna", true));
  REQUIRE(t.get(users.ensure("anna", false)).id == made.id);
  REQUIRE(t.get(users.find(made.id)).admin);
  REQUIRE(t.get(users.find_by_name("anna")).id == made.id);
  REQUIRE(t.get(users.list()).size() == 1);
  REQUIRE(t.fails(users.find("usr_none")) == Code::not_found);
  REQUIRE(t.fails(users.find_by_name("ANNA")) == Code::not_found);
  REQUIRE(t.fails(users.ensure("", false)) == Code::invalid);
}

TEST_CASE("removing a user leaves nothing of theirs and all of the others'") {
  TestStore t;
  auto& users = t.store->users();
  const auto anna = t.user("anna"), bert = t.user("bert");
  for (const auto& user : {anna, bert}) t.get(t.journal().accept(inbound(user, "a heron"), Durability::journaled));
  t.get(users.add_key(key_of(anna, "key_1")));
  t.get(users.ensure_identity("discord", "42", "Anna", "ABC123"));
  t.get(users.approve_identity("ABC123", anna));
  OutboxItem notice;
  notice.id = "out_1";
  notice.user_id = anna;
  t.get(t.journal().add_outbox({notice}, Durability::journaled));
  t.get(users.remove(anna));
  REQUIRE(t.fails(users.find(anna)) == Code::not_found);
  REQUIRE(t.fails(users.find_key("hash-key_1")) == Code::not_found);
  REQUIRE(t.fails(users.find_identity("discord", "42")) == Code::not_found);
  REQUIRE(t.get(t.journal().open_outbox()).empty());
  REQUIRE(t.get(t.journal().unfinished_turns()).size() == 1);
  REQUIRE(t.found(bert, "heron").size() == 1);
  REQUIRE(t.fails(users.remove(anna)) == Code::not_found);
}

TEST_CASE("a new user never meets the words of one that was removed") {
  TestStore t;
  const auto anna = t.user("anna");
  t.get(t.journal().accept(inbound(anna, "the ocelot"), Durability::journaled));
  t.get(t.store->users().remove(anna));
  const auto next = t.user("next");
  REQUIRE(t.found(next, "ocelot").empty());
}

TEST_CASE("an identity waits under its code until it is approved, once") {
  TestStore t;
  auto& users = t.store->users();
  const auto anna = t.user("anna");
  REQUIRE(t.get(users.ensure_identity("discord", "42", "Anna", "ABC123")).user_id.empty());
  REQUIRE(t.get(users.ensure_identity("discord", "42", "Anna B", "OTHER")).pairing_code == "ABC123");
  REQUIRE(t.get(users.find_identity("discord", "42")).display_name == "Anna B");
  REQUIRE(t.fails(users.approve_identity("WRONG", anna)) == Code::not_found);
  REQUIRE(t.fails(users.approve_identity("", anna)) == Code::not_found);
  REQUIRE(t.fails(users.approve_identity("ABC123", "usr_none")) == Code::not_found);
  REQUIRE(t.get(users.approve_identity("ABC123", anna)).user_id == anna);
  REQUIRE(t.fails(users.approve_identity("ABC123", anna)) == Code::not_found);
  REQUIRE(t.get(users.ensure_identity("discord", "42", "", "X")).user_id == anna);
  REQUIRE(t.get(users.list_identities()).size() == 1);
  t.get(users.remove_identity("discord", "42"));
  REQUIRE(t.fails(users.remove_identity("discord", "42")) == Code::not_found);
}

TEST_CASE("a pairing code that someone waits under already is refused") {
  TestStore t;
  auto& users = t.store->users();
  t.get(users.ensure_identity("discord", "1", "A", "SAME"));
  REQUIRE(t.fails(users.ensure_identity("discord", "2", "B", "SAME")) == Code::invalid);
}

TEST_CASE("keys are found by their hash and remember their use") {
  TestStore t;
  auto& users = t.store->users();
  const auto anna = t.user("anna");
  ApiKey key = key_of(anna, "key_1");
  key.expires_at = t.clock.time + std::chrono::hours(1);
  t.get(users.add_key(key));
  auto found = t.get(users.find_key("hash-key_1"));
  REQUIRE(found.scopes == key.scopes);
  REQUIRE(found.expires_at == key.expires_at);
  REQUIRE_FALSE(found.last_used_at.has_value());
  t.get(users.touch_key("key_1", t.clock.time));
  REQUIRE(t.get(users.find_key("hash-key_1")).last_used_at == t.clock.time);
  REQUIRE(t.get(users.list_keys("")).size() == 1);
  REQUIRE(t.get(users.list_keys(t.user("bert"))).empty());
  REQUIRE(t.fails(users.add_key(key_of(anna, "key_1"))) == Code::invalid);
  REQUIRE(t.fails(users.add_key(key_of("usr_none", "key_2"))) == Code::not_found);
  t.get(users.remove_key("key_1"));
  REQUIRE(t.fails(users.remove_key("key_1")) == Code::not_found);
}

TEST_CASE("plugin values come back byte for byte, apart by owner") {
  TestStore t;
  auto& kv = t.store->kv();
  const std::string bytes("\0\xff binary", 9);
  t.get(kv.set("weather", "k", bytes, 100));
  REQUIRE(t.get(kv.get("weather", "k")) == bytes);
  REQUIRE(t.fails(kv.get("other", "k")) == Code::not_found);
  t.get(kv.set("weather", "k", "", 100));
  REQUIRE(t.get(kv.get("weather", "k")).empty());
  t.get(kv.remove("weather", "k"));
  t.get(kv.remove("weather", "k"));
  REQUIRE(t.fails(kv.get("weather", "k")) == Code::not_found);
}

TEST_CASE("a plugin's quota counts keys and values and is freed by removing") {
  TestStore t;
  auto& kv = t.store->kv();
  t.get(kv.set("p", "aa", "12345678", 10));
  REQUIRE(t.fails(kv.set("p", "b", "", 10)) == Code::overloaded);
  t.get(kv.set("p", "aa", "1234567", 10));
  t.get(kv.set("p", "b", "", 10));
  t.get(kv.set("q", "aa", "12345678", 10));
  t.get(kv.remove("p", "aa"));
  t.get(kv.set("p", "c", "12345678", 10));
  REQUIRE(t.fails(kv.set("p", "c", "1234567890", 10)) == Code::overloaded);
  REQUIRE(t.get(kv.get("p", "c")) == "12345678");
}

TEST_CASE("keys are listed by prefix, sorted, a thousand at a time") {
  TestStore t;
  auto& kv = t.store->kv();
  for (const char* key : {"b/2", "a", "b/1", "c", "b"}) t.get(kv.set("p", key, "v", 1000));
  REQUIRE(t.get(kv.list("p", "b", "")) == std::vector<std::string>{"b", "b/1", "b/2"});
  REQUIRE(t.get(kv.list("p", "b/", "b/1")) == std::vector<std::string>{"b/2"});
  REQUIRE(t.get(kv.list("p", "", "")).size() == 5);
  REQUIRE(t.get(kv.list("p", "%", "")).empty());
  for (int i = 0; i < 1001; ++i) t.get(kv.set("many", std::to_string(10'000 + i), "", 1 << 20));
  const auto page = t.get(kv.list("many", "", ""));
  REQUIRE(page.size() == 1000);
  REQUIRE(t.get(kv.list("many", "", page.back())).size() == 1);
}

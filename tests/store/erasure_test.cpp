// Erasures: what is forgotten is in no byte of any file, whatever interrupts it, and doesn't come back.
#include "store/blocks.hpp"
#include "store/erasures.hpp"
#include "store/memories.hpp"
#include "store/summaries.hpp"
#include "store/support.hpp"

#include <fstream>
#include <sstream>

using namespace hobd;
using namespace hobd::testing;

namespace {

/// A word that no other text holds, in the forms in which it may stand in a file: as it was written, in lower case, as the
/// stem of a term, and cut as an index that shares prefixes may cut it.
const std::vector<std::string> kCanaryForms = {"Quizzaciously", "quizzaciously", "quizzaci", "uizzacious"};

struct ErasureHouse : TestStore {
  ErasureHouse() { anna = user(); }

  Accepted exchange(const std::string& said_text, const std::string& reply, const std::string& conversation = "") {
    Inbound in = inbound(anna, said_text);
    in.conversation_id = conversation;
    const Accepted accepted = get(journal().accept(std::move(in), Durability::journaled));
    get(journal().add_steps(accepted.turn.id, one_step("model_called"), Durability::journaled));
    TurnEnd end = reply_to(accepted.turn, reply);
    Step answered;
    answered.kind = "model_answered";
    answered.data = {{"answer", {{"text", reply}}}};
    end.steps.push_back(std::move(answered));
    get(journal().end_turn(std::move(end), Durability::journaled));
    return accepted;
  }

  Memory remember(const std::string& text, std::vector<std::pair<std::string, std::string>> sources = {}, std::string id = "") {
    MemoryChange change;
    change.user_id = anna;
    change.cause = "learning";
    change.summary = "learned: " + text;
    MemoryEdit edit;
    edit.memory.id = std::move(id);
    edit.memory.text = text;
    edit.reason = "because of: " + text;
    for (auto& [message, quote] : sources) edit.memory.sources.push_back({.message_id = message, .quote = quote, .at = clock.time});
    change.edits.push_back(std::move(edit));
    return get(store->memories().apply(std::move(change), Durability::journaled)).at(0);
  }

  ErasureReceipt erase(std::vector<std::string> ids, bool with_messages = false) {
    auto progress = get(store->erasures().begin({.user_id = anna, .ids = std::move(ids), .with_messages = with_messages}));
    return finish(progress.id);
  }
  ErasureReceipt finish(const std::string& id) {
    for (int steps = 0; steps < 10'000; ++steps)
      if (const auto progress = get(store->erasures().step(id)); progress.done) return progress.receipt;
    FAIL("the erasure comes to no end");
    return {};
  }

  /// How often the canary, in any form, stands in the files of the state folder.
  int canaries() const {
    int found = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(file.parent_path())) {
      if (!entry.is_regular_file()) continue;
      std::ifstream stream(entry.path(), std::ios::binary);
      std::ostringstream content;
      content << stream.rdbuf();
      for (const std::string& form : kCanaryForms)
        for (std::size_t at = 0; (at = content.str().find(form, at)) != std::string::npos; ++at) ++found;
    }
    return found;
  }
  std::int64_t indexed(const std::string& text) {
    return static_cast<std::int64_t>(found(anna, text).size());
  }

  std::string anna;
};

const std::string kSecret = "The password of the shed is Quizzaciously seven";

}  // namespace

TEST_CASE("a forgotten memory and its messages are in no byte of the database, its log and the tombstones") {
  ErasureHouse t;
  for (int i = 0; i < 300; ++i) t.exchange("an ordinary message " + std::to_string(i) + " about gardens and kettles", "yes, number " + std::to_string(i));
  const Accepted told = t.exchange(kSecret, "I will remember that the password of the shed is Quizzaciously seven.");
  for (int i = 0; i < 300; ++i) t.exchange("another message " + std::to_string(i) + " about boats", "no, number " + std::to_string(i), told.turn.conversation_id);
  Memory memory = t.remember("Shed password: Quizzaciously six", {{told.message.id, "password of the shed is Quizzaciously"}});
  memory = t.remember("Shed password: Quizzaciously seven", {{told.message.id, "password of the shed is Quizzaciously seven"}}, memory.id);
  SessionSummary summary{.session_id = told.turn.session_id, .text = "They spoke of Quizzaciously", .upto_message_id = told.message.id, .messages = 1, .by = "extract"};
  t.get(t.store->summaries().put(t.anna, summary));
  StoredBlock block;
  block.label = "human";
  block.text = "likes boats\nShed password: Quizzaciously seven\nlikes tea";
  t.get(t.store->blocks().put(t.anna, block, 32));
  // A later turn recalled it, and its journal says so; its reply goes out to a channel.
  const Accepted later = t.get(t.journal().accept(inbound_to(told.turn, "what is the password?"), Durability::journaled));
  Step recalled;
  recalled.kind = "recalled";
  recalled.data = {{"items", {{{"id", memory.id}, {"text", memory.text}}, {{"id", told.message.id}, {"text", kSecret}}}}};
  t.get(t.journal().add_steps(later.turn.id, {recalled}, Durability::journaled));
  TurnEnd end = reply_to(later.turn, "You said: " + kSecret + ". Anything else?");
  OutboxItem out;
  out.id = "out_1";
  out.user_id = t.anna;
  out.conversation_id = told.turn.conversation_id;
  out.message_id = end.reply->id;
  out.message = {{"text", "You said: " + kSecret}};
  end.outbox.push_back(out);
  t.get(t.journal().end_turn(std::move(end), Durability::journaled));
  REQUIRE(t.canaries() > 10);
  const std::int64_t gardens = t.indexed("ordinary gardens");

  const ErasureReceipt receipt = t.erase({memory.id}, true);
  CHECK(receipt.memories == 1);
  CHECK(receipt.versions == 2);
  CHECK(receipt.messages == 2);  // what was said, and what was answered
  CHECK(receipt.changes == 2);
  CHECK(t.canaries() == 0);
  // What stays is whole.
  CHECK(t.indexed("ordinary gardens") == gardens);
  CHECK(t.get(t.store->blocks().list(t.anna)).at(0).text == "likes boats\nlikes tea");
  const auto messages = t.get(t.conversations().messages(t.anna, told.turn.conversation_id, "", {.limit = 500, .cursor = {}}));
  CHECK(messages.items.size() == 500);
  CHECK(t.get(t.conversations().find(t.anna, told.turn.conversation_id)).message_count == 602);
  const Message reply = t.get(t.conversations().find_message(t.anna, "msg_reply_" + later.turn.id));
  CHECK(reply.text == "You said: [forgotten]. Anything else?");
  CHECK(t.fails(t.store->memories().history(t.anna, memory.id)) == Code::not_found);
  CHECK(t.fails(t.conversations().find_message(t.anna, told.message.id)) == Code::not_found);
  t.reopen();
  CHECK(t.canaries() == 0);
  CHECK(t.indexed("ordinary gardens") == gardens);
}

TEST_CASE("a memory goes without its messages when only that was asked") {
  ErasureHouse t;
  const Accepted told = t.exchange(kSecret, "noted");
  const Memory memory = t.remember("Anna has a shed with a password", {{told.message.id, kSecret}});
  const ErasureReceipt receipt = t.erase({memory.id});
  CHECK(receipt.memories == 1);
  CHECK(receipt.messages == 0);
  CHECK(t.get(t.conversations().find_message(t.anna, told.message.id)).text == kSecret);
}

TEST_CASE("what a command listed is a copy, and what /forget asked for names it") {
  ErasureHouse t;
  const Memory memory = t.remember("Anna keeps bees behind the Quizzaciously shed");
  t.exchange("/memories", "1. " + memory.text);
  t.exchange("/forget Quizzaciously", "Found: " + memory.text);
  t.erase({memory.id});
  CHECK(t.canaries() == 0);
}

TEST_CASE("a list that shows only the beginning of a forgotten message, or a short one, goes whole") {
  ErasureHouse t;
  const std::string text = "Quizzaciously, I began, and then told a story " + std::string(700, 'o') + " of the shed";
  const Accepted told = t.exchange(text, "what a story");
  t.exchange("/search story", "2026-01-01, you: " + text.substr(0, 300) + "…");
  const Memory pin = t.remember("PIN 47113", {});
  const Accepted listed = t.exchange("/memories", "1. PIN 47113 (fact, 2026-01-01)");
  t.erase({told.message.id, pin.id}, true);
  CHECK(t.canaries() == 0);
  const auto messages = t.get(t.conversations().messages(t.anna, listed.turn.conversation_id, "", {.limit = 500, .cursor = {}}));
  for (const Message& message : messages.items) CHECK(message.text.find("47113") == std::string::npos);
}

TEST_CASE("reasons and summaries that quote a forgotten message lose their words") {
  ErasureHouse t;
  const Accepted told = t.exchange("I quit my job at Acme because of Quizzaciously bad coffee.", "I see");
  MemoryChange change;
  change.user_id = t.anna;
  change.cause = "learning";
  change.summary = "learned from: " + told.message.text;
  MemoryEdit edit;
  edit.memory.text = "Works at Acme.";
  edit.reason = "ended: because of Quizzaciously bad coffee";
  change.edits.push_back(std::move(edit));
  t.get(t.store->memories().apply(std::move(change), Durability::journaled));
  t.erase({told.message.id});
  CHECK(t.canaries() == 0);
}

TEST_CASE("a reply that Hob gives to other things too stays in the record and in later imports") {
  ErasureHouse t;
  const Accepted told = t.exchange(kSecret, "Noted. I keep it word for word.");
  t.clock.time += std::chrono::minutes(1);
  const Accepted other = t.exchange("the weather is nice", "Noted. I keep it word for word.");
  t.erase({told.message.id});
  const auto messages = t.get(t.conversations().messages(t.anna, other.turn.conversation_id, "", {.limit = 500, .cursor = {}}));
  const auto stays = [](const Message& message) { return message.text == "Noted. I keep it word for word."; };
  CHECK(std::count_if(messages.items.begin(), messages.items.end(), stays) == 1);
}

TEST_CASE("a memory that rests on another message too stays, without the quote") {
  ErasureHouse t;
  const Accepted first = t.exchange("My sister Ana lives Quizzaciously in Rome", "nice");
  const Accepted second = t.exchange("Ana still lives in Rome", "good");
  Memory memory = t.remember("Ana lives in Rome, Quizzaciously", {{first.message.id, "lives Quizzaciously in Rome"}});
  memory = t.remember("Ana lives in Rome", {{first.message.id, "lives Quizzaciously in Rome"}, {second.message.id, "still lives in Rome"}}, memory.id);
  const auto plan = t.get(t.store->erasures().plan({.user_id = t.anna, .ids = {first.message.id}}));
  CHECK(plan.memories.empty());
  CHECK(plan.messages.size() == 2);
  const ErasureReceipt receipt = t.erase({first.message.id});
  CHECK(receipt.memories == 0);
  CHECK(receipt.versions == 1);  // the one that rested on it alone
  const Memory left = t.get(t.store->memories().find(t.anna, memory.id));
  CHECK(left.text == "Ana lives in Rome");
  REQUIRE(left.sources.size() == 1);
  CHECK(left.sources[0].message_id == second.message.id);
  CHECK(t.canaries() == 0);
}

TEST_CASE("a memory that rests on a forgotten message alone goes with it") {
  ErasureHouse t;
  const Accepted told = t.exchange(kSecret, "noted");
  const Memory memory = t.remember("The shed's password is Quizzaciously", {{told.message.id, kSecret}});
  CHECK(t.erase({told.message.id}).memories == 1);
  CHECK(t.canaries() == 0);
}

TEST_CASE("what a memory was merged into and what was built on it go with it") {
  ErasureHouse t;
  const Memory first = t.remember("Anna's code is Quizzaciously");
  MemoryChange change;
  change.user_id = t.anna;
  Memory merged, episode;
  merged.text = "Anna's code is Quizzaciously, since May";
  merged.extra["merged_from"] = json::array{first.id};
  change.edits.push_back({.memory = merged, .reason = {}});
  const Memory second = t.get(t.store->memories().apply(change, Durability::journaled)).at(0);
  change.id.clear();
  episode.text = "In May they spoke of Quizzaciously";
  episode.kind = MemoryKind::episode;
  episode.extra["built_from"] = json::array{second.id};
  change.edits.at(0).memory = episode;
  t.get(t.store->memories().apply(change, Durability::journaled));
  CHECK(t.erase({first.id}).memories == 3);
  CHECK(t.canaries() == 0);
}

TEST_CASE("an id that is not this user's, or was forgotten already, takes nothing") {
  ErasureHouse t;
  const Memory memory = t.remember("Anna likes tea");
  CHECK(t.fails(t.store->erasures().begin({.user_id = t.user("bob"), .ids = {memory.id}})) == Code::not_found);
  CHECK(t.fails(t.store->erasures().begin({.user_id = t.anna, .ids = {memory.id, "mem_none"}})) == Code::not_found);
  t.get(t.store->memories().find(t.anna, memory.id));
  t.erase({memory.id});
  CHECK(t.fails(t.store->erasures().begin({.user_id = t.anna, .ids = {memory.id}})) == Code::not_found);
}

TEST_CASE("an erasure that stops after any step is finished after a restart") {
  for (int stop_after = 0;; ++stop_after) {
    ErasureHouse t;
    const Accepted told = t.exchange(kSecret, "noted: " + kSecret);
    const Memory memory = t.remember("The shed's password is Quizzaciously", {{told.message.id, kSecret}});
    t.exchange("boats and kettles", "indeed");
    const std::string id = t.get(t.store->erasures().begin({.user_id = t.anna, .ids = {memory.id}, .with_messages = true})).id;
    bool done = false;
    for (int i = 0; i < stop_after && !done; ++i) done = t.get(t.store->erasures().step(id)).done;
    if (done) break;
    t.reopen();
    const auto waiting = t.get(t.store->erasures().unfinished());
    REQUIRE(waiting.size() == 1);
    CHECK(waiting[0].id == id);
    const ErasureReceipt receipt = t.finish(id);
    CHECK(receipt.memories == 1);
    CHECK(receipt.messages == 2);
    CHECK(t.canaries() == 0);
    CHECK(t.indexed("boats kettles") == 1);
    REQUIRE(stop_after < 50);
  }
}

TEST_CASE("an older copy of the database loses again what was forgotten since") {
  ErasureHouse t;
  const Accepted told = t.exchange(kSecret, "noted");
  const Memory memory = t.remember("The shed's password is Quizzaciously", {{told.message.id, kSecret}});
  const Memory other = t.remember("Anna likes tea");
  t.store->close();
  t.store.reset();
  const auto copy = t.folder.path / "older.db";
  std::filesystem::copy_file(t.file, copy);
  t.open();
  t.erase({memory.id}, true);
  t.store->close();
  t.store.reset();
  std::filesystem::copy_file(copy, t.file, std::filesystem::copy_options::overwrite_existing);
  std::filesystem::remove(copy);
  t.open();
  REQUIRE(t.canaries() > 0);
  CHECK(t.get(t.store->erasures().reconcile()) == 3);  // the memory, the message and its reply
  const auto waiting = t.get(t.store->erasures().unfinished());
  REQUIRE(waiting.size() == 1);
  t.finish(waiting[0].id);
  CHECK(t.canaries() == 0);
  t.get(t.store->memories().find(t.anna, other.id));
  CHECK(t.get(t.store->erasures().reconcile()) == 0);
}

TEST_CASE("tombstones that the file lost come back from the database, and a broken line of it means nothing") {
  ErasureHouse t;
  const Memory memory = t.remember("Anna likes tea");
  t.erase({memory.id});
  const auto file = t.file.parent_path() / "tombstones.jsonl";
  const auto size = std::filesystem::file_size(file);
  REQUIRE(size > 0);
  std::ofstream(file) << "{\"key\":\"ab\",\"dig";
  CHECK(t.get(t.store->erasures().reconcile()) == 0);
  CHECK(std::filesystem::file_size(file) > size);
  std::filesystem::remove(file);
  CHECK(t.get(t.store->erasures().reconcile()) == 0);
  CHECK(std::filesystem::file_size(file) == size);
}

TEST_CASE("a forgotten line of an imported history is not imported again, what was said later is") {
  ErasureHouse t;
  const auto line = [](std::string id, std::string text, Time at) {
    ImportedMessage item{.conversation = "trip", .session = "1", .title = "trip", .at = at, .message = {}};
    item.message.external_id = std::move(id);
    item.message.text = std::move(text);
    item.message.role = "user";
    return item;
  };
  const Time then = t.clock.time - std::chrono::hours(24), later = t.clock.time + std::chrono::hours(24);
  const std::vector<ImportedMessage> history{line("1", kSecret, then), line("2", "we land in Oslo", then)};
  t.get(t.store->imports().add(t.anna, history));
  const std::string conversation = t.get(t.conversations().list(t.anna, {})).items.at(0).id;
  const Message secret = t.get(t.conversations().messages(t.anna, conversation, "", {})).items.at(0);
  REQUIRE(secret.external_id == "1");
  t.erase({secret.id});
  auto again = t.get(t.store->imports().add(t.anna, history));
  CHECK(again.imported == 0);
  CHECK(again.forgotten == 1);
  CHECK(again.duplicates == 1);
  // Under another id it is the same text; what is said anew is new.
  const std::vector<ImportedMessage> other{line("7", kSecret, then), line("8", kSecret, later)};
  again = t.get(t.store->imports().add(t.anna, other));
  CHECK(again.forgotten == 1);
  CHECK(again.imported == 1);
}

TEST_CASE("a forgotten memory is not loaded again from an export") {
  ErasureHouse t;
  const Memory memory = t.remember("The shed's password is Quizzaciously");
  const Memory other = t.remember("Anna likes tea");
  auto versions = t.get(t.store->memories().versions(t.anna, std::nullopt, {.limit = 100, .cursor = {}})).items;
  REQUIRE(versions.size() == 2);
  t.erase({memory.id, other.id});
  auto loaded = t.get(t.store->memories().load(t.anna, versions, Durability::journaled));
  CHECK(loaded.versions == 0);
  CHECK(loaded.forgotten == 2);
  // The same text under another id is the same memory.
  versions[0].memory.id = "mem_from_elsewhere";
  loaded = t.get(t.store->memories().load(t.anna, {versions[0]}, Durability::journaled));
  CHECK(loaded.forgotten == 1);
  CHECK(t.canaries() == 0);
}

TEST_CASE("a turn whose message was forgotten still knows it again when the platform sends it once more") {
  ErasureHouse t;
  const Accepted told = t.get(t.journal().accept(inbound(t.anna, kSecret, "platform-1"), Durability::journaled));
  t.get(t.journal().end_turn(reply_to(told.turn, "noted"), Durability::journaled));
  t.erase({told.message.id});
  const Accepted again = t.get(t.journal().accept(inbound(t.anna, kSecret, "platform-1"), Durability::journaled));
  CHECK(again.duplicate);
  CHECK(again.message.text.empty());
  t.get(t.store->erasures().unfinished());
}

// conversation.import over a real database.
#include "api/methods.hpp"
#include "fakes.hpp"
#include "hobctl/jsonl_file.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace hobd;
using namespace hobd::test;

namespace {

struct ImportHouse {
  ImportHouse() {
    store = open_sqlite_store({.file = folder.path / "hob.db", .readers = 1, .executor = core.get_executor(), .clock = &clock}).value();
    who.user_id = get(store->users().ensure("ann", false)).id;
    who.user_name = "ann";
    who.via = "socket";
    who.scopes = {"conversations"};
    add_conversation_methods(table, {store.get()});
    add_import_methods(table, {store.get()});
  }
  ~ImportHouse() { store->close(); }
  template <class T>
  T get(awaitable<Result<T>> operation) {
    core.restart();
    return run(core, std::move(operation)).value();
  }
  Result<json::object> call(std::string_view method, json::object params) {
    core.restart();
    auto answer = run(core, table.invoke(who, method, std::move(params), [](const json::value&) {}));
    if (answer.has_error()) return answer.error();
    return answer->as_object();
  }
  Result<json::object> import(std::string jsonl, std::string on_error = "stop") {
    return call("conversation.import", {{"jsonl", jsonl}, {"on_error", on_error}});
  }
  /// All messages of a conversation, as the API shows them.
  json::array messages(std::string_view conversation_id) {
    return call("conversation.export", {{"conversation_id", conversation_id}})->at("messages").as_array();
  }
  std::string conversation(const json::object& answer, std::size_t index = 0) {
    return std::string(answer.at("conversations").at(index).at("id").as_string());
  }

  TempFolder folder;
  asio::io_context core{1};
  FakeClock clock;
  std::unique_ptr<Store> store;
  MethodTable table;
  Principal who;
};

constexpr const char* kTwoSessions =
    R"({"id":"a1","conversation":"trip","session":1,"time":"2023-05-08T13:56:00Z","role":"user","speaker":"Ann","text":"we land in Oslo"})"
    "\n"
    R"({"id":"a2","conversation":"trip","session":1,"role":"assistant","text":"noted"})"
    "\n"
    R"({"id":7,"conversation":"trip","session":"evening","time":"2023-05-09T20:00:00+02:00","text":"dinner by the harbour"})"
    "\n"
    R"({"id":"a1","conversation":"work","time":null,"role":"user","text":"the report is due"})"
    "\n";

}  // namespace

TEST_CASE("imported lines become conversations and sessions in their order, with their ids and times") {
  ImportHouse house;
  const auto answer = house.import(kTwoSessions);
  REQUIRE(answer.has_value());
  CHECK(answer->at("imported").as_int64() == 4);
  CHECK(answer->at("duplicates").as_int64() == 0);
  CHECK(answer->at("skipped").as_array().empty());
  REQUIRE(answer->at("conversations").as_array().size() == 2);
  CHECK(answer->at("conversations").at(0).at("title").as_string() == "trip");
  CHECK(answer->at("conversations").at(0).at("imported").as_int64() == 3);

  const json::array messages = house.messages(house.conversation(*answer));
  REQUIRE(messages.size() == 3);
  CHECK(messages[0].at("external_id").as_string() == "a1");
  CHECK(messages[0].at("at").as_string() == "2023-05-08T13:56:00Z");
  CHECK(messages[0].at("channel").as_string() == "import");
  CHECK(messages[0].at("turn_id").is_null());
  CHECK(messages[1].at("at") == messages[0].at("at"));  // no time of its own
  CHECK(messages[1].at("speaker").as_string() == "Hob");
  CHECK(messages[2].at("external_id").as_string() == "7");
  CHECK(messages[2].at("speaker").as_string() == "ann");
  CHECK(messages[2].at("at").as_string() == "2023-05-09T18:00:00Z");
  CHECK(messages[0].at("session_id") == messages[1].at("session_id"));
  CHECK(messages[0].at("session_id") != messages[2].at("session_id"));
  const auto found = house.call("conversation.get", {{"conversation_id", house.conversation(*answer)}});
  REQUIRE(found->at("sessions").as_array().size() == 2);
  CHECK(found->at("sessions").at(0).at("label").as_string() == "1");
  CHECK(found->at("sessions").at(0).at("created_at").as_string() == "2023-05-08T13:56:00Z");
  CHECK(found->at("sessions").at(1).at("label").as_string() == "evening");
  CHECK(found->at("message_count").as_int64() == 3);
  CHECK(found->at("updated_at").as_string() == "2023-05-09T18:00:00Z");
}

TEST_CASE("the same lines again are duplicates, and further lines continue the same conversation and session") {
  ImportHouse house;
  const auto first = house.import(kTwoSessions);
  const auto again = house.import(kTwoSessions);
  CHECK(again->at("imported").as_int64() == 0);
  CHECK(again->at("duplicates").as_int64() == 4);
  const auto more = house.import(R"({"id":"a9","conversation":"trip","session":"evening","text":"and a walk"})");
  CHECK(more->at("imported").as_int64() == 1);
  CHECK(house.conversation(*more) == house.conversation(*first));
  const json::array messages = house.messages(house.conversation(*first));
  REQUIRE(messages.size() == 4);
  CHECK(messages[3].at("session_id") == messages[2].at("session_id"));
  CHECK(messages[3].at("at") == messages[2].at("at"));
}

TEST_CASE("a name in another user's import is another conversation") {
  ImportHouse house;
  const auto first = house.import(kTwoSessions);
  house.who.user_id = house.get(house.store->users().ensure("bob", false)).id;
  const auto second = house.import(kTwoSessions);
  CHECK(second->at("imported").as_int64() == 4);
  CHECK(house.conversation(*second) != house.conversation(*first));
}

TEST_CASE("a broken line in the middle is named, and stops everything") {
  ImportHouse house;
  const auto answer = house.import(R"({"id":"1","conversation":"c","text":"one"})"
                                   "\n\n"
                                   R"({"id":"2","conversation":"c","te)"
                                   "\n"
                                   R"({"id":"3","conversation":"c","text":"three"})");
  REQUIRE(answer.has_error());
  CHECK(answer.error().code == Code::invalid);
  CHECK(answer.error().message.starts_with("line 3: "));
  CHECK(house.call("conversation.list", {})->at("items").as_array().empty());
}

TEST_CASE("with skip the broken lines are listed by number and the rest is loaded") {
  ImportHouse house;
  const auto answer = house.import(std::string("\xef\xbb\xbf") + R"({"id":"1","conversation":"c","text":"one"})" + "\r\n" +
                                       "nonsense\n" + R"({"conversation":"c","text":"no id"})" + "\n" +
                                       R"({"id":"4","conversation":"c","text":4})" + "\n" +
                                       R"({"id":"5","conversation":"c","text":"t","time":"yesterday"})" + "\n" +
                                       R"({"id":"6","conversation":"c","text":"t","role":"robot"})" + "\n" + "[1]\n" +
                                       R"({"id":"8","conversation":"c","text":"last","mood":"fine","x":1})",
                                   "skip");
  REQUIRE(answer.has_value());
  CHECK(answer->at("imported").as_int64() == 2);
  CHECK(answer->at("unknown_fields").as_int64() == 2);
  CHECK(answer->at("skipped_lines").as_int64() == 6);
  const json::array& skipped = answer->at("skipped").as_array();
  REQUIRE(skipped.size() == 6);
  for (std::size_t i = 0; i < skipped.size(); ++i) CHECK(skipped[i].at("line").as_int64() == static_cast<std::int64_t>(i) + 2);
  CHECK(skipped[1].at("error").as_string() == "id: is missing");
  const json::array messages = house.messages(house.conversation(*answer));
  REQUIRE(messages.size() == 2);
  CHECK(messages[1].at("extra").at("imported").at("mood").as_string() == "fine");
}

TEST_CASE("what conversation.export writes comes in again as a conversation of its own, once") {
  ImportHouse house;
  const auto first = house.import(kTwoSessions);
  const auto exported = house.call("conversation.export", {{"conversation_id", house.conversation(*first)}});
  const std::string line = json::serialize(*exported);
  const auto copy = house.import(line);
  REQUIRE(copy.has_value());
  CHECK(copy->at("imported").as_int64() == 3);
  CHECK(copy->at("conversations").at(0).at("title").as_string() == "trip");
  CHECK(house.conversation(*copy) != house.conversation(*first));
  CHECK(house.import(line)->at("duplicates").as_int64() == 3);
  const json::array before = exported->at("messages").as_array(), after = house.messages(house.conversation(*copy));
  REQUIRE(after.size() == before.size());
  for (std::size_t i = 0; i < after.size(); ++i)
    for (const char* member : {"role", "speaker", "text", "at", "external_id"}) CHECK(after[i].at(member) == before[i].at(member));
  CHECK(house.call("conversation.export", {{"conversation_id", house.conversation(*copy)}})->at("sessions").as_array().size() == 2);
}

TEST_CASE("a dry run says what is broken and loads nothing") {
  ImportHouse house;
  const auto answer = house.call("conversation.import", {{"jsonl", kTwoSessions}, {"dry_run", true}});
  CHECK(answer->at("messages").as_int64() == 4);
  CHECK(house.call("conversation.list", {})->at("items").as_array().empty());
}

TEST_CASE("a number in first_line counts on for a file in pieces") {
  ImportHouse house;
  const auto answer = house.call("conversation.import", {{"jsonl", "{}"}, {"first_line", 1001}});
  REQUIRE(answer.has_error());
  CHECK(answer.error().message.starts_with("line 1001: "));
}

TEST_CASE("an import of many conversations counts each once over its chunks") {
  ImportHouse house;
  std::string text;
  for (int i = 0; i < 2'500; ++i)
    text += R"({"id":")" + std::to_string(i) + R"(","conversation":")" + std::to_string(i % 3) + "\",\"text\":\"line\"}\n";
  const auto answer = house.import(text);
  CHECK(answer->at("imported").as_int64() == 2'500);
  REQUIRE(answer->at("conversations").as_array().size() == 3);
  CHECK(answer->at("conversations").at(0).at("imported").as_int64() == 834);
}

TEST_CASE("hobctl cuts a file at its lines and counts them on") {
  const auto pieces = ctl::split_lines("one\ntwo\nthree\na line longer than all\nend", 9);
  std::vector<std::string> texts;
  for (const auto& piece : pieces) texts.emplace_back(piece.text);
  CHECK(texts == std::vector<std::string>{"one\ntwo\n", "three\n", "a line longer than all\n", "end"});
  CHECK(pieces[2].first_line == 4);
  CHECK(ctl::split_lines("", 9).size() == 1);
}

TEST_CASE("hobctl makes the answers for the pieces one answer") {
  json::object sum;
  ctl::merge_answers(sum, {{"imported", 2}, {"skipped", json::array{1}}, {"conversations", {{{"id", "c"}, {"imported", 2}}}}});
  ctl::merge_answers(sum, {{"imported", 3}, {"skipped", json::array{7}}, {"conversations", {{{"id", "c"}, {"imported", 3}}, {{"id", "d"}, {"imported", 0}}}}});
  CHECK(sum.at("imported").as_int64() == 5);
  CHECK(sum.at("skipped").as_array().size() == 2);
  REQUIRE(sum.at("conversations").as_array().size() == 2);
  CHECK(sum.at("conversations").at(0).at("imported").as_int64() == 5);
}

TEST_CASE("hobctl reads a file by its name, and says why it can't") {
  const TempFolder folder;
  std::ofstream(folder.path / "h.jsonl") << "{}\n";
  CHECK(ctl::read_text_file((folder.path / "h.jsonl").string()).value() == "{}\n");
  CHECK(ctl::read_text_file("@" + (folder.path / "h.jsonl").string()).value() == "{}\n");
  CHECK(ctl::read_text_file((folder.path / "none").string()).error().message.ends_with("No such file or directory"));
  CHECK(ctl::read_text_file(folder.path.string()).has_error());
}

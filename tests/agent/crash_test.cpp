// kill -9 between every two steps: a child process of this program runs one turn with a fault point set, dies there,
// and this process goes on from what it left on disk.
#include "fakes/house.hpp"

#include "base/fault.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <sys/wait.h>
#include <unistd.h>

using namespace hobd;
using namespace hobd::fakes;

namespace {

constexpr const char* kFolder = "HOB_TEST_CRASH_FOLDER";

void prepare(House& house) {
  house.config->tools.approval = Approval::never;
  house.registry.add_tool(tool_manifest("add", ToolEffect::read, true), *house.tools);
  house.registry.add_tool(tool_manifest("pay", ToolEffect::external, false), *house.tools);
}

json::object inbound_event() {
  return parse_json_object(R"({"id":"m1","sender":{"id":"s1","name":"Anna"},"text":"add and pay"})").value();
}

void script(House& house) {
  ScriptedAnswer both = calls_tool("c1", "add", R"({"x":1})");
  both.deltas.push_back(R"({"tool_call":{"index":1,"id":"c2","name":"pay","arguments":"{\"x\":2}"}})");
  house.model.answers = {both, says("All done.")};
}

int run_child(const std::filesystem::path& folder, std::string_view fault) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv(kFolder, folder.c_str(), 1);
    ::setenv("HOB_FAULT_POINT", std::string(fault).c_str(), 1);
    ::execl("/proc/self/exe", "test_agent", "[.crash-child]", static_cast<char*>(nullptr));
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

}  // namespace

TEST_CASE("one turn of a channel, in a process that is to be killed", "[.crash-child]") {
  const char* folder = std::getenv(kFolder);
  REQUIRE(folder);
  House house(folder);
  prepare(house);
  script(house);
  run(house.io, house.outbox->start());
  const Identity identity =
      run(house.io, house.store->users().ensure_identity("chan", "s1", "Anna", "CODE")).value();
  if (identity.user_id.empty())
    REQUIRE(run(house.io, house.store->users().approve_identity("CODE", house.user.id)).has_value());
  REQUIRE(run(house.io, house.inbox->deliver("chan", inbound_event())).has_value());
  REQUIRE(run_until(house.io, [&] { return house.sent.size() == 1 && house.outbox->pending() == 0; }));
}

TEST_CASE("killed at every fault point, a turn is answered once, no stored answer is asked again, no payment repeated") {
  for (const std::string_view fault : fault_points()) {
    INFO(fault);
    TempFolder folder;
    const int status = run_child(folder.path(), fault);
    REQUIRE(WIFSIGNALED(status));
    REQUIRE(WTERMSIG(status) == SIGKILL);

    House house(folder.path());
    prepare(house);
    const auto turns = run(house.io, house.store->journal().list_turns(house.user.id, {}, {})).value();
    REQUIRE(turns.items.size() == 1);
    const std::string turn_id = turns.items[0].id;
    const std::vector<std::string> before = house.step_kinds(turn_id);
    const auto has = [&](const char* kind) { return std::count(before.begin(), before.end(), kind); };
    script(house);
    if (has("model_answered") >= 1) house.model.answers.pop_front();

    run(house.io, house.outbox->start());
    run(house.io, house.agent->resume());
    REQUIRE(run_until(house.io, [&] {
      return house.outbox->pending() == 0 &&
             run(house.io, house.store->journal().find_turn(house.user.id, turn_id)).value().state == TurnState::replied;
    }));
    // The platform delivers again what it got no acknowledgement for: that begins nothing new.
    const json::value again = run(house.io, house.inbox->deliver("chan", inbound_event())).value();
    CHECK(again.at("duplicate").as_bool());
    REQUIRE(run_until(house.io, [&] { return house.outbox->pending() == 0; }));

    const std::vector<std::string> steps = house.step_kinds(turn_id);
    CHECK(std::count(steps.begin(), steps.end(), "model_answered") == 2);
    CHECK(std::count(steps.begin(), steps.end(), "replied") == 1);
    const auto pays = std::count_if(house.tools->calls.begin(), house.tools->calls.end(),
                                    [](const PluginCall& call) { return call.name == "pay"; });
    const bool was_started = has("tool_started") > 0;
    CHECK(pays == (was_started ? 0 : 1));
    if (was_started && has("tool_finished") == 0)
      CHECK(json::serialize(house.model.requests.back()).find("outcome unknown") != std::string::npos);
    // What may have gone out before the kill is not sent again by a channel that can't tell repeats.
    const bool may_be_out = fault.starts_with("outbox.");
    CHECK(house.sent.size() == (may_be_out ? 0 : 1));
    if (!house.sent.empty()) CHECK(string_or(house.sent[0], "text") == "All done.");
  }
}

TEST_CASE("a channel that tells repeats apart gets the message again under the same id") {
  TempFolder folder;
  const int status = run_child(folder.path(), "outbox.after_sending");
  REQUIRE(WIFSIGNALED(status));
  House house(folder.path());
  house.channel->manifest_.channel->idempotent_send = true;
  const auto open = run(house.io, house.store->journal().open_outbox()).value();
  REQUIRE(open.size() == 1);
  run(house.io, house.outbox->start());
  REQUIRE(run_until(house.io, [&] { return house.sent.size() == 1 && house.outbox->pending() == 0; }));
  CHECK(string_or(house.sent[0], "id") == open[0].id);
}

// An owner edits a Lua plugin while it is used: no call is lost, a broken edit changes nothing, and hobctl says so.
#include "support/daemon.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <fstream>
#include <sstream>
#include <thread>

using hobtest::Daemon;
namespace fs = std::filesystem;

namespace {

std::string script(const std::string& body) {
  return "local hob = require 'hob'\nreturn hob.plugin { id = 'echo', tools = { hob.tool { name = 'say', doc = 'Says.', args = {},\n"
         "  run = function() " + body + " end } } }\n";
}

struct House {
  explicit House(const std::string& isolation)
      : daemon({.extra = "plugins: {paths: [\"" + (folder.path() / "plugins").string() + "\"], isolation: {default: " + isolation + "}}"}) {
    fs::create_directories(place());
    std::ofstream(place() / "plugin.json")
        << R"({"id":"echo","version":"1.0.0","abi":"1.0","kind":["tool"],"tools":{"say":{"effect":"read"}}})";
    write(script("hob.sleep(60) return 'old'"));
    daemon.start();
  }
  fs::path place() const { return folder.path() / "plugins" / "echo"; }
  /// In the file itself, as a plain editor does.
  void write(const std::string& text) const { std::ofstream(place() / "main.lua") << text; }
  std::string say() { return daemon.control({"tool", "call", "say"}); }
  /// Asks until `text` is in the answer; the last answer.
  std::string control_until(const std::vector<std::string>& arguments, const std::string& text) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    std::string answer;
    do {
      answer = daemon.control(arguments);
    } while (answer.find(text) == std::string::npos && std::chrono::steady_clock::now() < until);
    return answer;
  }

  hobtest::TempDir folder;
  Daemon daemon;
};

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a script edited while it is called loses no call, and a broken edit changes nothing") {
  const std::string isolation = GENERATE(std::string("none"), std::string("process"));
  House house(isolation);
  std::atomic<bool> is_over = false;
  std::atomic<int> lost = 0, old_answers = 0, new_answers = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; ++i)
    callers.emplace_back([&] {
      while (!is_over) {
        const std::string answer = house.say();
        if (holds(answer, "\"old\"")) ++old_answers;
        else if (holds(answer, "\"new\"")) ++new_answers;
        else ++lost;
      }
    });
  const auto wait_for = [&](const std::atomic<int>& count, int least) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (count < least && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  };
  wait_for(old_answers, 6);
  house.write(script("hob.sleep(60) return 'new'"));
  wait_for(new_answers, 6);
  is_over = true;
  for (std::thread& caller : callers) caller.join();
  CHECK(lost == 0);
  CHECK(old_answers >= 6);
  CHECK(new_answers >= 6);
  CHECK(holds(house.say(), "\"new\""));

  house.write("this is no Lua\n");
  const std::string list = house.control_until({"plugin", "list"}, "main.lua:1:");
  CHECK(holds(list, "the one before keeps serving"));
  CHECK(holds(house.say(), "\"new\""));
  CHECK(holds(house.daemon.control({"system", "status"}), "main.lua:1:"));
  CHECK(house.daemon.control({"plugin", "reload", "echo"}).empty());  // refused, with the reason
  house.write(script("return 'mended'"));
  CHECK(holds(house.control_until({"tool", "call", "say"}, "mended"), "mended"));
  CHECK(house.daemon.stop() == 0);
}

TEST_CASE("a plugin that is switched off stays off over a restart of the daemon") {
  House house("process");
  CHECK(holds(house.daemon.control({"plugin", "disable", "echo"}), "\"stopped\""));
  CHECK(house.say().empty());
  CHECK(holds(house.daemon.control({"plugin", "disable", "echo"}), "\"unchanged\""));
  REQUIRE(house.daemon.stop() == 0);
  house.daemon.start();
  CHECK(house.say().empty());
  CHECK(holds(house.daemon.control({"plugin", "enable", "echo"}), "\"started\""));
  CHECK(holds(house.say(), "\"old\""));
  const std::string info = house.daemon.control({"plugin", "info", "echo"});
  CHECK(holds(info, "in a process of its own, pid "));
  CHECK(holds(info, R"("standing":"enforced")"));
  CHECK(house.daemon.stop() == 0);
}

TEST_CASE("a plugin dropped into a folder of plugins.paths is found, and one taken away leaves") {
  House house("none");
  const fs::path two = house.folder.path() / "plugins" / "two";
  fs::create_directories(two);
  std::ofstream(two / "main.lua") << "local hob = require 'hob'\nreturn hob.plugin { id = 'two', tools = { hob.tool { name = 'twice', "
                                     "doc = 'Two.', args = {}, run = function() return 2 end } } }\n";
  std::ofstream(two / "plugin.json") << R"({"id":"two","version":"1.0.0","abi":"1.0","kind":["tool"],"tools":{"twice":{"effect":"read"}}})";
  CHECK(holds(house.control_until({"tool", "call", "twice"}, "\"result\":2"), "\"result\":2"));
  fs::remove_all(two);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (holds(house.daemon.control({"tool", "list"}), "twice") && std::chrono::steady_clock::now() < until) {
  }
  CHECK_FALSE(holds(house.daemon.control({"tool", "list"}), "twice"));
  CHECK(house.daemon.stop() == 0);
}

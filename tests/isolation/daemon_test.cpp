// The built daemon with somebody else's plugin, from outside.
#include "fakes/temp_folder.hpp"
#include "support/daemon.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include <signal.h>

#include <fstream>
#include <thread>

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

struct Foreign {
  Foreign()
      : daemon({.extra = "plugins: {paths: [\"" + plugins.path().string() + "\"]}\ntools: {approval: never}", .log_level = "info"}) {}
  void install(const std::string& name, const std::string& tools) {
    const auto place = plugins.path() / name;
    std::filesystem::create_directories(place);
    std::filesystem::copy_file(std::filesystem::path(HOB_BROKEN) / (name + ".so"), place / (name + ".so"));
    std::ofstream(place / "plugin.json") << R"({"id":")" << name << R"(","version":"1.0.0","kind":["tool"],"tools":{)" << tools << "}}";
  }
  json::object report(const std::string& name) {
    const std::string text = daemon.control({"plugin", "info", name});
    return text.empty() ? json::object{} : json::parse(text).as_object();
  }
  /// The process of the plugin, as ps would show it: a child of the daemon.
  pid_t host() {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      std::ifstream file(entry.path() / "stat");
      std::string line;
      if (!std::getline(file, line) || line.find("(hob-plugin-host)") == std::string::npos) continue;
      int parent = 0;
      if (std::sscanf(line.c_str() + line.rfind(')') + 1, " %*c %d", &parent) == 1 && parent == daemon.process().pid())
        return pid_t(std::stol(entry.path().filename().string()));
    }
    return -1;
  }
  static bool is_gone(pid_t pid) {
    for (int i = 0; i < 5000; ++i) {
      if (::kill(pid, 0) != 0) return true;
      std::this_thread::sleep_for(1ms);
    }
    return false;
  }

  hobd::fakes::TempFolder plugins;
  hobtest::Daemon daemon;
};

}  // namespace

TEST_CASE("a foreign plugin runs in a process of its own, and goes with the daemon, however that goes") {
  Foreign home;
  home.install("answers_twice", R"("ok_answers_twice":{"effect":"read"},"sin_answers_twice":{"effect":"read"})");
  home.daemon.start();
  REQUIRE(home.report("answers_twice").at("isolation") == "process");
  REQUIRE(home.report("tool_calculator").at("isolation") == "none");
  const pid_t host = home.host();
  REQUIRE(host > 0);
  SECTION("by SIGTERM") { REQUIRE(home.daemon.stop() == 0); }
  SECTION("by SIGKILL") { home.daemon.kill(); }
  REQUIRE(Foreign::is_gone(host));
}

TEST_CASE("a plugin that keeps crashing is switched off, and hobctl status says which and why") {
  Foreign home;
  home.install("segfault_invoke", R"("ok_segfault_invoke":{"effect":"read"},"sin_segfault_invoke":{"effect":"read"})");
  home.daemon.start();
  const pid_t daemon = home.daemon.process().pid();
  for (int i = 0; i < 400 && home.report("segfault_invoke").at("state") != "failed"; ++i) {
    home.daemon.control({"call", "tool.call", R"({"name":"sin_segfault_invoke","arguments":{}})"});
    std::this_thread::sleep_for(50ms);
  }
  const json::object status = json::parse(home.daemon.control({"status"})).as_object();
  const json::array& faults = status.at("plugins").at("faults").as_array();
  REQUIRE(faults.size() == 1);
  REQUIRE(faults[0].at("instance") == "segfault_invoke");
  REQUIRE(std::string(faults[0].at("reason").as_string()).find("quarantined after 5 ends") == 0);
  REQUIRE(home.daemon.process().running());
  REQUIRE(home.daemon.process().pid() == daemon);
  REQUIRE(home.daemon.log_tail().find("the owner is told in the log") != std::string::npos);
}

// isolation [--calls 20000]: what a plugin costs by where it runs.
//
// One tool that answers its arguments, called one after another with 1 KiB from the core thread: native and Lua, inside the
// process and in one of its own; the round trip's p50 and p99, and the memory of each isolated plugin's process: what is its
// alone (private), and what it shares with others by its libraries.
#include "plugins/house.hpp"

#include "base/log.hpp"
#include "plugins/remote_instance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

using namespace hobd;
using Steady = std::chrono::steady_clock;

namespace {

struct Figures {
  double p50 = 0, p99 = 0;
};

/// Calls one after another; the next is made where the last one ended, as a turn would.
class Caller {
 public:
  Caller(fakes::House& house, Instance& plugin, std::string tool, std::string payload, int count)
      : house_(house), plugin_(plugin), tool_(std::move(tool)), payload_(std::move(payload)), left_(count) {
    micros_.reserve(std::size_t(count));
  }
  std::vector<double> run() {
    next();
    house_.io.restart();
    while (left_ > 0 || is_open_) house_.io.run_one();
    return std::move(micros_);
  }

 private:
  void next() {
    --left_;
    is_open_ = true;
    began_ = Steady::now();
    plugin_.start_call(house_.tool(tool_, payload_), [this](Result<std::string> answer) {
      micros_.push_back(std::chrono::duration<double, std::micro>(Steady::now() - began_).count());
      is_open_ = false;
      if (answer.has_error()) {
        std::fprintf(stderr, "isolation: %s: %s\n", tool_.c_str(), answer.error().message.c_str());
        std::exit(1);
      }
      if (left_ > 0) next();
    });
  }

  fakes::House& house_;
  Instance& plugin_;
  const std::string tool_, payload_;
  int left_;
  bool is_open_ = false;
  Steady::time_point began_;
  std::vector<double> micros_;
};

Figures measure(fakes::House& house, Instance& plugin, const std::string& tool, int calls) {
  const std::string payload = R"({"text":")" + std::string(1024 - 11, 'x') + R"("})";
  Caller(house, plugin, tool, payload, calls / 10).run();  // warm
  std::vector<double> micros = Caller(house, plugin, tool, payload, calls).run();
  std::sort(micros.begin(), micros.end());
  return {micros[micros.size() / 2], micros[micros.size() * 99 / 100]};
}

/// KiB of the named lines of /proc/PID/smaps_rollup together.
long rollup(pid_t pid, std::initializer_list<const char*> names) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  long sum = 0;
  for (std::string line; std::getline(file, line);)
    for (const char* name : names)
      if (line.starts_with(name)) sum += std::atol(line.c_str() + std::strlen(name));
  return sum;
}

struct Place {
  const char* title;
  Isolation isolation;
};

}  // namespace

int main(int argc, char** argv) {
  int calls = 20'000;
  if (argc == 3 && std::strcmp(argv[1], "--calls") == 0) calls = std::max(100, std::atoi(argv[2]));
  log::configure(log::Level::off, log::Format::text);
  std::printf("%-28s %10s %10s   %s\n", "1 KiB there and back", "p50 us", "p99 us", "process: private / all, MiB");
  for (const Place place : {Place{"in process", Isolation::none}, Place{"isolated", Isolation::process}}) {
    fakes::House house;
    house.install("good", R"("echo":{"effect":"read"})");
    house.context.bundled_paths.push_back(HOB_BENCH_PLUGINS);
    house.context.bundled_paths.push_back(HOB_BUILD "/lib/hob/plugins");
    house.context.plugin_host = HOB_BUILD "/bin/hob-plugin-host";
    auto config = std::make_shared<Config>(*house.config);
    config->plugins.isolation_bundled = place.isolation;
    house.config = config;
    house.start();
    const struct {
      const char *language, *plugin, *tool;
    } plugins[] = {{"native", "good", "echo"}, {"Lua", "tool_echo", "echo_lua"}};
    for (const auto& plugin : plugins) {
      Instance& instance = house.plugin(plugin.plugin);
      const Figures figures = measure(house, instance, plugin.tool, calls);
      std::printf("%-28s %10.1f %10.1f", fmt::format("{}, {}", plugin.language, place.title).c_str(), figures.p50, figures.p99);
      if (const auto* remote = dynamic_cast<RemoteInstance*>(&instance)) {
        const long own = rollup(remote->pid(), {"Private_Clean:", "Private_Dirty:"}), all = rollup(remote->pid(), {"Rss:"});
        std::printf("   %.1f / %.1f", double(own) / 1024, double(all) / 1024);
      }
      std::printf("\n");
    }
    if (const auto* calculator = dynamic_cast<RemoteInstance*>(house.registry->find("tool_calculator"))) {
      const long own = rollup(calculator->pid(), {"Private_Clean:", "Private_Dirty:"}), all = rollup(calculator->pid(), {"Rss:"});
      std::printf("%-28s %10s %10s   %.1f / %.1f\n", "tool_calculator (C++), idle", "", "", double(own) / 1024, double(all) / 1024);
    }
  }
}

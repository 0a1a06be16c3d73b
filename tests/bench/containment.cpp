// containment [--times 20] [--only SIN]: what broken plugins can do to the rest.
//
// Three healthy plugins (native in this process, native and Lua in processes of their own) are called without a pause while
// each broken plugin of tests/isolation/broken commits its sin, --times times each, under the daemon's own supervision. One
// line a sin: how it ended, the healthy calls that were made meanwhile, those that failed, and the slowest answer. Last,
// the process id before and after. The supervision's clock is moved on after each sin, or the fifth would be the last.
// Exit 0 when no healthy call was lost and each sin was noticed.
#include "isolation/sins.hpp"
#include "plugins/house.hpp"

#include "base/log.hpp"
#include "plugins/local_instance.hpp"
#include "plugins/remote_instance.hpp"

#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

using namespace hobd;
using fakes::Sin;
using std::chrono::milliseconds;
using Steady = std::chrono::steady_clock;

namespace {

struct Tally {
  std::uint64_t calls = 0, lost = 0;
  double slowest_ms = 0;
};

/// Calls of one healthy plugin without end, one at a time.
class Load {
 public:
  Load(fakes::House& house, Instance& plugin, std::string tool) : house_(house), plugin_(plugin), tool_(std::move(tool)) { next(); }
  /// Since the last take().
  Tally take() { return std::exchange(tally_, {}); }
  void stop() {
    stopped_ = true;
    fakes::run_until(house_.io, [&] { return is_idle_; });
  }

 private:
  void next() {
    began_ = Steady::now();
    plugin_.start_call(house_.tool(tool_, R"({"text":"me"})"), [this](Result<std::string> answer) {
      ++tally_.calls;
      tally_.slowest_ms = std::max(tally_.slowest_ms, std::chrono::duration<double, std::milli>(Steady::now() - began_).count());
      if (answer.has_error()) ++tally_.lost;
      is_idle_ = stopped_;
      if (!stopped_) next();
    });
  }
  fakes::House& house_;
  Instance& plugin_;
  const std::string tool_;
  bool stopped_ = false, is_idle_ = false;
  Steady::time_point began_;
  Tally tally_;
};

/// The house of the healthy, and the sinner beside it.
struct Scene : fakes::House {
  Scene() {
    context.cancel_grace = milliseconds(100);
    context.plugin_host = HOB_BUILD "/bin/hob-plugin-host";
    install("good", R"("echo":{"effect":"read"})");
    context.bundled_paths.push_back(HOB_BENCH_PLUGINS);
    auto with = std::make_shared<Config>(*config);
    with->plugins.isolation_bundled = Isolation::process;
    with->plugins.disabled = {"tool_count"};
    config = with;
    start();
    inside = LocalInstance::make({options(plugin("good").manifest(), "inside"), &pool, &pool});
    fakes::run(io, inside->async_prepare());
  }
  ~Scene() {
    fakes::run(io, inside->async_stop(milliseconds(500)));
    inside->close();
  }

  InstanceOptions options(const Manifest& manifest, const std::string& name) {
    return {name, manifest, {}, {context.core, &clock, &http, &kv, &methods, &channels, make_websocket_client}, milliseconds(100)};
  }
  std::shared_ptr<RemoteInstance> make_sinner(const Sin& sin) {
    const std::string name(sin.name);
    if (!find_manifest.contains(name)) {
      install(name, R"("ok_)" + name + R"(":{},"sin_)" + name + R"(":{})", name == "segfault_result" ? R"(,"permissions":{"kv":"1KiB"})" : "", HOB_BROKEN);
      find_manifest.emplace(name, read_manifest(folder.path() / name / "plugin.json", true).value());
    }
    RemoteLimits limits;
    limits.memory = 128 << 20;
    limits.threads = 10;
    limits.start = milliseconds(500);
    limits.watch = milliseconds(20);
    limits.first_wait = milliseconds(5);
    return RemoteInstance::make({options(find_manifest.at(name), name), context.plugin_host, limits, nullptr});
  }

  PluginPool pool{2};
  std::shared_ptr<LocalInstance> inside;
  std::map<std::string, Manifest> find_manifest;
};

/// The rules that the log has named, by plugin.
class Rules {
 public:
  Rules() : id_(log::listen([this](const log::Line& line) { take(line); })) {}
  ~Rules() { log::forget(id_); }
  bool named(const std::string& part, std::string_view rule) {
    const std::lock_guard lock(mutex_);
    return std::erase_if(lines_, [&](const log::Line& line) {
             return line.part == part && line.text.starts_with("rule " + std::string(rule));
           }) > 0;
  }

 private:
  void take(const log::Line& line) {
    const std::lock_guard lock(mutex_);
    if (line.text.starts_with("rule ") && lines_.size() < 1000) lines_.push_back(line);
  }
  std::mutex mutex_;
  std::vector<log::Line> lines_;
  std::uint64_t id_;
};

class Containment {
 public:
  explicit Containment(int times) : times_(times) {}
  ~Containment() {
    for (Load& load : loads_) load.stop();
  }

  /// Prints the sin's line.
  void commit(const Sin& sin) {
    std::map<std::string, int> ends;
    std::shared_ptr<RemoteInstance> sinner;
    int unnoticed = 0;
    for (Load& load : loads_) load.take();
    for (int i = 0; i < times_; ++i) {
      bool is_noticed = true;
      ++ends[once(sin, sinner, is_noticed)];
      unnoticed += !is_noticed;
      scene_.clock.advance(std::chrono::minutes(11));
    }
    end(sinner);
    Tally tally;
    for (Load& load : loads_) {
      const Tally one = load.take();
      tally.calls += one.calls;
      tally.lost += one.lost;
      tally.slowest_ms = std::max(tally.slowest_ms, one.slowest_ms);
    }
    std::string how;
    for (const auto& [end, count] : ends) how += fmt::format("{}{} {}", how.empty() ? "" : ", ", count, end);
    fmt::print("{:28} {:12} {:28} {:9} {:5} {:9.1f}{}\n", sin.name, sin.rule.empty() ? "-" : sin.rule, how, tally.calls, tally.lost,
               tally.slowest_ms, unnoticed > 0 ? fmt::format("   {} unnoticed", unnoticed) : "");
    std::fflush(stdout);
    all.calls += tally.calls;
    all.lost += tally.lost;
    all.slowest_ms = std::max(all.slowest_ms, tally.slowest_ms);
    all_unnoticed += unnoticed;
  }

  Tally all;
  int all_unnoticed = 0;

 private:
  /// One sin: how its call (or its start) ended.
  std::string once(const Sin& sin, std::shared_ptr<RemoteInstance>& sinner, bool& is_noticed) {
    const auto notice = [&] {
      is_noticed = sin.rule.empty() ||
                   fakes::run_until(scene_.io, [&] { return rules_.named(std::string(sin.name), sin.rule); });
    };
    if (!sinner) {
      sinner = scene_.make_sinner(sin);
      const Result<void> started = fakes::run(scene_.io, sinner->async_prepare());
      if (started.has_error()) {
        // What the registry says of an instance that doesn't start.
        log::error(std::string(sin.name), "{}", sinner->state_reason());
        notice();
        end(sinner);
        return "no start";
      }
    }
    fakes::run_until(scene_.io, [&] { return sinner->state() == InstanceState::ready; });
    const std::uint32_t restarts = sinner->stats().restarts;
    PluginCall call = scene_.tool("sin_" + std::string(sin.name));
    call.deadline = milliseconds(sin.needs_deadline ? 100 : 10'000);
    call.on_chunk = [](std::string) { return true; };
    const Result<std::string> answer = fakes::run(scene_.io, sinner->async_call(std::move(call)));
    notice();
    // A rule that costs no process is named once each: the next sin is another's.
    if (sinner->stats().restarts == restarts) end(sinner);
    return answer.has_error() ? std::string(code_name(answer.error().code)) : "answer";
  }

  void end(std::shared_ptr<RemoteInstance>& sinner) {
    if (!sinner) return;
    fakes::run(scene_.io, sinner->async_stop(milliseconds(1000)));
    sinner->close();
    sinner.reset();
  }

  const int times_;
  Rules rules_;
  Scene scene_;
  Load loads_[3] = {{scene_, *scene_.inside, "echo"}, {scene_, scene_.plugin("good"), "echo"}, {scene_, scene_.plugin("tool_echo"), "echo_lua"}};
};

}  // namespace

int main(int argc, char** argv) {
  int times = 20;
  std::string only;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--times") == 0) times = std::max(1, std::atoi(argv[i + 1]));
    if (std::strcmp(argv[i], "--only") == 0) only = argv[i + 1];
  }
  // The log is listened to; printed it is of no use here.
  if (!std::freopen("/dev/null", "w", stderr)) return 1;
  const pid_t before = ::getpid();
  fmt::print("{:28} {:12} {:28} {:>9} {:>5} {:>9}\n", fmt::format("sin, {} times each", times), "rule", "its calls", "healthy", "lost",
             "slowest ms");
  Containment containment(times);
  for (const Sin& sin : fakes::kSins)
    if (only.empty() || sin.name == only) containment.commit(sin);
  fmt::print("\nhealthy calls {}, lost {}, slowest answer {:.1f} ms; sins that no rule named {}\n", containment.all.calls,
             containment.all.lost, containment.all.slowest_ms, containment.all_unnoticed);
  fmt::print("process id before {}, after {}\n", before, ::getpid());
  return containment.all.lost == 0 && containment.all_unnoticed == 0 ? 0 : 1;
}

// turns [--requests 4000] [--growth 10000]: what a turn costs beyond its model.
//
// The stand-in answers at once, and its own round trip is measured in the same run and taken off: overhead =
// (a turn's time) - (the stand-in's time at the same number at once). Then turns a second, what a turn takes of the processors
// (hobd's threads alone, which says more on a busy machine), and memory after many turns against memory before.
#include "support/daemon.hpp"
#include "support/load.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

namespace {

/// Microseconds of the processors that a process has used, all its threads.
double cpu_micros_of(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(pid, &clock) == 0) ::clock_gettime(clock, &used);
  return double(used.tv_sec) * 1e6 + double(used.tv_nsec) / 1e3;
}

}  // namespace

int main(int argc, char** argv) {
  int requests = 4000, growth = 10'000;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--requests") == 0) requests = std::atoi(argv[i + 1]);
    if (std::strcmp(argv[i], "--growth") == 0) growth = std::atoi(argv[i + 1]);
  }
  hobtest::TempDir dir;
  int model_port = 0;
  hobtest::Process model = hobtest::start_fake_openai(dir.path() / "model.log", model_port);
  hobtest::Daemon daemon({.models = hobtest::fake_models(model_port)});
  daemon.start();

  const std::string bare = R"({"model":"echo","stream":true,"messages":[{"role":"user","content":"message %n"}]})";
  const std::string chat = R"({"model":"hob","user":"bench-%c","messages":[{"role":"user","content":"message %n of %c"}]})";
  const std::string socket = R"({"action":"chat","message":"message %n of %c"})";
  std::printf("%-24s %5s %9s %9s %9s %9s %9s %6s\n", "overhead of a turn, us", "at", "p50", "p95", "p99", "turns/s", "CPU us", "bad");
  // Chunked answers have no length: the bare model is timed without streaming, which is the cheaper form.
  const std::string plain = R"({"model":"echo","messages":[{"role":"user","content":"message %n"}]})";
  for (const int at_once : {1, 16, 64}) {
    const int count = at_once == 1 ? requests / 4 : requests;
    const auto alone = hobtest::run_load({.port = model_port, .connections = at_once, .requests = count, .body = plain});
    const double base = alone.percentile(50);
    for (const bool websocket : {false, true}) {
      hobtest::LoadOptions load{.port = daemon.port(), .connections = at_once, .requests = count,
                                .path = websocket ? "/ws" : "/v1/chat/completions", .body = websocket ? socket : chat,
                                .websocket = websocket};
      if (!websocket) load.ok_mark = "echo: message";
      const double used = cpu_micros_of(daemon.process().pid());
      const auto result = hobtest::run_load(load);
      const double cpu = (cpu_micros_of(daemon.process().pid()) - used) / double(count);
      std::printf("%-24s %5d %9.0f %9.0f %9.0f %9.0f %9.0f %6llu\n", load.path.c_str(), at_once, result.percentile(50) - base,
                  result.percentile(95) - base, result.percentile(99) - base, double(result.good) / result.seconds, cpu,
                  static_cast<unsigned long long>(result.bad));
      if (result.bad) std::printf("  first bad answer: %s\n", result.first_bad.c_str());
    }
    std::printf("%-24s %5d %9.0f us a request, %.0f requests/s\n", "(the stand-in alone)", at_once, base, double(alone.good) / alone.seconds);
  }

  const auto before = hobtest::memory_of(daemon.process().pid());
  const auto grown = hobtest::run_load({.port = daemon.port(), .connections = 32, .requests = growth,
                                        .body = R"({"model":"hob","user":"grow-%c","messages":[{"role":"user","content":"message %n of %c"}]})",
                                        .ok_mark = "echo: message"});
  const auto after = hobtest::memory_of(daemon.process().pid());
  std::printf("after %llu more turns: RSS %.1f -> %.1f MiB, PSS %.1f -> %.1f MiB, private dirty %.1f -> %.1f MiB\n",
              static_cast<unsigned long long>(grown.good), double(before.rss) / 1024, double(after.rss) / 1024,
              double(before.pss) / 1024, double(after.pss) / 1024, double(before.private_dirty) / 1024, double(after.private_dirty) / 1024);
  daemon.stop();
}

// start [--runs 20]: time from exec to ready, and memory when idle, with every bundled plugin loaded.
#include "support/daemon.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace {

/// The N of the newest "ready in N ms" line of a log: what the daemon itself measured, from exec on.
double ready_millis(const std::string& log) {
  const std::size_t at = log.rfind("ready in ");
  return at == std::string::npos ? -1 : std::atof(log.c_str() + at + 9);
}

}  // namespace

int main(int argc, char** argv) {
  const int runs = argc > 2 && std::strcmp(argv[1], "--runs") == 0 ? std::atoi(argv[2]) : 20;
  hobtest::Daemon daemon({.log_level = "info"});
  std::vector<double> ready;
  hobtest::Memory memory;
  for (int i = 0; i < runs; ++i) {
    daemon.start();
    ready.push_back(ready_millis(daemon.log_tail()));
    if (i + 1 == runs) {
      std::this_thread::sleep_for(std::chrono::seconds(1));
      memory = hobtest::memory_of(daemon.process().pid());
    }
    daemon.stop();
  }
  std::sort(ready.begin(), ready.end());
  std::printf("exec to ready: p50 %.1f ms, worst %.1f ms over %d starts (to reach: 30)\n", ready[ready.size() / 2], ready.back(), runs);
  std::printf("idle: RSS %.1f MiB (to reach: 20), PSS %.1f MiB, private dirty %.1f MiB\n", double(memory.rss) / 1024,
              double(memory.pss) / 1024, double(memory.private_dirty) / 1024);
}

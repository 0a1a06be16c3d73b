// websockets [--counts 1000,5000]: idle WebSockets held, the daemon's memory for each, and the round trip of a ping.
#include "support/daemon.hpp"
#include "support/load.hpp"

#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <thread>

int main() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  for (const int count : {1000, 5000}) {
    hobtest::Daemon daemon({});
    daemon.start();
    { hobtest::HeldSockets warm(daemon.port(), "/ws", 20); }
    const auto before = hobtest::memory_of(daemon.process().pid());
    hobtest::HeldSockets held(daemon.port(), "/ws", count);
    std::this_thread::sleep_for(std::chrono::seconds(2));
    const auto after = hobtest::memory_of(daemon.process().pid());
    const auto pings = held.ping(count / 500);
    std::printf("%d WebSockets: open %d, lost %d, %.1f KiB each (to reach: 20), ping p50 %.0f us, p99 %.0f us\n", count, pings.open,
                pings.lost, double(after.rss - before.rss) / double(held.open() ? held.open() : 1), pings.percentile(50),
                pings.percentile(99));
  }
}

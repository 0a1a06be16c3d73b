// ledger [--rows 100000] [--calls 4000]: what the budget adds to a model call, beside one bare write of the same store.
//
// In one process, on a ledger that holds --rows calls of a year: a small write that is awaited (the store's floor: two thread
// hops and a commit), the budget's reserve() alone, and reserve() with the settlement that follows it, both awaited until they
// are committed. A turn waits for reserve() and for nothing else.
#include "models/budget.hpp"
#include "fakes/run.hpp"
#include "fakes/temp_folder.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

using namespace hobd;
using SteadyClock = std::chrono::steady_clock;

namespace {

struct House {
  asio::io_context io{1};
  fakes::TempFolder folder;
  SystemClock clock;
  std::shared_ptr<Config> config = std::make_shared<Config>();
  std::unique_ptr<Store> store;
  std::unique_ptr<Budget> budget;
};

struct Series {
  std::vector<double> micros;
  double at(double share) {
    std::sort(micros.begin(), micros.end());
    return micros[std::min(micros.size() - 1, static_cast<std::size_t>(share * static_cast<double>(micros.size())))];
  }
};

PlannedCall call(int number) {
  PlannedCall planned;
  planned.call = {.user_id = "usr_" + std::to_string(number % 5), .channel = number % 3 ? "http" : "discord",
                  .conversation_id = "conv_" + std::to_string(number % 40), .turn_id = "turn_" + std::to_string(number / 2), .purpose = Purpose::chat};
  planned.model = "paid/model";
  planned.tier = "fast";
  planned.input_tokens = 1500;
  planned.max_tokens = planned.least_tokens = 500;
  return planned;
}

/// Rows of earlier calls, spread over a year; many at once, so that a commit takes many of them.
awaitable<void> fill(House& house, int from, int until) {
  for (int i = from; i < until; ++i) {
    Reserve one;
    one.id = "old_" + std::to_string(i);
    one.call = call(i).call;
    one.model = "paid/model";
    one.tier = "fast";
    one.at = house.clock.now() - std::chrono::minutes(5 * (100'000 - i % 100'000));
    one.accounts = {{.scope = "all", .name = "", .window = "day " + format_time(one.at).substr(0, 10)}};
    Settlement settled;
    settled.outcome = "answered";
    settled.usage.input_tokens = 900;
    settled.usage.output_tokens = 100;
    settled.nano = 1'100'000;
    (void)co_await house.store->ledger().record(std::move(one), std::move(settled));
  }
}

double micros_since(SteadyClock::time_point begun) { return std::chrono::duration<double, std::micro>(SteadyClock::now() - begun).count(); }

awaitable<bool> measure(House& house, int calls, Series& bare, Series& reserving, Series& whole) {
  for (int i = 0; i < calls; ++i) {
    auto begun = SteadyClock::now();
    const auto written = co_await house.store->ledger().put_overrun("bench", i + 1.0);
    bare.micros.push_back(micros_since(begun));
    begun = SteadyClock::now();
    PlannedCall planned = call(i);
    Result<Reservation> got = co_await house.budget->reserve(std::move(planned));
    reserving.micros.push_back(micros_since(begun));
    if (written.has_error() || got.has_error()) co_return false;
    Usage usage;
    usage.input_tokens = 900;
    usage.output_tokens = 100;
    house.budget->settle(*std::move(got), usage, CallOutcome::answered, false);
    co_await house.budget->stop(std::chrono::seconds(5));  // until it is written
    whole.micros.push_back(micros_since(begun));
  }
  co_return true;
}

/// Of this process, all threads: what a call costs however busy the machine is.
double cpu_micros() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return double(now.tv_sec) * 1e6 + double(now.tv_nsec) / 1e3;
}

struct Cpu {
  double bare = 0, reserve = 0, settle = 0;  // microseconds a call
};

awaitable<Cpu> measure_cpu(House& house, int calls) {
  Cpu cpu;
  double begun = cpu_micros();
  for (int i = 0; i < calls; ++i) (void)co_await house.store->ledger().put_overrun("bench", i + 1.0);
  cpu.bare = (cpu_micros() - begun) / calls;
  std::vector<Reservation> open;
  begun = cpu_micros();
  for (int i = 0; i < calls; ++i) {
    PlannedCall planned = call(i);
    Result<Reservation> got = co_await house.budget->reserve(std::move(planned));
    if (got.has_value()) open.push_back(*std::move(got));
  }
  cpu.reserve = (cpu_micros() - begun) / calls;
  begun = cpu_micros();
  for (Reservation& one : open) {
    Usage usage;
    usage.input_tokens = 900;
    house.budget->settle(std::move(one), usage, CallOutcome::answered, false);
    co_await house.budget->stop(std::chrono::seconds(5));
  }
  cpu.settle = (cpu_micros() - begun) / calls;
  co_return cpu;
}

}  // namespace

int main(int argc, char** argv) {
  int rows = 100'000, calls = 4'000;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--rows") == 0) rows = std::max(0, std::atoi(argv[i + 1]));
    if (std::strcmp(argv[i], "--calls") == 0) calls = std::max(1, std::atoi(argv[i + 1]));
  }
  House house;
  house.config->models.prices["paid/model"] = {.input = 1, .output = 2, .cached = 0.1, .cache_write = 1.25};
  house.config->models.budget.daily = house.config->models.budget.monthly = 100'000;
  house.config->models.budget.per_user_daily = house.config->models.budget.per_channel_daily = 100'000;
  house.config->proactive.timezone = "Europe/Berlin";
  house.store = open_sqlite_store({.file = house.folder.path() / "hob.db", .executor = house.io.get_executor(), .clock = &house.clock}).value();
  house.budget = make_budget({.core = house.io.get_executor(), .store = house.store.get(), .clock = &house.clock, .config = house.config});
  {
    TaskGroup filling(house.io.get_executor());
    for (int i = 0; i < 100; ++i) filling.spawn("fill", fill(house, rows / 100 * i, rows / 100 * (i + 1)));
    house.io.run();
  }
  fakes::run(house.io, house.budget->start()).value();
  Series bare, reserving, whole;
  bool is_good = false;
  // Longer than run() of the tests waits.
  asio::co_spawn(house.io, measure(house, calls, bare, reserving, whole), [&](std::exception_ptr failure, bool good) { is_good = !failure && good; });
  house.io.restart();
  house.io.run();
  if (!is_good) {
    std::fprintf(stderr, "ledger: a call failed\n");
    return 1;
  }
  Cpu cpu;
  asio::co_spawn(house.io, measure_cpu(house, calls), [&](std::exception_ptr, Cpu measured) { cpu = measured; });
  house.io.restart();
  house.io.run();
  const auto begun = SteadyClock::now();
  LedgerFilter all;
  const auto sums = fakes::run(house.io, house.store->ledger().sums(std::move(all), SumBy::day)).value();
  const double summing = micros_since(begun);
  std::printf("%d rows before, %d calls\n%-32s %10s %10s %10s\n", rows, calls, "microseconds", "p50", "p95", "p99");
  const auto line = [](const char* name, Series& series) {
    std::printf("%-32s %10.0f %10.0f %10.0f\n", name, series.at(0.5), series.at(0.95), series.at(0.99));
  };
  line("a bare write", bare);
  line("reserve, what a call waits for", reserving);
  line("reserve and settle, committed", whole);
  std::printf("reserve / bare write: %.2f at p50, %.2f at p95\n", reserving.at(0.5) / bare.at(0.5), reserving.at(0.95) / bare.at(0.95));
  std::printf("CPU a call, all threads: bare write %.0f, reserve %.0f, settle %.0f\n", cpu.bare, cpu.reserve, cpu.settle);
  std::printf("usage by day over everything: %zu days in %.0f ms\n", sums.size(), summing / 1000);
  house.budget.reset();
  house.store->close();
  return 0;
}

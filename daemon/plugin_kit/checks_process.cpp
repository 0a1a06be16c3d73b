// What a guest does not do to the house: each check looks at this process before and after the plugin's life.
#include "plugin_kit/check.hpp"
#include "plugin_kit/probe.hpp"

#include <fmt/format.h>

#include <malloc.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <clocale>
#include <csignal>
#include <thread>

namespace hobd::kit {
namespace {

/// A whole life: started, asked everything, some of it cancelled, destroyed.
Result<void> live(const Subject& subject) {
  Bench bench(subject);
  TRY(bench.start());
  for (const Probe& probe : TRY(probes_of(bench))) {
    settled(bench.host, probe);
    const hob_id call = probe.begin(bench.host);
    bench.host.cancel(call);
    bench.host.finish(call);
  }
  if (bench.host.offers<hob_ext_channel>(HOB_EXT_CHANNEL)) bench.host.stop_channel();
  bench.host.advance(std::chrono::minutes(5));
  bench.host.destroy();
  return {};
}

Result<Verdict> quiet(const Subject& subject) {
  TRY(live(subject));
  std::fflush(nullptr);
  const Noise noise = noise_so_far();
  if (noise.out + noise.err == 0) return pass("nothing on standard output or error");
  return fail(fmt::format("{} bytes on standard {} (\"{}...\"): write to the log service", noise.out > 0 ? noise.out : noise.err, noise.out > 0 ? "output" : "error", noise.sample));
}

Result<Verdict> directory(const Subject& subject) {
  const std::filesystem::path before = std::filesystem::current_path();
  const mode_t mask = ::umask(022);
  ::umask(mask);
  TRY(live(subject));
  if (std::filesystem::current_path() != before) return fail("it changed the working directory");
  const mode_t after = ::umask(mask);
  if (after != mask) return fail(fmt::format("it changed the umask from {:o} to {:o}", mask, after));
  return pass("working directory and umask are as before");
}

Result<Verdict> locale(const Subject& subject) {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  TRY(live(subject));
  const std::string after = std::setlocale(LC_ALL, nullptr);
  if (after != before) return fail(fmt::format("it changed the locale from {} to {}", before, after));
  return pass("the locale is as before");
}

Result<Verdict> signals(const Subject& subject) {
  struct sigaction before[NSIG] {};
  for (int i = 1; i < NSIG; ++i) ::sigaction(i, nullptr, &before[i]);
  TRY(live(subject));
  for (int i = 1; i < NSIG; ++i) {
    struct sigaction after {};
    if (::sigaction(i, nullptr, &after) != 0) continue;
    if (after.sa_handler != before[i].sa_handler) return fail(fmt::format("it installed a handler for signal {}", i));
  }
  return pass("no signal handler was installed");
}

int forks = 0;

Result<Verdict> processes(const Subject& subject) {
  ::pthread_atfork([] { ++forks; }, nullptr, nullptr);
  TRY(live(subject));
  if (forks > 0) return fail(fmt::format("it forked {} times", forks));
  return pass("no process was forked");
}

std::size_t entries(const char* folder) {
  std::error_code ignored;
  std::filesystem::directory_iterator all(folder, ignored);
  return std::size_t(std::distance(all, std::filesystem::directory_iterator()));
}

Result<Verdict> threads(const Subject& subject) {
  const std::size_t before = entries("/proc/self/task");
  TRY(live(subject));
  std::size_t after = 0;
  for (int i = 0; i < 200; ++i) {  // a thread that was told to end needs a moment
    after = entries("/proc/self/task");
    if (after <= before) return pass("no thread outlives destroy()");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return fail(fmt::format("{} threads outlive destroy()", after - before));
}

Result<Verdict> descriptors(const Subject& subject) {
  TRY(live(subject));  // what a library opens once for good is not a leak
  const std::size_t before = entries("/proc/self/fd");
  for (int i = 0; i < 3; ++i) TRY(live(subject));
  const std::size_t after = entries("/proc/self/fd");
  if (after > before) return fail(fmt::format("{} file descriptors stay open after destroy()", after - before));
  return pass("no file descriptor stays open");
}

Result<Verdict> memory(const Subject& subject) {
  // A leak grows in every window; the allocator's own caches, which count as memory in use, only until they are full.
  constexpr int kWindows = 8, kLives = 5;
  std::size_t each = SIZE_MAX;
  for (int window = 0; window < kWindows && each >= 1024; ++window) {
    const std::size_t before = ::mallinfo2().uordblks;
    for (int i = 0; i < kLives; ++i) TRY(live(subject));
    const std::size_t after = ::mallinfo2().uordblks;
    each = std::min(each, after > before ? (after - before) / kLives : 0);
  }
  if (each < 1024) return pass("memory comes back");
  return warn(fmt::format("{} bytes stay behind with each life", each));
}

Result<Verdict> services(const Subject& subject) {
  Bench bench(subject);
  TRY(bench.start());
  for (const Probe& probe : TRY(probes_of(bench))) settled(bench.host, probe);
  if (subject.manifest.language == Manifest::Language::lua) return skip("the Lua runtime asks for every service");
  static constexpr std::pair<const char*, const char*> kLines[] = {{HOB_HOST_HTTP, "\"http\": [\"the.host\"]"}, {HOB_HOST_KV, "\"kv\": \"1MiB\""},
                                                                   {HOB_HOST_SECRET, "\"secrets.read\": [\"name\"]"}, {HOB_HOST_METHOD, "\"methods\": [\"scope\"]"}};
  for (const auto& [id, line] : kLines)
    if (bench.host.asked_for.contains(id) && bench.host.options().withheld.contains(id))
      return warn(fmt::format("it asks for {}, which the manifest does not grant: add {} to \"permissions\"", id, line));
  return pass("it asks for what the manifest grants");
}

Result<Verdict> quota(const Subject& subject) {
  if (subject.manifest.permissions.kv == 0) return skip("it has no kv");
  hob::test::Options options = Bench::options_for(subject);
  options.kv_quota = 0;
  Bench bench(subject, std::move(options));
  TRY(bench.start());
  for (const Probe& probe : TRY(probes_of(bench))) TRY(well_formed(probe, settled(bench.host, probe)));
  return pass("a full store is answered for");
}

constexpr Check kChecks[] = {
    {"house.quiet", "nothing on standard output and error", quiet},
    {"house.directory", "no chdir, no umask", directory},
    {"house.locale", "no setlocale", locale},
    {"house.signals", "no signal handlers", signals},
    {"house.processes", "no fork", processes},
    {"house.threads", "no thread outlives the plugin", threads},
    {"house.descriptors", "no descriptor outlives the plugin", descriptors},
    {"house.memory", "memory comes back", memory},
    {"house.services", "services are used as granted", services},
    {"house.quota", "a full kv store is handled", quota},
};

}  // namespace

std::span<const Check> process_checks() { return kChecks; }

}  // namespace hobd::kit

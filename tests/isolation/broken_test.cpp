// Each broken plugin commits its sin beside a healthy one: the daemon's process stays, the healthy plugin answers, the
// log names the rule and the plugin, and afterwards the sinner either serves again or is down with a reason.
#include "isolation/every.hpp"
#include "isolation/sins.hpp"

#include "base/text.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <cstdio>

using namespace hobd;
using fakes::Sin;

namespace {

struct SinHouse : fakes::House {
  explicit SinHouse(const Sin& s) : sin(s), name(s.name) {
    context.remote.memory = 128 << 20;
    context.remote.threads = 10;
    context.remote.start = std::chrono::milliseconds(1000);
    context.remote.watch = std::chrono::milliseconds(20);
    context.remote.first_wait = std::chrono::milliseconds(5);
    context.remote.stop = std::chrono::milliseconds(1000);
    const std::string tools = R"("ok_)" + name + R"(":{"effect":"read"},"sin_)" + name + R"(":{"effect":"read"})";
    install(name, tools, name == "segfault_result" ? R"(,"permissions":{"kv":"1KiB"})" : "", HOB_BROKEN);
    install("good", fakes::kGoodTools);
    start();
  }

  /// The sin's call, with a healthy plugin's beside it.
  Result<std::string> commit() {
    std::optional<Result<std::string>> answer, healthy;
    PluginCall call = tool("sin_" + name);
    call.deadline = std::chrono::milliseconds(sin.needs_deadline ? 100 : 15'000);
    call.on_chunk = [](std::string) { return true; };
    plugin(name).start_call(std::move(call), [&](Result<std::string> result) { answer = std::move(result); });
    plugin("good").start_call(tool("echo", "\"me\""), [&](Result<std::string> result) { healthy = std::move(result); });
    REQUIRE(fakes::run_until(io, [&] { return healthy.has_value(); }));
    REQUIRE(healthy->value() == "\"me\"");
    REQUIRE(fakes::run_until(io, [&] { return answer.has_value(); }));
    return *std::move(answer);
  }

  const Sin& sin;
  const std::string name;
};

std::string outcome_text(const Result<std::string>& answer) {
  return answer.has_error() ? std::string(code_name(answer.error().code)) : *answer;
}

/// Commits one sin and returns the table's words for what happened.
std::string contain(const Sin& sin) {
  fakes::LogLines lines;
  SinHouse house(sin);
  const std::string name(sin.name);
  if (sin.outcome == "no start") {
    REQUIRE(house.plugin(name).state() == InstanceState::failed);
    REQUIRE(house.reason(name).find(sin.says) != std::string::npos);
    if (!sin.rule.empty()) REQUIRE(lines.has(name, "rule " + std::string(sin.rule)));
    REQUIRE(house.call(house.tool("echo", "1")).value() == "1");
    return "does not start: " + house.plugin(name).state_reason();
  }
  INFO(house.reason(name));
  const Result<std::string> answer = house.commit();
  const std::string outcome = outcome_text(answer);
  INFO(outcome + (answer.has_error() ? ": " + answer.error().message : ""));
  REQUIRE(outcome.starts_with(sin.outcome));
  if (!sin.rule.empty()) REQUIRE(fakes::run_until(house.io, [&] { return lines.has(name, "rule " + std::string(sin.rule)); }));
  if (!sin.says.empty()) REQUIRE(lines.has(name, sin.says));
  REQUIRE(fakes::run_until(house.io, [&] { return house.plugin(name).state() == InstanceState::ready; }));
  REQUIRE(house.call(house.tool("ok_" + name), name).value() == "\"well\"");
  REQUIRE(house.call(house.tool("echo", "1")).value() == "1");
  const std::uint32_t restarts = house.plugin(name).stats().restarts;
  const std::string what = outcome.size() > 30 ? outcome.substr(0, 30) : to_valid_utf8(outcome);
  return "its call ended as " + what + (sin.rule.empty() ? "" : ", rule " + std::string(sin.rule)) +
         (restarts > 0 ? ", serves again in a new process" : ", serves on");
}

/// Sins that memory limits and seccomp hold, which a sanitizer doesn't live with.
bool needs_walls(const Sin& sin) {
  return sin.rule == "memory" || sin.rule == "network" || sin.rule == "processes" || sin.rule == "files" || sin.rule == "threads" ||
         sin.name == "answers_100mib" || sin.name == "overflows_stack";
}

}  // namespace

TEST_CASE("no sin of a plugin reaches the daemon or its neighbours") {
  const pid_t before = ::getpid();
  for (const Sin& sin : fakes::kSins) {
    if (needs_walls(sin) && kIsSanitized) continue;
    DYNAMIC_SECTION(sin.name) {
      const std::string what = contain(sin);
      std::printf("%-28s %s\n", std::string(sin.name).c_str(), what.c_str());
      REQUIRE(::getpid() == before);
    }
  }
}

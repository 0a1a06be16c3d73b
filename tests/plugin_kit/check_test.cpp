// The checker: each broken rule is found by the check that is named after it, and a good plugin passes.
#include "fakes/temp_folder.hpp"
#include "plugin_kit/check.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>

using namespace hobd;
using namespace hobd::kit;
namespace fs = std::filesystem;

namespace {

/// A folder with one sinner in it.
struct Sinner {
  explicit Sinner(const std::string& sin, const std::string& library = "sin_any") {
    ::setenv("HOB_SIN", sin.c_str(), 1);
    fs::copy_file(fs::path(HOB_SINS) / (library + ".so"), folder.path() / "sinner.so");
    std::ofstream(folder.path() / "plugin.json")
        << R"({"id":"sinner","version":"1.0.0","abi":"1.0","description":"Sins","kind":["tool"],"tools":{"act":{"effect":"read"}})"
        << (sin == "bad_schema" ? R"(,"code":"sinner.so"})" : "}");
  }
  ~Sinner() { ::unsetenv("HOB_SIN"); }
  Verdict check(std::string_view name, std::chrono::seconds limit = std::chrono::seconds(30)) const {
    const Subject subject = read_subject(folder.path(), Origin::stranger, {}).value();
    for (const auto& group : {load_checks(), kind_checks(), call_checks(), process_checks()})
      for (const Check& one : group)
        if (name == one.name) return run_alone([&] { return one.run(subject); }, limit);
    throw std::runtime_error("no such check");
  }
  fakes::TempFolder folder;
};

struct Row {
  const char *sin, *check;
  Outcome outcome;
  const char* words;
};

}  // namespace

TEST_CASE("each sin is found, with one sentence of reason") {
  const Row rows[] = {
      {"crash_create", "life.create", Outcome::crash, "signal 6"},
      {"crash_activate", "life.activate", Outcome::crash, "in activate"},
      {"crash_call", "call.answers", Outcome::crash, "in tool.invoke"},
      {"crash_destroy", "life.activate", Outcome::crash, "in destroy"},
      {"exits", "call.once", Outcome::crash, "exit code 3"},
      {"sleeps", "call.strand", Outcome::warn, "held the strand"},
      {"forks", "house.processes", Outcome::fail, "forked"},
      {"chdir", "house.directory", Outcome::fail, "working directory"},
      {"umask", "house.directory", Outcome::fail, "umask"},
      {"locale", "house.locale", Outcome::fail, "locale"},
      {"signals", "house.signals", Outcome::fail, "handler"},
      {"thread", "house.threads", Outcome::fail, "outlive"},
      {"descriptor", "house.descriptors", Outcome::fail, "stay open"},
      {"kv", "house.services", Outcome::pass, ""},
      {"internal", "call.answers", Outcome::fail, "internal is for faults"},
      {"bad_utf8", "call.answers", Outcome::fail, "not valid UTF-8"},
      {"never", "call.answers", Outcome::fail, "no answer"},
      {"not_json", "call.answers", Outcome::fail, "not JSON"},
      {"prints", "house.quiet", Outcome::fail, "hello"},
      {"refuses_config", "life.activate", Outcome::fail, "never happy"},
      {"unlisted_tool", "tool.manifest", Outcome::fail, "does not list it"},
      {"unlisted_kind", "manifest.kinds", Outcome::fail, "hob.provider/1"},
      {"bad_schema", "tool.describe", Outcome::fail, "JSON Schema of an object"},
      {"no_description", "tool.describe", Outcome::warn, "no description"},
      {"none", "library.imports", Outcome::warn, "fork"},
  };
  for (const Row& row : rows) {
    const Sinner sinner(row.sin);
    const Verdict verdict = sinner.check(row.check);
    INFO(row.sin << " / " << row.check << ": " << outcome_name(verdict.outcome) << ", " << verdict.reason);
    CHECK(verdict.outcome == row.outcome);
    CHECK(verdict.reason.find(row.words) != std::string::npos);
  }
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_CASE("memory that does not come back is found") {
  CHECK(Sinner("memory").check("house.memory").outcome == Outcome::warn);
  CHECK(Sinner("none").check("house.memory").outcome == Outcome::pass);
}
#endif

TEST_CASE("a plugin that hangs is ended, and the reason names where it was") {
  const Verdict verdict = Sinner("hangs").check("call.once", std::chrono::seconds(1));
  CHECK(verdict.outcome == Outcome::fail);
  CHECK(verdict.reason == "no end within 1 s; it was in tool.invoke");
}

TEST_CASE("two answers, answers to nobody and a second symbol are found") {
  const Sinner sinner("", "sin_twice");
  for (const char* check : {"call.once", "call.stray", "extension.unknown", "library.exports", "tool.unknown"}) {
    const Verdict verdict = sinner.check(check);
    INFO(check << ": " << verdict.reason);
    CHECK(verdict.outcome == Outcome::fail);
  }
  CHECK(sinner.check("host.major").outcome == Outcome::warn);
}

TEST_CASE("a manifest that lies is found") {
  const Sinner sinner("none");
  const auto rewrite = [&](const std::string& text) { std::ofstream(sinner.folder.path() / "plugin.json") << text; };
  rewrite(R"({"id":"other","version":"1.0.0","kind":["tool"],"tools":{"act":{}}})");
  CHECK(sinner.check("library.entry").outcome == Outcome::fail);
  rewrite(R"({"id":"sinner","version":"1.0.0","kind":["tool"],"tools":{"act":{},"gone":{}}})");
  CHECK(sinner.check("tool.manifest").reason.find("gone") != std::string::npos);
  rewrite(R"({"id":"sinner","version":"1.0.0","kind":["tool","embedder"],"tools":{"act":{}}})");
  CHECK(sinner.check("manifest.kinds").outcome == Outcome::fail);
  rewrite(R"({"id":"sinner","version":"1.0.0","kind":["tool"],"tools":{"act":{"description":"Does something else."}}})");
  CHECK(sinner.check("tool.manifest").outcome == Outcome::fail);
}

TEST_CASE("a good plugin passes every check") {
  const std::string name = GENERATE("tool_calculator", "provider_anthropic", "provider_gemini");
  const fs::path samples = fs::path(HOB_SOURCE_DIR) / "plugins" / name / "check.json";
  const Subject subject = read_subject(fs::path(HOB_PLUGINS) / name, Origin::bundled, fs::exists(samples) ? samples : fs::path()).value();
  int count = 0;
  for (const auto& group : {load_checks(), kind_checks(), call_checks(), process_checks()})
    for (const Check& check : group) {
      const Verdict verdict = run_alone([&] { return check.run(subject); }, std::chrono::seconds(60));
      INFO(name << ": " << check.name << ": " << verdict.reason);
      CHECK(verdict.outcome != Outcome::fail);
      CHECK(verdict.outcome != Outcome::crash);
      CHECK_FALSE(verdict.reason.empty());
      ++count;
    }
  CHECK(count >= 30);
}

TEST_CASE("fuzzing finds the same fault again by its seed") {
  const Sinner sinner("crash_call");
  const Subject subject = read_subject(sinner.folder.path(), Origin::stranger, {}).value();
  const Verdict first = run_alone([&] { return fuzz_round(subject, 42, 0); }, std::chrono::seconds(30));
  const Verdict again = run_alone([&] { return fuzz_round(subject, 42, 0); }, std::chrono::seconds(30));
  CHECK(first.outcome == Outcome::crash);
  CHECK(again.reason == first.reason);
}

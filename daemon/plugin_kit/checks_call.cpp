// What holds of every call, whatever its extension.
#include "base/text.hpp"
#include "plugin_kit/check.hpp"
#include "plugin_kit/probe.hpp"
#include "plugin_kit/sample.hpp"

#include <fmt/format.h>

#include <functional>

namespace hobd::kit {
using hob::test::Answer;

namespace {

/// Runs `work` on an activated plugin with everything that it can be asked.
Result<Verdict> with_probes(const Subject& subject, const std::function<Result<Verdict>(Bench&, const std::vector<Probe>&)>& work) {
  Bench bench(subject);
  TRY(bench.start());
  const std::vector<Probe> probes = TRY(probes_of(bench));
  if (probes.empty()) return skip("it offers nothing that can be called");
  return work(bench, probes);
}

Result<Verdict> answers(const Subject& subject) {
  return with_probes(subject, [](Bench& bench, const std::vector<Probe>& probes) -> Result<Verdict> {
    std::string refused;
    std::size_t good = 0;
    for (const Probe& probe : probes) {
      const Answer& answer = settled(bench.host, probe);
      TRY(well_formed(probe, answer));
      if (answer.status == HOB_CANCELLED) return warn(probe.name + ": no end by itself; it was cancelled at its deadline");
      if (answer.status == HOB_OK) ++good;
      else if (refused.empty()) refused = probe.name + " answered " + shown(answer);
      if (answer.status == HOB_INTERNAL) return fail(fmt::format("{}: internal is for faults of the plugin: {}", probe.name, to_valid_utf8(answer.result)));
    }
    if (good == probes.size()) return pass(fmt::format("{} calls, each answered well", good));
    return warn(fmt::format("{} of {} calls answered ok; {} (give samples in check.json)", good, probes.size(), refused));
  });
}

Result<Verdict> once(const Subject& subject) {
  return with_probes(subject, [](Bench& bench, const std::vector<Probe>& probes) -> Result<Verdict> {
    for (int round = 0; round < 3; ++round)
      for (const Probe& probe : probes) {
        const Answer& answer = settled(bench.host, probe);
        bench.host.run();
        if (answer.finishes != 1) return fail(fmt::format("{}: {} answers to one call", probe.name, answer.finishes));
      }
    bench.host.advance(std::chrono::minutes(1));
    if (bench.host.second_answers > 0) return fail("a call was answered again, later");
    return pass("each call has exactly one answer");
  });
}

Result<Verdict> stray(const Subject& subject) {
  return with_probes(subject, [](Bench& bench, const std::vector<Probe>& probes) -> Result<Verdict> {
    for (const Probe& probe : probes) settled(bench.host, probe);
    if (bench.host.stray_answers > 0) return fail("it answered calls that nobody made");
    return pass("it answers the calls that were made, no others");
  });
}

/// The bytes go in place of each call's JSON; the answer must be well-formed, whatever it says.
Result<Verdict> with_bytes(const Subject& subject, const std::string& what, const std::vector<std::string>& inputs) {
  return with_probes(subject, [&](Bench& bench, const std::vector<Probe>& probes) -> Result<Verdict> {
    std::size_t calls = 0;
    std::string pardoned;
    for (const Probe& probe : probes) {
      if (!probe.begin_with) continue;
      for (const std::string& bytes : inputs) {
        const Answer& answer = settled_with(bench.host, probe, bytes);
        TRY(well_formed(probe, answer));
        if (answer.status == HOB_INTERNAL && pardoned.empty()) pardoned = probe.name;
        ++calls;
      }
    }
    if (calls == 0) return skip("no call takes JSON");
    if (!pardoned.empty()) return warn(fmt::format("{} answers internal to {}; invalid tells the caller more", pardoned, what));
    return pass(fmt::format("{} calls with {} are answered in order", calls, what));
  });
}

Result<Verdict> not_json(const Subject& subject) {
  return with_bytes(subject, "what is no JSON object", {"", "not json", "{", "[]", "null", "17", "\"text\"", "{\"a\":1}{", std::string("\0", 1)});
}
Result<Verdict> bad_utf8(const Subject& subject) {
  return with_bytes(subject, "invalid UTF-8", {"{\"text\":\"\xff\xfe\"}", "\xc3", "{\"\xed\xa0\x80\":1}", "{\"input\":[\"\xf8\"]}"});
}
Result<Verdict> deep(const Subject& subject) {
  const std::string open(20'000, '['), close(20'000, ']');
  std::string objects;
  for (int i = 0; i < 20'000; ++i) objects += "{\"a\":";
  return with_bytes(subject, "20,000 nested levels", {"{\"x\":" + open + close + "}", open, objects});
}
Result<Verdict> huge(const Subject& subject) {
  const std::string text(8 << 20, 'x');
  return with_bytes(subject, "8 MiB of text", {"{\"text\":\"" + text + "\"}", text});
}

/// Cancels each call right after it began.
Result<Verdict> cancelled(const Subject& subject) {
  return with_probes(subject, [](Bench& bench, const std::vector<Probe>& probes) -> Result<Verdict> {
    for (const Probe& probe : probes) {
      const hob_id call = probe.begin(bench.host);
      bench.host.cancel(call);
      const Answer& answer = bench.host.finish(call);
      TRY(well_formed(probe, answer));
    }
    bench.host.advance(std::chrono::minutes(1));
    if (bench.host.second_answers > 0) return fail("a cancelled call was answered twice");
    return pass("cancelled calls are answered, once");
  });
}

/// The host's own operations never end: the call must still end when it is cancelled.
Result<Verdict> hung(const Subject& subject) {
  return with_probes(subject, [](Bench& bench, const std::vector<Probe>& probes) -> Result<Verdict> {
    bench.host.on_http = [](const hob::test::HttpRequest&) { return hob::test::HttpReply{.status = 0, .hangs = true}; };
    std::size_t waited = 0;
    for (const Probe& probe : probes) {
      const std::size_t before = bench.host.requests.size();
      const hob_id call = probe.begin(bench.host);
      bench.host.run();
      if (bench.host.answer(call).done) continue;
      ++waited;
      bench.host.cancel(call);
      const Answer& answer = bench.host.finish(call, std::chrono::seconds(5), std::chrono::seconds(5));
      if (!answer.done) return fail(probe.name + ": no answer within 5 s of cancel()");
      TRY(well_formed(probe, answer));
      for (std::size_t i = before; i < bench.host.requests.size(); ++i)
        if (!bench.host.requests[i].cancelled) return warn(probe.name + ": its HTTP request goes on after cancel()");
    }
    if (waited == 0) return skip("no call waits for HTTP");
    return pass(fmt::format("{} calls that waited ended at cancel()", waited));
  });
}

Result<Verdict> late(const Subject& subject) {
  return with_probes(subject, [](Bench& bench, const std::vector<Probe>& probes) -> Result<Verdict> {
    for (const Probe& probe : probes) settled(bench.host, probe);
    hob_plugin* plugin = bench.host.plugin();
    for (const hob_id id : {hob_id(0), hob_id(1), hob_id(999'999), ~hob_id(0)}) {
      plugin->cancel(plugin, id);
      if (const auto* table = bench.host.offers<hob_ext_operation>(HOB_EXT_OPERATION)) {
        table->event(plugin, id + 7000, HOB_EVENT_DATA, hob::test::borrow("late"));
        table->result(plugin, id + 7000, HOB_OK, hob::test::borrow("late"));
      }
      if (const auto* table = bench.host.offers<hob_ext_timer>(HOB_EXT_TIMER)) table->fire(plugin, id + 7000);
      if (const auto* table = bench.host.offers<hob_ext_executor>(HOB_EXT_EXECUTOR)) table->run(plugin, id + 7000);
      if (const auto* table = bench.host.offers<hob_ext_routes>(HOB_EXT_ROUTES); table && table->message) table->message(plugin, id, 1, hob::test::borrow("late"));
    }
    bench.host.run();
    for (const Probe& probe : probes) TRY(well_formed(probe, settled(bench.host, probe)));
    return pass("ids that it does not know any more are ignored");
  });
}

Result<Verdict> many(const Subject& subject) {
  return with_probes(subject, [](Bench& bench, const std::vector<Probe>& probes) -> Result<Verdict> {
    constexpr int kEach = 20;
    std::vector<std::pair<hob_id, const Probe*>> calls;
    for (int i = 0; i < kEach; ++i)
      for (const Probe& probe : probes) calls.emplace_back(probe.begin(bench.host), &probe);
    for (const auto& [call, probe] : calls) {
      if (!bench.host.finish(call, std::chrono::seconds(5), std::chrono::seconds(30)).done) bench.host.cancel(call);
      TRY(well_formed(*probe, bench.host.finish(call)));
    }
    return pass(fmt::format("{} calls at once, each answered", calls.size()));
  });
}

Result<Verdict> trouble(const Subject& subject) {
  return with_probes(subject, [](Bench& bench, const std::vector<Probe>& probes) -> Result<Verdict> {
    for (const hob_status status : std::initializer_list<hob_status>{HOB_DENIED, HOB_TIMEOUT, HOB_UNAVAILABLE, HOB_OVERLOADED, HOB_INTERNAL, 4711}) {
      bench.host.trouble = std::pair(status, "the host is in trouble");
      for (const Probe& probe : probes) {
        const Answer& answer = settled(bench.host, probe);
        if (answer.finishes == 1 && answer.status == status) continue;  // passed on, also one that is new to this version
        TRY(well_formed(probe, answer));
      }
    }
    bench.host.trouble.reset();
    for (const Probe& probe : probes) TRY(well_formed(probe, settled(bench.host, probe)));
    return pass("services that fail are answered for, and it goes on after");
  });
}

Result<Verdict> deaf(const Subject& subject) {
  return with_probes(subject, [](Bench& bench, const std::vector<Probe>& probes) -> Result<Verdict> {
    for (const hob_status status : {HOB_CANCELLED, HOB_OVERLOADED}) {
      bench.host.emit_answer = status;
      for (const Probe& probe : probes) {
        const Answer& answer = settled(bench.host, probe);
        if (answer.finishes != 1) return fail(fmt::format("{}: {} answers when nobody takes its chunks", probe.name, answer.finishes));
      }
    }
    return pass("a reader that went away ends the call");
  });
}

Result<Verdict> strand(const Subject& subject) {
  return with_probes(subject, [](Bench& bench, const std::vector<Probe>& probes) -> Result<Verdict> {
    for (const Probe& probe : probes) settled(bench.host, probe);
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(bench.host.longest).count();
    if (ms <= 100) return pass("no function held the strand over 100 ms");
    return warn(fmt::format("{} held the strand for {} ms: leave it with run_blocking", bench.host.longest_function, ms));
  });
}

Result<Verdict> config_garbage(const Subject& subject) {
  for (const char* text : {"", "not json", "[]", "null", "{\"a\":"}) {
    Bench bench(subject);
    TRY(bench.create());
    bench.host.activate(text);
  }
  return pass("a config that is no object is survived");
}

Result<Verdict> config_misfit(const Subject& subject) {
  const json::value& schema = subject.manifest.config_schema;
  const std::vector<Misfit> misfits = schema.is_object() ? misfits_of(schema, subject.config) : std::vector<Misfit>{};
  if (misfits.empty()) return skip("it has no config_schema");
  std::size_t silent = 0;
  for (const Misfit& misfit : misfits) {
    Bench bench(subject);
    TRY(bench.create());
    if (bench.host.activate(json::serialize(misfit.value)) != HOB_OK && bench.host.log.empty()) ++silent;
  }
  if (silent > 0) return fail("activate() refused a config without a log line that says why");
  return pass(fmt::format("{} configs that do not fit are survived; the daemon refuses them before", misfits.size()));
}

Result<Verdict> reconfigure(const Subject& subject) {
  Bench bench(subject);
  TRY(bench.start());
  if (!bench.host.offers<hob_ext_config>(HOB_EXT_CONFIG)) return skip("without hob.config/1 it is made anew");
  const Answer& answer = bench.host.configure(bench.host.options().config);
  if (answer.status != HOB_OK) return fail("the config it was activated with was refused: " + shown(answer));
  bench.host.configure("[1,2]");
  bench.host.configure("no json");
  const std::vector<Probe> probes = TRY(probes_of(bench));
  for (const Probe& probe : probes) TRY(well_formed(probe, settled(bench.host, probe)));
  return pass("it takes a config while it runs, and refuses a bad one");
}

constexpr Check kChecks[] = {
    {"call.answers", "calls with good arguments are answered in form", answers},
    {"call.once", "exactly one answer a call", once},
    {"call.stray", "no answers to calls that were not made", stray},
    {"call.not_json", "arguments that are no JSON object are survived", not_json},
    {"call.utf8", "invalid UTF-8 is survived and not passed on", bad_utf8},
    {"call.deep", "deeply nested JSON is survived", deep},
    {"call.huge", "very long JSON is survived", huge},
    {"call.cancel", "a cancelled call is answered once", cancelled},
    {"call.hung", "cancel() ends a call that waits for the host", hung},
    {"call.late", "late and unknown ids are ignored", late},
    {"call.many", "calls overlap", many},
    {"call.trouble", "failing services are handled", trouble},
    {"call.deaf", "emit() that is refused is handled", deaf},
    {"call.strand", "the strand is held under 100 ms", strand},
    {"config.garbage", "a config that is no object is survived", config_garbage},
    {"config.misfit", "a config that does not fit is survived or refused in words", config_misfit},
    {"config.change", "a config can change while it runs", reconfigure},
};

}  // namespace

std::span<const Check> call_checks() { return kChecks; }

}  // namespace hobd::kit

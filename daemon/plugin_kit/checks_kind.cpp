// What each extension promises beyond being answered.
#include "base/text.hpp"
#include "plugin_kit/check.hpp"
#include "plugin_kit/manifest_text.hpp"
#include "plugin_kit/probe.hpp"
#include "plugin_kit/sample.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace hobd::kit {
using hob::test::Answer;

namespace {

template <class Table>
bool lacks(Bench& bench, const char* id) {
  return bench.host.offers<Table>(id) == nullptr;
}

// ---- tools ----

Result<Verdict> tool_describe(const Subject& subject) {
  Bench bench(subject);
  TRY(bench.start());
  if (lacks<hob_ext_tool>(bench, HOB_EXT_TOOL)) return skip("it has no tools");
  const std::vector<DescribedTool> tools = TRY(described_tools(bench));
  for (const DescribedTool& tool : tools) {
    const json::object* schema = tool.parameters.if_object();
    if (!schema || string_or(*schema, "type") != "object") return fail(tool.name + ": \"parameters\" is a JSON Schema of an object");
    const auto compiled = Schema::compile(tool.parameters);
    if (compiled.has_error()) return fail(tool.name + ": \"parameters\" is no JSON Schema: " + compiled.error().message);
    if (tool.description.empty()) return warn(tool.name + " has no description: the model chooses by it");
    if (const auto fit = compiled->check(tool.good, "arguments"); fit.has_error()) return fail(tool.name + ": its sample does not fit its parameters: " + fit.error().message);
  }
  return pass(fmt::format("{} tools, described in full", tools.size()));
}

Result<Verdict> tool_manifest(const Subject& subject) {
  Bench bench(subject);
  TRY(bench.start());
  if (lacks<hob_ext_tool>(bench, HOB_EXT_TOOL)) return skip("it has no tools");
  const std::vector<DescribedTool> tools = TRY(described_tools(bench));
  const std::vector<std::string> drift = drift_of(subject.manifest, tools);
  if (drift.empty()) return pass("the manifest lists the tools of the code");
  return fail(drift.front() + "; hobctl plugin build writes the block");
}

Result<Verdict> tool_unknown(const Subject& subject) {
  Bench bench(subject);
  TRY(bench.start());
  if (lacks<hob_ext_tool>(bench, HOB_EXT_TOOL)) return skip("it has no tools");
  for (const char* name : {"no_such_tool", "", "roll_die\n"}) {
    const Answer& answer = bench.host.tool(name, "{}");
    if (answer.status != HOB_NOT_FOUND) return fail(fmt::format("a tool \"{}\" that is not there answers {}, not not_found", name, shown(answer)));
  }
  return pass("a tool that is not there is not_found");
}

Result<Verdict> tool_arguments(const Subject& subject) {
  Bench bench(subject);
  TRY(bench.start());
  if (lacks<hob_ext_tool>(bench, HOB_EXT_TOOL)) return skip("it has no tools");
  std::size_t tried = 0;
  std::string taken, internal;
  for (const DescribedTool& tool : TRY(described_tools(bench)))
    for (const Misfit& misfit : misfits_of(tool.parameters, tool.good)) {
      const Probe probe{Probe::Form::json, tool.name, {}, [&](hob::test::Host& host, const std::string& bytes) { return host.begin_tool(tool.name, bytes); }};
      const Answer& answer = settled_with(bench.host, probe, json::serialize(misfit.value));
      if (answer.finishes != 1) return fail(fmt::format("{} with {}: {} answers", tool.name, misfit.what, answer.finishes));
      if (answer.status == HOB_INTERNAL) internal = fmt::format("{} {} answers internal to arguments that the daemon would refuse before; invalid tells more", tool.name, misfit.what);
      if (answer.status == HOB_OK && taken.empty()) taken = fmt::format("{} with {}", tool.name, misfit.what);
      ++tried;
    }
  if (tried == 0) return skip("its tools take no arguments");
  if (!internal.empty()) return warn(internal);
  if (!taken.empty()) return pass(fmt::format("{} bad arguments survived ({} is taken; the daemon refuses it before)", tried, taken));
  return pass(fmt::format("{} bad arguments, each refused", tried));
}

// ---- providers ----

Result<Verdict> provider_models(const Subject& subject) {
  Bench bench(subject);
  TRY(bench.start());
  if (lacks<hob_ext_provider>(bench, HOB_EXT_PROVIDER)) return skip("it is no provider");
  const Answer& answer = bench.host.models();
  if (answer.status != HOB_OK) return warn("models answered " + shown(answer) + " (give samples in check.json)");
  const auto parsed = parse_json_object(answer.result);
  const json::array* list = parsed ? array_at(*parsed, "models") : nullptr;
  if (!list) return fail("models answers {\"models\":[...]}");
  for (const json::value& one : *list)
    if (!one.is_object() || string_or(one.get_object(), "id").empty()) return fail("a model has an \"id\"");
  return pass(fmt::format("{} models, each with an id", list->size()));
}

/// invalid: what is wrong with one delta.
Result<void> check_delta(const std::string& chunk, bool& has_usage) {
  const auto parsed = parse_json_object(chunk);
  if (parsed.has_error()) return Error{Code::invalid, "a delta is no JSON object: " + parsed.error().message};
  for (const auto& [name, value] : *parsed) {
    if (name == "text" || name == "reasoning") {
      if (!value.is_string()) return Error{Code::invalid, fmt::format("a delta's \"{}\" is a text", std::string(name))};
    } else if (name == "carry") {
      if (!value.is_object()) return Error{Code::invalid, "a delta's \"carry\" is an object"};
    } else if (name == "tool_call") {
      if (!value.is_object() || !value.get_object().contains("index")) return Error{Code::invalid, "a delta's \"tool_call\" has an \"index\""};
    } else if (name == "usage") {
      has_usage = true;
      if (!value.is_object() || int_or(value.get_object(), "input_tokens", -1) < 0 || int_or(value.get_object(), "output_tokens", -1) < 0)
        return Error{Code::invalid, "a delta's \"usage\" has input_tokens and output_tokens"};
    } else {
      return Error{Code::invalid, fmt::format("a delta has an unknown member \"{}\"", std::string(name))};
    }
  }
  return {};
}

Result<Verdict> provider_complete(const Subject& subject) {
  Bench bench(subject);
  TRY(bench.start());
  if (lacks<hob_ext_provider>(bench, HOB_EXT_PROVIDER)) return skip("it is no provider");
  const Answer& answer = bench.host.complete(sample_chat(subject));
  if (answer.status != HOB_OK) return warn("complete answered " + shown(answer) + " (give recorded bytes in check.json)");
  bool has_usage = false;
  for (const std::string& chunk : answer.chunks) TRY(check_delta(chunk, has_usage));
  const auto result = parse_json_object(answer.result);
  const std::string stop(result ? string_or(*result, "stop") : "");
  if (stop != "end" && stop != "length" && stop != "tool_calls" && stop != "filtered") return fail("the result's \"stop\" is end, length, tool_calls or filtered");
  if (answer.chunks.empty()) return fail("no delta came before the end");
  if (!has_usage) return warn("no usage delta: the budget counts by estimate");
  return pass(fmt::format("{} deltas, usage, stop \"{}\"", answer.chunks.size(), stop));
}

Result<Verdict> provider_faults(const Subject& subject) {
  Bench bench(subject);
  TRY(bench.start());
  if (lacks<hob_ext_provider>(bench, HOB_EXT_PROVIDER)) return skip("it is no provider");
  if (subject.manifest.permissions.http.empty()) return skip("it makes no HTTP requests");
  const struct {
    int status;
    hob_status wanted;
  } cases[] = {{401, HOB_DENIED}, {429, HOB_OVERLOADED}, {500, HOB_UNAVAILABLE}, {400, HOB_INVALID}};
  for (const auto& one : cases) {
    bench.host.on_http = [&](const hob::test::HttpRequest&) { return hob::test::HttpReply{.status = one.status, .body = R"({"error":{"message":"no"}})"}; };
    const Answer& answer = bench.host.complete(sample_chat(subject));
    if (answer.status == HOB_OK) return fail(fmt::format("HTTP {} reads as a good answer", one.status));
    if (answer.status != one.wanted) return warn(fmt::format("HTTP {} reads as {}, better {}", one.status, shown(answer), status_name(one.wanted)));
  }
  bench.host.on_http = [](const hob::test::HttpRequest&) { return hob::test::HttpReply{.status = 200, .end = HOB_UNAVAILABLE, .error = "broke off"}; };
  if (bench.host.complete(sample_chat(subject)).status == HOB_OK) return fail("a connection that broke reads as a good answer");
  for (const char* garbage : {"", "<html>down</html>", "data: {\n\n", "data: \xff\n\n"}) {
    bench.host.on_http = [&](const hob::test::HttpRequest&) { return hob::test::HttpReply{.body = garbage}; };
    const Answer& answer = bench.host.complete(sample_chat(subject));
    if (answer.status == HOB_OK) return fail("an answer that is no answer of a model reads as good");
  }
  return pass("refusals, limits, faults and broken answers keep apart");
}

// ---- channels ----

Result<Verdict> channel_life(const Subject& subject) {
  Bench bench(subject);
  TRY(bench.start());
  if (lacks<hob_ext_channel>(bench, HOB_EXT_CHANNEL)) return skip("it is no channel");
  for (int i = 0; i < 2; ++i) {
    const Answer& started = bench.host.start_channel();
    if (started.status != HOB_OK) return fail("start answered " + shown(started));
    const Answer& sent = bench.host.send(sample_message(subject));
    const Answer& stopped = bench.host.stop_channel();
    if (stopped.status != HOB_OK) return fail("stop answered " + shown(stopped));
    const std::size_t delivered = bench.host.delivered.size();
    bench.host.advance(std::chrono::minutes(10));
    if (bench.host.delivered.size() != delivered) return fail("it delivers after stop was answered");
    if (sent.status != HOB_OK) return warn("send answered " + shown(sent) + " (give samples in check.json)");
    const auto receipt = parse_json_object(sent.result);
    if (!receipt || string_or(*receipt, "message_id").empty()) return fail("send answers a receipt {\"message_id\":\"...\"}");
  }
  return pass("start, send with a receipt, stop, and start again");
}

Result<Verdict> channel_faults(const Subject& subject) {
  Bench bench(subject);
  TRY(bench.start());
  if (lacks<hob_ext_channel>(bench, HOB_EXT_CHANNEL)) return skip("it is no channel");
  if (subject.manifest.permissions.http.empty()) return skip("it makes no HTTP requests");
  bench.host.start_channel();
  for (const int status : {429, 500, 503}) {
    bench.host.on_http = [&](const hob::test::HttpRequest&) { return hob::test::HttpReply{.status = status, .body = "later"}; };
    const Answer& answer = bench.host.send(sample_message(subject));
    if (answer.status == HOB_OK) return fail(fmt::format("send says ok though the platform answered {}: the message is lost", status));
    if (answer.status != HOB_UNAVAILABLE && answer.status != HOB_OVERLOADED)
      return warn(fmt::format("send answers {} to HTTP {}; unavailable and overloaded are tried again", shown(answer), status));
  }
  return pass("a platform in trouble is tried again");
}

// ---- embedders ----

Result<Verdict> embedder(const Subject& subject) {
  Bench bench(subject);
  TRY(bench.start());
  if (lacks<hob_ext_embedder>(bench, HOB_EXT_EMBEDDER)) return skip("it is no embedder");
  const Answer& described = bench.host.embedder();
  if (described.status != HOB_OK) return warn("describe answered " + shown(described) + " (give samples in check.json)");
  const auto card = parse_json_object(described.result);
  if (!card) return fail("describe answers a JSON object");
  const std::int64_t batch = int_or(*card, "max_batch");
  std::int64_t dimension = int_or(*card, "dimension");
  const bool serves_many = string_or(*card, "model").empty() && dimension == 0 && card->contains("model");
  if (!serves_many && string_or(*card, "model").empty()) return fail("describe answers a \"model\"");
  if (serves_many) dimension = 1;  // the answers tell
  if (dimension < 1 || dimension > 65536) return fail("describe answers a \"dimension\" of 1 to 65,536");
  if (batch < 1) return fail("describe answers a \"max_batch\" of at least 1");
  const json::object asked = TRY(parse_json_object(sample_texts(subject)));
  json::object named = asked;
  if (serves_many && !named.contains("model")) named["model"] = "check";
  const std::string request = json::serialize(named);
  const Answer& first = bench.host.embed(request);
  if (first.status != HOB_OK) return warn("embed answered " + shown(first) + " (give samples in check.json)");
  const std::size_t rows = array_at(asked, "input")->size();
  if (serves_many && rows > 0) dimension = std::max<std::int64_t>(1, std::int64_t(first.result.size() / sizeof(float) / rows));
  if (first.result.size() != rows * std::size_t(dimension) * sizeof(float))
    return fail(fmt::format("{} texts of dimension {} are {} bytes, not {}", rows, dimension, rows * std::size_t(dimension) * sizeof(float), first.result.size()));
  for (std::size_t i = 0; i < first.result.size(); i += sizeof(float)) {
    float one = 0;
    std::memcpy(&one, first.result.data() + i, sizeof one);
    if (!std::isfinite(one)) return fail("a vector holds NaN or infinity");
  }
  if (bench.host.embed(request).result != first.result) return warn("the same texts give other vectors the second time");
  const Answer& none = bench.host.embed(R"({"input":[],"purpose":"query"})");
  if (none.status == HOB_OK && !none.result.empty()) return fail("no texts give vectors");
  return pass(fmt::format("{} rows of dimension {}, finite and the same each time", rows, dimension));
}

// ---- routes and methods ----

Result<Verdict> routes(const Subject& subject) {
  Bench bench(subject);
  TRY(bench.start());
  if (lacks<hob_ext_routes>(bench, HOB_EXT_ROUTES)) return skip("it has no routes");
  const Answer& unknown = bench.host.route(R"({"id":"r1","method":"GET","path":"/hooks/none","route":"/hooks/none","params":{},"query":{},"headers":{},"websocket":false})");
  if (unknown.status == HOB_OK) return fail("a route that is not its own is answered ok");
  std::vector<std::string> missing;
  for (const RouteSample& sample : sample_routes(subject)) {
    const Answer& answer = bench.host.route(sample.head, sample.body);
    if (answer.status == HOB_UNSUPPORTED) missing.push_back(sample.name);
  }
  if (!missing.empty()) return fail(fmt::format("the manifest lists {}, the code answers unsupported", missing.front()));
  return pass("each route of the manifest is served, another is not");
}

Result<Verdict> methods(const Subject& subject) {
  Bench bench(subject);
  TRY(bench.start());
  if (lacks<hob_ext_method>(bench, HOB_EXT_METHOD)) return skip("it provides no methods");
  if (bench.host.method("none.such", "{}").status != HOB_NOT_FOUND) return fail("a method that is not there is not not_found");
  for (const MethodManifest& method : subject.manifest.methods)
    if (bench.host.method(method.name, json::serialize(sample_of(method.params))).status == HOB_NOT_FOUND)
      return fail(fmt::format("\"provides\" lists {}, the code answers not_found", method.name));
  return pass("each method of the manifest is served, another is not_found");
}

constexpr Check kChecks[] = {
    {"tool.describe", "tools are described with a schema", tool_describe},
    {"tool.manifest", "the manifest lists the tools of the code", tool_manifest},
    {"tool.unknown", "an unknown tool is not_found", tool_unknown},
    {"tool.arguments", "arguments that do not fit are refused in words", tool_arguments},
    {"provider.models", "models are listed with ids", provider_models},
    {"provider.complete", "deltas, usage and a stop reason", provider_complete},
    {"provider.faults", "a server's faults become the right status", provider_faults},
    {"channel.life", "start, send, stop", channel_life},
    {"channel.faults", "a message is not lost when the platform fails", channel_faults},
    {"embedder.vectors", "vectors have the size that describe says", embedder},
    {"routes.served", "the manifest's routes are served", routes},
    {"methods.served", "the manifest's methods are served", methods},
};

}  // namespace

std::span<const Check> kind_checks() { return kChecks; }

}  // namespace hobd::kit

#include "plugin_kit/probe.hpp"

#include "base/text.hpp"
#include "plugin_kit/sample.hpp"

#include <fmt/format.h>

namespace hobd::kit {
using hob::test::Answer;
using hob::test::Host;

namespace {

const json::object* tool_samples(const Subject& subject, std::string_view name) {
  const json::object* tools = object_at(subject.samples, "tools");
  return tools ? object_at(*tools, name) : nullptr;
}

std::string serialized(const json::object& from, std::string_view member, json::value otherwise) {
  const json::value* given = from.if_contains(member);
  return json::serialize(given ? *given : otherwise);
}

void add_provider(const Subject& subject, std::vector<Probe>& out) {
  const std::string chat = sample_chat(subject);
  out.push_back({Probe::Form::json, "provider complete", [chat](Host& host) { return host.begin_complete(chat); },
                 [](Host& host, const std::string& bytes) { return host.begin_complete(bytes); }});
  out.push_back({Probe::Form::json, "provider models", [](Host& host) {
                   return host.begin("provider.models", [](auto* p, auto id, auto& me) { me.template offers<hob_ext_provider>(HOB_EXT_PROVIDER)->models(p, id); });
                 }});
}

void add_embedder(const Subject& subject, std::vector<Probe>& out) {
  const auto embed = [](Host& host, const std::string& request) {
    return host.begin("embedder.embed", [&](auto* p, auto id, auto& me) { me.template offers<hob_ext_embedder>(HOB_EXT_EMBEDDER)->embed(p, id, hob::test::borrow(request)); });
  };
  out.push_back({Probe::Form::json, "embedder describe", [](Host& host) {
                   return host.begin("embedder.describe", [](auto* p, auto id, auto& me) { me.template offers<hob_ext_embedder>(HOB_EXT_EMBEDDER)->describe(p, id); });
                 }});
  out.push_back({Probe::Form::vectors, "embedder embed", [embed, texts = sample_texts(subject)](Host& host) { return embed(host, texts); }, embed});
}

void add_methods(const Subject& subject, std::vector<Probe>& out) {
  const json::object* samples = object_at(subject.samples, "methods");
  for (const MethodManifest& method : subject.manifest.methods) {
    const json::value* given = samples ? samples->if_contains(method.name) : nullptr;
    const std::string params = json::serialize(given ? *given : sample_of(method.params));
    const auto call = [name = method.name](Host& host, const std::string& bytes) {
      return host.begin("method.invoke", [&](auto* p, auto id, auto& me) {
        me.template offers<hob_ext_method>(HOB_EXT_METHOD)->invoke(p, id, hob::test::borrow(name), hob::test::borrow(bytes), hob::test::borrow(R"({"id":"u1","name":"Ann","scopes":["*"]})"));
      });
    };
    out.push_back({Probe::Form::json, "method " + method.name, [call, params](Host& host) { return call(host, params); }, call});
  }
}

}  // namespace

std::string_view status_name(hob_status status) noexcept {
  return status < 0 || status > HOB_OVERLOADED ? "an unknown status" : code_name(code_from_number(status));
}

std::string shown(const Answer& answer) {
  if (!answer.done) return "no answer";
  if (answer.status == HOB_OK) return "ok";
  return fmt::format("{}: {}", status_name(answer.status), to_valid_utf8(utf8_prefix(answer.result, 200)));
}

std::string sample_chat(const Subject& subject) {
  return serialized(subject.samples, "chat",
                    {{"model", "sample"}, {"stream", true}, {"max_tokens", 100}, {"messages", {{{"role", "system"}, {"content", "Be brief."}}, {{"role", "user"}, {"content", "Say hello."}}}}});
}
std::string sample_message(const Subject& subject) {
  return serialized(subject.samples, "message", {{"id", "m1"}, {"to", {{"id", "anna"}}}, {"text", "hello"}, {"kind", "reply"}});
}
std::string sample_texts(const Subject& subject) {
  const json::value* texts = subject.samples.if_contains("texts");
  return json::serialize(json::object{{"input", texts ? *texts : json::value{"the cat sat", "on the mat", "the cat sat"}}, {"purpose", "document"}});
}

std::vector<RouteSample> sample_routes(const Subject& subject) {
  std::vector<RouteSample> out;
  const json::array* given = array_at(subject.samples, "routes");
  const auto add = [&](std::string_view route, std::string_view method, const json::object& more) {
    json::object head{{"id", "r1"}, {"method", method}, {"path", route}, {"route", route}, {"params", json::object{}}, {"query", json::object{}},
                      {"headers", json::object{}}, {"remote", "127.0.0.1"}, {"websocket", false},
                      {"user", {{"id", "u1"}, {"name", "Ann"}, {"scopes", {"*"}}}}};
    for (const char* member : {"path", "params", "query", "headers", "user"})
      if (const json::value* value = more.if_contains(member)) head[member] = *value;
    const json::value* body = more.if_contains("body");
    out.push_back({fmt::format("route {} {}", method, route), json::serialize(head),
                   !body ? "" : body->is_string() ? std::string(std::string_view(body->get_string())) : json::serialize(*body)});
  };
  if (given)
    for (const json::value& one : *given)
      if (const json::object* entry = one.if_object()) add(string_or(*entry, "route"), string_or(*entry, "method", "POST"), *entry);
  if (out.empty())
    for (const RouteManifest& route : subject.manifest.routes) {
      if (route.websocket) continue;
      json::object params;
      for (std::string_view segment : split(std::string_view(route.path).substr(1), '/'))
        if (segment.starts_with('{')) params[segment.substr(1, segment.find_first_of("*}") - 1)] = "sample";
      for (const std::string& method : route.methods) add(route.path, method, {{"params", params}, {"body", method == "GET" ? "" : "{}"}});
    }
  return out;
}

Result<std::vector<DescribedTool>> described_tools(Bench& bench) {
  std::vector<DescribedTool> out;
  if (!bench.host.offers<hob_ext_tool>(HOB_EXT_TOOL)) return out;
  const Answer& answer = bench.host.describe();
  if (answer.status != HOB_OK) return Error{Code::invalid, "tool describe answered " + shown(answer)};
  auto parsed = parse_json_object(answer.result);
  if (parsed.has_error()) return Error{Code::invalid, "tool describe answered no JSON object: " + parsed.error().message};
  const json::array* list = array_at(*parsed, "tools");
  if (!list) return Error{Code::invalid, "tool describe answers {\"tools\":[...]}, this has no array \"tools\""};
  for (const json::value& value : *list) {
    const json::object* entry = value.if_object();
    if (!entry || string_or(*entry, "name").empty()) return Error{Code::invalid, "tool describe lists a tool without a name"};
    DescribedTool tool{std::string(string_or(*entry, "name")), std::string(string_or(*entry, "description")), {}, {}};
    if (const json::value* parameters = entry->if_contains("parameters")) tool.parameters = *parameters;
    if (const json::object* given = tool_samples(bench.subject, tool.name)) {
      tool.good = *given;
    } else if (json::value made = sample_of(tool.parameters); made.is_object()) {
      tool.good = std::move(made.get_object());
    }
    out.push_back(std::move(tool));
  }
  return out;
}

Result<std::vector<Probe>> probes_of(Bench& bench) {
  std::vector<Probe> out;
  Host& host = bench.host;
  const std::string context = R"({"user_id":"u1","conversation_id":"c1","turn_id":"t1","tool_call_id":"tc1"})";
  for (DescribedTool& tool : TRY(described_tools(bench)))
    out.push_back({Probe::Form::json, "tool " + tool.name,
                   [name = tool.name, arguments = json::serialize(tool.good), context](Host& h) { return h.begin_tool(name, arguments, context); },
                   [name = tool.name, context](Host& h, const std::string& bytes) { return h.begin_tool(name, bytes, context); }});
  if (host.offers<hob_ext_provider>(HOB_EXT_PROVIDER)) add_provider(bench.subject, out);
  if (host.offers<hob_ext_embedder>(HOB_EXT_EMBEDDER)) add_embedder(bench.subject, out);
  if (host.offers<hob_ext_channel>(HOB_EXT_CHANNEL)) {
    const Answer& started = host.start_channel();
    if (started.status != HOB_OK) return Error{Code::invalid, "channel start answered " + shown(started)};
    out.push_back({Probe::Form::json, "channel send", [message = sample_message(bench.subject)](Host& h) { return h.begin_send(message); },
                   [](Host& h, const std::string& bytes) { return h.begin_send(bytes); }});
  }
  if (host.offers<hob_ext_routes>(HOB_EXT_ROUTES))
    for (RouteSample& route : sample_routes(bench.subject))
      out.push_back({Probe::Form::response, route.name, [route](Host& h) { return h.begin_route(route.head, route.body); },
                     [head = route.head](Host& h, const std::string& bytes) { return h.begin_route(head, bytes); }});
  if (host.offers<hob_ext_method>(HOB_EXT_METHOD)) add_methods(bench.subject, out);
  return out;
}

namespace {
const Answer& settle(Host& host, hob_id call) {
  const Answer& answer = host.finish(call, std::chrono::seconds(5), std::chrono::seconds(30));
  if (answer.done) return answer;
  host.cancel(call);
  return host.finish(call, std::chrono::seconds(5), std::chrono::seconds(5));
}
}  // namespace

const Answer& settled(Host& host, const Probe& probe) { return settle(host, probe.begin(host)); }
const Answer& settled_with(Host& host, const Probe& probe, const std::string& bytes) { return settle(host, probe.begin_with(host, bytes)); }

Result<void> well_formed(const Probe& probe, const Answer& answer) {
  const auto fault = [&](std::string_view what) { return Error{Code::invalid, fmt::format("{}: {}", probe.name, what)}; };
  if (!answer.done) return fault("no answer");
  if (answer.finishes != 1) return fault(fmt::format("{} answers", answer.finishes));
  if (answer.status < HOB_OK || answer.status > HOB_OVERLOADED) return fault(fmt::format("status {} is none of the ten", answer.status));
  if (answer.status != HOB_OK) {
    if (!is_valid_utf8(answer.result)) return fault("the error's words are not valid UTF-8");
    if (answer.result.empty()) return fault(fmt::format("{} without a word why", status_name(answer.status)));
    return {};
  }
  if (probe.form == Probe::Form::vectors) {
    if (answer.result.size() % sizeof(float) != 0) return fault("the vectors are no whole number of float32");
    return {};
  }
  if (probe.form == Probe::Form::response && !answer.chunks.empty()) {
    const auto head = parse_json_object(answer.chunks.front());
    if (head.has_error() || !head->contains("status")) return fault("the first chunk of a streamed response is {\"status\",\"headers\"}");
    return {};
  }
  auto parsed = parse_json(answer.result, 256);
  if (parsed.has_error()) return fault("the result is not JSON: " + parsed.error().message);
  if (probe.form == Probe::Form::response && (!parsed->is_object() || !parsed->get_object().contains("status"))) return fault("a response has a \"status\"");
  return {};
}

}  // namespace hobd::kit

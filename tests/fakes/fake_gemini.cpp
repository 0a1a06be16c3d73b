// A strict stand-in for the Gemini API (POST /v1beta/models/{model}:generateContent and :streamGenerateContent,
// GET /v1beta/models), also under /v1.
//
//   fake_gemini [--port 0] [--key KEY]
//
// Prints "port N" once it listens. It refuses what the real service refuses (gemini_rules.hpp), a missing signature among
// it for models named "gemini-3...". What it answers stands in model_script.hpp. The model's name picks the manner:
// "gemini-..." and "echo" at once; "echo-N" cut into N chunks; "error-400|401|403|404|429|500|503" that status; "html" a
// proxy's page; "half" ends amid the stream; "stall" sends a chunk and then nothing; "empty" an empty body; "hangup"
// closes without a byte; "garbage" sends data that isn't JSON; "malformed" ends with a tool call that it took away;
// "safety" and "blocked" what filters do to an answer and to a prompt; "overloaded" an error amid the stream.
//
// GET /__stats: {"requests":n,"answers":{"<T>#<tool answers>":count}}: a count above 1 is a call paid twice.
#include "gemini_rules.hpp"
#include "model_script.hpp"
#include "plain_server.hpp"

#include <mutex>

namespace {

using fakes::PlainReply;
using fakes::PlainRequest;
using fakes_gemini::Refusal;
namespace json = boost::json;

std::string key;
std::mutex mutex;  // of the three below
std::uint64_t requests = 0, serial = 0;
std::map<std::string, std::uint64_t> counts;

void refuse(PlainReply& reply, const Refusal& refusal) {
  json::object error{{"code", refusal.status}, {"message", refusal.message}, {"status", refusal.code}};
  if (!refusal.details.empty()) error["details"] = refusal.details;
  reply.whole(refusal.status, "application/json", json::serialize(json::object{{"error", error}}));
}

Refusal wrong_key() {
  return {400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.",
          {json::object{{"@type", "type.googleapis.com/google.rpc.ErrorInfo"}, {"reason", "API_KEY_INVALID"}, {"domain", "googleapis.com"}}}};
}

bool wants_signatures(const std::string& model) { return model.starts_with("gemini-3"); }

fakes::Situation situation_of(const json::array& contents) {
  fakes::Situation now;
  for (const auto& content : contents) {
    if (content.as_object().contains("role") && content.at("role").as_string() != "user") continue;
    std::string said;
    for (const auto& part : content.at("parts").as_array()) {
      const json::object& object = part.as_object();
      if (object.contains("text")) said += object.at("text").as_string();
      if (object.contains("functionResponse")) {
        const json::object& response = object.at("functionResponse").at("response").as_object();
        now.tool(response.contains("result") && response.at("result").is_string() ? std::string(response.at("result").as_string()) : json::serialize(response));
      }
    }
    if (!said.empty()) now.user(std::move(said));
  }
  return now;
}

struct Plan {
  std::string model, thoughts, text;
  std::vector<fakes::ScriptedCall> calls;
  std::size_t prompt_tokens = 0;
};

json::object response_of(const Plan& plan, json::array parts, const char* finish) {
  json::object candidate{{"content", {{"parts", std::move(parts)}, {"role", "model"}}}, {"index", 0}};
  if (finish) candidate["finishReason"] = finish;
  const std::size_t thoughts = plan.thoughts.size() / 4, answer = plan.text.size() / 4 + 1;
  json::object usage{{"promptTokenCount", plan.prompt_tokens}, {"candidatesTokenCount", answer}, {"totalTokenCount", plan.prompt_tokens + thoughts + answer}};
  if (thoughts > 0) usage["thoughtsTokenCount"] = thoughts;
  return {{"candidates", json::array{std::move(candidate)}}, {"usageMetadata", usage}, {"modelVersion", plan.model}, {"responseId", "r" + std::to_string(serial)}};
}

/// The parts of the answer; only the first of several calls bears a signature, as the service does it.
json::array parts_of(const Plan& plan, std::size_t pieces) {
  json::array parts;
  if (!plan.thoughts.empty()) parts.push_back(json::object{{"text", plan.thoughts}, {"thought", true}});
  for (const auto& piece : fakes::pieces_of(plan.text, pieces)) parts.push_back(json::object{{"text", piece}});
  bool is_first = true;
  for (const auto& call : plan.calls) {
    const json::value args = json::parse(call.arguments);
    json::object function{{"name", call.name}, {"args", args}};
    if (wants_signatures(plan.model)) function["id"] = call.id;
    json::object part{{"functionCall", function}};
    if (is_first && wants_signatures(plan.model)) part["thoughtSignature"] = fakes_gemini::signature_of(call.name + json::serialize(args));
    parts.push_back(std::move(part));
    is_first = false;
  }
  return parts;
}

const char* finish_of(const std::string& model) {
  if (model == "malformed") return "MALFORMED_FUNCTION_CALL";
  return model == "safety" ? "SAFETY" : "STOP";
}

void stream(const Plan& plan, PlainReply& reply) {
  const auto event = [&](const json::object& data) { reply.chunk("data: " + json::serialize(data) + "\r\n\r\n"); };
  reply.begin_stream();
  if (plan.model == "garbage") reply.chunk("data: {nonsense\r\n\r\n");
  const std::size_t count = plan.model.starts_with("echo-") ? std::size_t(std::max(1, std::atoi(plan.model.c_str() + 5))) : 2;
  for (const auto& part : parts_of(plan, count)) {
    event(response_of(plan, {part}, nullptr));
    if (plan.model == "half") return reply.close();
    if (plan.model == "stall") return reply.stall();
    if (plan.model == "overloaded") {
      event({{"error", {{"code", 503}, {"message", "The model is overloaded. Please try again later."}, {"status", "UNAVAILABLE"}}}});
      return reply.end_stream();
    }
  }
  event(response_of(plan, {}, finish_of(plan.model)));
  reply.end_stream();
}

/// The manners that are no answer at all. True: this was one.
bool misbehaves(const Plan& plan, PlainReply& reply) {
  const std::string& model = plan.model;
  if (model.starts_with("error-")) {
    const int status = std::atoi(model.c_str() + 6);
    Refusal refusal{status, fakes_gemini::code_of(status), "The fake server was asked for a " + model.substr(6) + "."};
    if (status == 429) refusal.details = {json::object{{"@type", "type.googleapis.com/google.rpc.RetryInfo"}, {"retryDelay", "1.5s"}}};
    throw refusal;
  }
  if (model == "html") reply.whole(502, "text/html", "<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>");
  if (model == "empty") reply.whole(200, "application/json", "");
  if (model == "hangup") reply.close();
  if (model == "blocked") {
    const json::object body{{"promptFeedback", {{"blockReason", "PROHIBITED_CONTENT"}}}, {"usageMetadata", {{"promptTokenCount", plan.prompt_tokens}}}};
    reply.begin_stream();
    reply.chunk("data: " + json::serialize(body) + "\r\n\r\n");
    reply.end_stream();
  }
  return model == "html" || model == "empty" || model == "hangup" || model == "blocked";
}

void answer(const PlainRequest& request, PlainReply& reply, const std::string& model, bool streams) {
  const json::object asked = fakes_gemini::checked(request.body, wants_signatures(model));
  const fakes::Situation now = situation_of(asked.at("contents").as_array());
  Plan plan;
  plan.model = model;
  plan.prompt_tokens = request.body.size() / 4;
  std::string prefix;
  {
    const std::lock_guard lock(mutex);
    ++requests;
    ++counts[now.said + "#" + std::to_string(now.tool_answers)];
    prefix = "fc" + std::to_string(++serial);
  }
  if (misbehaves(plan, reply)) return;
  const json::value* config = asked.if_contains("generationConfig");
  if (config && config->as_object().contains("thinkingConfig")) plan.thoughts = "They said \"" + now.said + "\", so I do.";
  const json::value* tool_config = asked.if_contains("toolConfig");
  const bool may_call = asked.contains("tools") && !(tool_config && tool_config->at("functionCallingConfig").at("mode").as_string() == "NONE");
  if (now.tool_answers == 0 && may_call) plan.calls = fakes::calls_in(now.said, prefix);
  if (plan.calls.empty() && model != "malformed" && model != "safety") plan.text = now.reply();
  if (streams) return stream(plan, reply);
  reply.whole(200, "application/json", model == "garbage" ? "{\"candidates\":" : json::serialize(response_of(plan, parts_of(plan, 1), finish_of(model))));
}

/// Two models a page at most, so that whoever lists them must turn pages.
void list_models(const PlainRequest& request, PlainReply& reply) {
  const std::vector<std::string> names = {"gemini-3-flash", "gemini-2.5-flash", "embedding-001", "echo", "echo-20"};
  const std::size_t first = std::size_t(std::max(0, std::atoi(request.query("pageToken").c_str())));
  const std::size_t last = std::min(names.size(), first + 2);
  json::array models;
  for (std::size_t i = first; i < last; ++i)
    models.push_back(json::object{{"name", "models/" + names[i]}, {"displayName", names[i]}, {"inputTokenLimit", 1048576}, {"outputTokenLimit", 65536},
                                  {"supportedGenerationMethods", json::array{names[i].starts_with("embedding") ? "embedContent" : "generateContent"}}});
  json::object body{{"models", models}};
  if (last < names.size()) body["nextPageToken"] = std::to_string(last);
  reply.whole(200, "application/json", json::serialize(body));
}

void route(const PlainRequest& request, PlainReply& reply) {
  if (request.target == "/__stats") {
    const std::lock_guard lock(mutex);
    json::object answers;
    for (const auto& [what, count] : counts) answers[what] = count;
    return reply.whole(200, "application/json", json::serialize(json::object{{"requests", requests}, {"answers", answers}}));
  }
  try {
    const std::string given = request.header("x-goog-api-key");
    if (!key.empty() && given.empty()) throw Refusal{403, "PERMISSION_DENIED", "Method doesn't allow unregistered callers (callers without established identity)."};
    if (!key.empty() && given != key) throw wrong_key();
    const std::string path = request.path(), models = path.starts_with("/v1/") ? "/v1/models" : "/v1beta/models";
    if (request.method == "GET" && path == models) return list_models(request, reply);
    const std::size_t colon = path.rfind(':');
    const std::string method = colon == std::string::npos ? "" : path.substr(colon + 1);
    if (request.method != "POST" || !path.starts_with(models + "/") || (method != "generateContent" && method != "streamGenerateContent"))
      throw Refusal{404, "NOT_FOUND", "Requested entity was not found."};
    const bool streams = method == "streamGenerateContent";
    if (streams && request.query("alt") != "sse") throw Refusal{400, "INVALID_ARGUMENT", "the fake server streams with alt=sse only"};
    const std::size_t begin = models.size() + 1;
    answer(request, reply, path.substr(begin, colon - begin), streams);
  } catch (const Refusal& refusal) {
    refuse(reply, refusal);
  }
}

}  // namespace

int main(int argc, char** argv) {
  int port = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--port") port = std::atoi(argv[i + 1]);
    if (flag == "--key") key = argv[i + 1];
  }
  return fakes::serve_plain(port, route);
}

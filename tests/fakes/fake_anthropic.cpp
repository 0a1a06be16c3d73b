// A strict stand-in for Anthropic's Messages API (POST /v1/messages, GET /v1/models).
//
//   fake_anthropic [--port 0] [--key KEY]
//
// Prints "port N" once it listens. It refuses what the real service refuses (anthropic_rules.hpp). What it answers
// stands in model_script.hpp; with `thinking` in the request each answer begins with signed thoughts, and a tool loop
// must bring them back unchanged. The model's name picks the manner: "claude-..." and "echo" at once; "echo-N" cut into
// N deltas; "error-400|401|403|404|413|429|500|529" that status; "html" a proxy's page; "half" ends amid the stream;
// "stall" sends a delta and then nothing; "empty" an empty body; "hangup" closes without a byte; "garbage" sends data that
// isn't JSON; "overloaded" an error event amid the stream; "refuses" stops with a refusal.
//
// Usage counts the prompt cache as the service does: what a cache_control mark ended, in this or an earlier
// request, is read by the next one that begins with the same bytes.
//
// GET /__stats: {"requests":n,"answers":{"<T>#<tool answers>":count}}: a count above 1 is a call paid twice.
#include "anthropic_rules.hpp"
#include "model_script.hpp"
#include "plain_server.hpp"

#include <atomic>
#include <mutex>
#include <set>

namespace {

using fakes::PlainReply;
using fakes::PlainRequest;
using fakes::ScriptedCall;
using fakes_anthropic::Refusal;
namespace json = boost::json;

std::string key;
std::mutex mutex;  // of the three below
std::uint64_t requests = 0;
std::map<std::string, std::uint64_t> counts;
std::set<std::size_t> cached;  // hashes of prefixes
std::atomic<std::uint64_t> serial = 0;

void refuse(PlainReply& reply, const Refusal& refusal) {
  const json::object body{{"type", "error"}, {"error", {{"type", refusal.type}, {"message", refusal.message}}}, {"request_id", "req_fake"}};
  reply.whole(refusal.status, "application/json", json::serialize(body), refusal.status == 429 ? "retry-after: 1\r\n" : "");
}

/// The tokens of the request: read from the cache, written to it, neither.
json::object prompt_usage(const json::object& request) {
  std::string prefix;
  std::vector<std::pair<std::size_t, std::size_t>> marks;  // hash and tokens of what each mark ends
  std::size_t read = 0, total = 0;
  const auto add = [&](json::object block) {
    const bool is_mark = block.erase("cache_control") > 0;
    prefix += json::serialize(block);
    total = prefix.size() / 4;
    const std::size_t hash = std::hash<std::string>()(prefix);
    if (cached.contains(hash)) read = total;
    if (is_mark) marks.emplace_back(hash, total);
  };
  if (request.contains("tools"))
    for (const auto& tool : request.at("tools").as_array()) add(tool.as_object());
  if (request.contains("system") && request.at("system").is_array())
    for (const auto& block : request.at("system").as_array()) add(block.as_object());
  for (const auto& message : request.at("messages").as_array()) {
    prefix += message.at("role").as_string();
    if (message.at("content").is_string()) {
      prefix += message.at("content").as_string();
      total = prefix.size() / 4;
    } else {
      for (const auto& block : message.at("content").as_array()) add(block.as_object());
    }
  }
  const std::size_t marked = marks.empty() ? 0 : marks.back().second;
  for (const auto& [hash, tokens] : marks) cached.insert(hash);
  const std::size_t written = marked > read ? marked - read : 0;
  return {{"input_tokens", total - read - written + 1}, {"cache_read_input_tokens", read}, {"cache_creation_input_tokens", written}, {"output_tokens", 1}};
}

fakes::Situation situation_of(const json::array& messages) {
  fakes::Situation now;
  for (const auto& message : messages) {
    if (message.at("role").as_string() != "user") continue;
    std::string said;
    for (const auto& block : fakes_anthropic::blocks_of(message.at("content"))) {
      const auto& type = block.at("type").as_string();
      if (type == "text") said += block.at("text").as_string();
      if (type == "tool_result") now.tool(fakes_anthropic::text_of(block.at("content")));
    }
    if (!said.empty()) now.user(std::move(said));
  }
  return now;
}

struct Plan {
  std::string model, thoughts, text, stop;
  std::vector<ScriptedCall> calls;
  json::object usage;
};

/// The answer's blocks, whole.
json::array content_of(const Plan& plan) {
  json::array content;
  if (!plan.thoughts.empty())
    content.push_back(json::object{{"type", "thinking"}, {"thinking", plan.thoughts}, {"signature", fakes_anthropic::signature_of(plan.thoughts)}});
  if (!plan.text.empty()) content.push_back(json::object{{"type", "text"}, {"text", plan.text}});
  for (const ScriptedCall& call : plan.calls)
    content.push_back(json::object{{"type", "tool_use"}, {"id", call.id}, {"name", call.name}, {"input", json::parse(call.arguments)}});
  return content;
}

json::object message_of(const Plan& plan) {
  return {{"id", "msg_" + std::to_string(++serial)}, {"type", "message"}, {"role", "assistant"}, {"model", plan.model}, {"content", json::array{}},
          {"stop_reason", nullptr}, {"stop_sequence", nullptr}, {"usage", plan.usage}};
}

void stream(const Plan& plan, PlainReply& reply) {
  const auto event = [&](const json::object& data) {
    reply.chunk("event: " + std::string(data.at("type").as_string()) + "\ndata: " + json::serialize(data) + "\n\n");
  };
  const auto delta = [&](std::size_t index, json::object one) { event({{"type", "content_block_delta"}, {"index", index}, {"delta", std::move(one)}}); };
  reply.begin_stream();
  event({{"type", "message_start"}, {"message", message_of(plan)}});
  event({{"type", "ping"}});
  if (plan.model == "garbage") reply.chunk("event: content_block_start\ndata: {nonsense\n\n");
  std::size_t index = 0;
  for (const auto& block : content_of(plan)) {
    json::object start = block.as_object();
    const std::string type(start.at("type").as_string());
    if (type == "thinking") start["thinking"] = start["signature"] = "";
    if (type == "text") start["text"] = "";
    if (type == "tool_use") start["input"] = json::object();
    event({{"type", "content_block_start"}, {"index", index}, {"content_block", start}});
    if (type == "thinking") {
      for (const auto& piece : fakes::pieces_of(plan.thoughts, 2)) delta(index, {{"type", "thinking_delta"}, {"thinking", piece}});
      delta(index, {{"type", "signature_delta"}, {"signature", block.at("signature")}});
    } else if (type == "text") {
      const std::size_t count = plan.model.starts_with("echo-") ? std::size_t(std::max(1, std::atoi(plan.model.c_str() + 5))) : 2;
      for (const auto& piece : fakes::pieces_of(plan.text, count)) {
        delta(index, {{"type", "text_delta"}, {"text", piece}});
        if (plan.model == "half") return reply.close();
        if (plan.model == "stall") return reply.stall();
        if (plan.model == "overloaded") {
          event({{"type", "error"}, {"error", {{"type", "overloaded_error"}, {"message", "Overloaded"}}}});
          return reply.end_stream();
        }
      }
    } else {
      delta(index, {{"type", "input_json_delta"}, {"partial_json", ""}});
      for (const auto& piece : fakes::pieces_of(json::serialize(block.at("input")), 3))
        if (!block.at("input").as_object().empty()) delta(index, {{"type", "input_json_delta"}, {"partial_json", piece}});
    }
    event({{"type", "content_block_stop"}, {"index", index}});
    ++index;
  }
  json::object usage{{"output_tokens", plan.text.size() / 4 + plan.thoughts.size() / 4 + 5}};
  event({{"type", "message_delta"}, {"delta", {{"stop_reason", plan.stop}, {"stop_sequence", nullptr}}}, {"usage", usage}});
  event({{"type", "message_stop"}});
  reply.end_stream();
}

/// The manners that are no answer at all. True: this was one.
bool misbehaves(const std::string& model, PlainReply& reply) {
  if (model.starts_with("error-")) {
    const int status = std::atoi(model.c_str() + 6);
    throw Refusal{status, fakes_anthropic::type_of(status), "The fake server was asked for a " + model.substr(6) + "."};
  }
  if (model == "html") reply.whole(502, "text/html", "<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>");
  if (model == "empty") reply.whole(200, "application/json", "");
  if (model == "hangup") reply.close();
  return model == "html" || model == "empty" || model == "hangup";
}

void answer(const PlainRequest& request, PlainReply& reply) {
  const json::object asked = fakes_anthropic::checked(request.body, request.header("anthropic-version"));
  const fakes::Situation now = situation_of(asked.at("messages").as_array());
  Plan plan;
  plan.model = asked.at("model").as_string();
  {
    const std::lock_guard lock(mutex);
    ++requests;
    ++counts[now.said + "#" + std::to_string(now.tool_answers)];
    plan.usage = prompt_usage(asked);
  }
  if (misbehaves(plan.model, reply)) return;
  if (fakes_anthropic::thinks(asked)) plan.thoughts = "They said \"" + now.said + "\", so I do.";
  const bool may_call = asked.contains("tools") && !(asked.contains("tool_choice") && asked.at("tool_choice").at("type").as_string() == "none");
  if (now.tool_answers == 0 && may_call) plan.calls = fakes::calls_in(now.said, "toolu_" + std::to_string(++serial));
  if (plan.calls.empty() && plan.model != "refuses") plan.text = now.reply();
  plan.stop = plan.model == "refuses" ? "refusal" : plan.calls.empty() ? "end_turn" : "tool_use";
  if (asked.contains("stream") && asked.at("stream").as_bool()) return stream(plan, reply);
  json::object message = message_of(plan);
  message["content"] = content_of(plan);
  message["stop_reason"] = plan.stop;
  message["usage"].as_object()["output_tokens"] = plan.text.size() / 4 + 5;
  reply.whole(200, "application/json", plan.model == "garbage" ? "{\"id\":" : json::serialize(message));
}

/// Two models a page at most, so that whoever lists them must turn pages.
void list_models(const PlainRequest& request, PlainReply& reply) {
  const std::vector<std::string> ids = {"claude-sonnet-5", "claude-haiku-4-5", "claude-sonnet-4-5", "echo", "echo-20"};
  std::size_t first = 0;
  if (const std::string after = request.query("after_id"); !after.empty()) {
    const auto at = std::find(ids.begin(), ids.end(), after);
    if (at == ids.end()) throw Refusal{400, "invalid_request_error", "after_id: no such model"};
    first = std::size_t(at - ids.begin()) + 1;
  }
  const std::size_t last = std::min(ids.size(), first + 2);
  json::array data;
  for (std::size_t i = first; i < last; ++i)
    data.push_back(json::object{{"type", "model"}, {"id", ids[i]}, {"display_name", ids[i]}, {"created_at", "2025-10-01T00:00:00Z"},
                                {"lifecycle", "active"}, {"max_input_tokens", 200000}, {"max_tokens", 64000}});
  json::object body{{"data", data}, {"has_more", last < ids.size()}, {"first_id", nullptr}, {"last_id", nullptr}};
  if (first < last) {
    body["first_id"] = ids[first];
    body["last_id"] = ids[last - 1];
  }
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
    // The official client sends its key as a bearer token, as of its version 1.
    const std::string given = request.header("x-api-key"), bearer = request.header("authorization");
    if (!key.empty() && given.empty() && bearer.empty()) throw Refusal{401, "authentication_error", "x-api-key header is required"};
    if (!key.empty() && given != key && bearer != "Bearer " + key) throw Refusal{401, "authentication_error", "invalid x-api-key"};
    const std::string version = request.header("anthropic-version");
    if (version.empty()) throw Refusal{400, "invalid_request_error", "anthropic-version: header is required"};
    if (version != "2023-06-01" && version != "2026-10-21")
      throw Refusal{400, "invalid_request_error", "anthropic-version: \"" + version + "\" is not a valid version"};
    if (request.method == "GET" && request.path() == "/v1/models") return list_models(request, reply);
    if (request.method != "POST" || request.path() != "/v1/messages") throw Refusal{404, "not_found_error", "Not Found"};
    if (!request.header("content-type").starts_with("application/json"))
      throw Refusal{400, "invalid_request_error", "content-type must be application/json"};
    answer(request, reply);
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

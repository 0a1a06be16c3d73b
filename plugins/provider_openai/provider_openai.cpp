// Models behind any server that speaks OpenAI's chat completions:
// https://platform.openai.com/docs/api-reference/chat, with the liberties that other servers take.
#include <hob/plugin.hpp>

#include "embeddings.hpp"
#include "request.hpp"

#include <algorithm>
#include <map>

namespace {

using hob::Error;
using hob::Exchange;
using hob::Json;
using hob::JsonRef;
using hob::invalid;
using provider_openai::is_error;
using provider_openai::parsed;
using provider_openai::refused;

/// Tool calls of one answer: which of ours a piece belongs to.
class ToolCalls {
 public:
  /// The slot of a piece. A piece belongs to the newest call with its index (or, where the server sends no
  /// index, to the newest call), unless it brings another id, or a second name without any id.
  struct Slot {
    std::int64_t number;
    bool is_new;
  };
  Slot place(JsonRef piece, std::string_view id, std::string_view name) {
    const std::int64_t index = piece["index"].is_number() ? piece["index"].integer() : kNone;
    for (auto call = calls_.rbegin(); call != calls_.rend(); ++call) {
      if (index != kNone && call->index != index) continue;
      const bool is_other = !id.empty() ? !call->id.empty() && call->id != id
                                        : index == kNone && !name.empty() && call->has_name;
      if (is_other) break;
      if (call->id.empty()) call->id = id;
      call->has_name = call->has_name || !name.empty();
      return {calls_.rend() - call - 1, false};
    }
    calls_.push_back({index, std::string(id), !name.empty()});
    return {static_cast<std::int64_t>(calls_.size()) - 1, true};
  }
  bool empty() const { return calls_.empty(); }

 private:
  static constexpr std::int64_t kNone = -1;
  struct Call {
    std::int64_t index;
    std::string id;
    bool has_name;
  };
  std::vector<Call> calls_;
};

/// What OpenRouter wants back, unchanged, while tools run: https://openrouter.ai/docs/use-cases/reasoning-tokens. In a
/// stream a detail comes in pieces.
class ReasoningDetails {
 public:
  void take(JsonRef pieces) {
    for (const auto& item : pieces.items()) {
      const JsonRef piece(item);
      if (!piece.is_object()) continue;
      if (hob::JsonObject* known = find(piece)) {
        grow(*known, piece);
      } else {
        list_.push_back(piece.members());
      }
    }
  }
  const hob::JsonArray& list() const { return list_; }

 private:
  hob::JsonObject* find(JsonRef piece) {
    if (!piece["index"].is_number() || list_.empty()) return nullptr;
    auto& last = list_.back().as_object();
    const bool is_same = JsonRef(list_.back())["index"].integer(-1) == piece["index"].integer() &&
                         JsonRef(list_.back())["type"].text() == piece["type"].text();
    return is_same ? &last : nullptr;
  }
  static void grow(hob::JsonObject& known, JsonRef piece) {
    for (const auto& member : piece.members()) {
      const bool is_piece = member.key() == "text" || member.key() == "summary" || member.key() == "data";
      auto& value = known[member.key()];
      if (is_piece && value.is_string() && member.value().is_string()) {
        value.as_string().append(member.value().get_string());
      } else if (!member.value().is_null()) {
        value = member.value();
      }
    }
  }

  hob::JsonArray list_;
};

struct Answer {
  ToolCalls calls;
  ReasoningDetails details;
  std::string reasoning;      // reasoning_content: DeepSeek and Moonshot want it back with the calls
  bool has_reasoning = false;
  hob::JsonArray extras;      // extra_content of each call: Google's signatures
  bool has_extras = false;
};

Answer& answer_of(Exchange& out) {
  if (!out.state.has_value()) out.state.emplace<Answer>();
  return std::any_cast<Answer&>(out.state);
}

void emit_content(JsonRef content, Exchange& out) {
  out.text(content.text());
  for (const auto& part : content.items()) out.text(JsonRef(part)["text"].text());
}

std::string_view stop_of(std::string_view finish_reason, bool has_tool_calls) {
  if (finish_reason == "length" || finish_reason == "max_tokens") return "length";
  if (finish_reason == "content_filter") return "filtered";
  // Some servers say "stop" after tool calls too.
  return has_tool_calls ? "tool_calls" : "end";
}

/// The words of reasoning, under the names that servers use; the details repeat them.
void take_reasoning(JsonRef message, Answer& answer, Exchange& out) {
  if (message["reasoning_content"].is_text()) {  // DeepSeek, vLLM, llama.cpp
    answer.has_reasoning = true;
    answer.reasoning += message["reasoning_content"].text();
    return out.reasoning(message["reasoning_content"].text());
  }
  if (message["reasoning"].is_text()) return out.reasoning(message["reasoning"].text());  // OpenRouter, Ollama
  for (const auto& item : message["reasoning_details"].items()) {
    const JsonRef detail(item);
    out.reasoning(detail["text"].is_text() ? detail["text"].text() : detail["summary"].text());
  }
}

void end_answer(std::string_view finish_reason, Exchange& out) {
  const Answer& answer = answer_of(out);
  hob::JsonObject kept;
  if (!answer.details.list().empty()) kept["reasoning_details"] = answer.details.list();
  if (answer.has_reasoning) kept["reasoning_content"] = answer.reasoning;
  if (answer.has_extras) kept["extra_content"] = answer.extras;
  if (!answer.calls.empty() && !kept.empty() && !out.has_stopped()) out.carry(kept);
  out.stop(stop_of(finish_reason, !answer.calls.empty()));
}

void emit_usage(JsonRef usage, Exchange& out) {
  if (!usage.is_object()) return;
  const JsonRef details = usage["prompt_tokens_details"];
  std::int64_t cached = details["cached_tokens"].integer();
  if (cached == 0) cached = usage["prompt_cache_hit_tokens"].integer();  // DeepSeek
  const auto count = [](std::int64_t tokens) { return std::max<std::int64_t>(0, tokens); };
  const std::int64_t input = count(usage["prompt_tokens"].integer());
  // xAI and Google count reasoning, which is paid as output, in the total alone.
  const std::int64_t output = std::max(count(usage["completion_tokens"].integer()), count(usage["total_tokens"].integer()) - input);
  out.usage({input, output, count(cached), count(details["cache_write_tokens"].integer())});
}

class OpenAi final : public hob::HttpProvider {
  void setup() override {
    HttpProvider::setup();
    // One instance serves many models, so the request names the one that is meant.
    embedder([] { return Json{{"model", ""}, {"dimension", 0}, {"max_batch", provider_openai::kEmbeddingBatch}}; },
             [this](const Json& request) { return embed(request); });
  }

  void configure() override {
    provider_openai::Server server = provider_openai::Server::read(config());
    style_.stream_usage = config().get("stream_usage", true);
    style_.is_openai = server.base_url.find("://api.openai.com") != std::string::npos;
    server_ = std::move(server);
    refusals_.clear();
  }

  hob::Task<std::vector<float>> embed(Json request) {
    const std::string model(request["model"].text());
    if (model.empty()) throw Error{invalid, "\"model\" is missing: which model of the server embeds"};
    provider_openai::EmbeddingStyle style{.model = model};
    auto work = provider_openai::embed(http(), server_, std::move(style), hob::embedder_input(request), 0);
    co_return co_await work;
  }

  hob::HttpRequest request(const Json& chat) override {
    hob::HttpRequest http = server_.request("/chat/completions");
    const bool streams = chat["stream"].boolean(true);
    http.method = "POST";
    http.mode = streams ? hob::HttpMode::sse : hob::HttpMode::whole;
    http.timeout = std::chrono::milliseconds(0);  // the call's own deadline bounds it
    const auto known = refusals_.find(chat["model"].text());
    http.body = provider_openai::chat_body(chat, style_, known == refusals_.end() ? provider_openai::Refusals{} : known->second);
    return http;
  }

  /// Servers and models differ in what they take; what one refused is left out from then on.
  bool adapt(const Json& chat, const hob::HttpResponse& refused) override {
    if (refused.status != 400 && refused.status != 422) return false;
    if (refusals_.size() >= kMostModels) refusals_.clear();
    return provider_openai::learn(refusals_[std::string(chat["model"].text())], chat, style_, refused.body);
  }

  void event(const hob::SseEvent& event, Exchange& out) override {
    if (event.data == "[DONE]") {
      if (!out.has_stopped()) end_answer("", out);
      return;
    }
    const Json chunk = parsed(event.data, "an event");
    if (is_error(chunk)) throw refused(chunk);
    take_choice(chunk, "delta", out);
  }

  void whole(const hob::HttpResponse& response, Exchange& out) override {
    const Json body = parsed(response.body, "an answer");
    if (is_error(body)) throw refused(body);
    if (!body["choices"][0].is_object()) {
      throw Error{hob::unavailable, "the model server sent an answer without choices: " + plain_excerpt(response.body)};
    }
    take_choice(body, "message", out);
    if (!out.has_stopped()) end_answer("", out);
  }

  hob::HttpRequest models_request() override { return server_.request("/models"); }

  Json models(const hob::HttpResponse& response) override {
    const Json body = parsed(response.body, "a model list");
    hob::JsonArray models;
    const JsonRef list = body.is_array() ? JsonRef(body) : body["data"];
    for (const auto& item : list.items()) {
      const JsonRef entry(item);
      hob::JsonObject model{{"id", entry["id"].text()}};
      for (const char* key : {"context_length", "context_window", "max_model_len", "max_context_length"}) {
        const std::int64_t window = entry[key].integer();
        if (window > 0) model["context_window"] = window;
      }
      models.push_back(std::move(model));
    }
    return Json{{"models", std::move(models)}};
  }

  std::string error_text(const hob::HttpResponse& response) override { return provider_openai::error_text(response); }

  /// Both forms of an answer: `member` is "delta" in a stream, "message" in a whole one.
  void take_choice(const Json& chunk, const char* member, Exchange& out) {
    out.model(chunk["model"].text());
    const JsonRef choice = chunk["choices"][0];
    const JsonRef message = choice[member];
    Answer& answer = answer_of(out);
    take_reasoning(message, answer, out);
    answer.details.take(message["reasoning_details"]);
    emit_content(message["content"], out);
    out.text(message["refusal"].text());
    for (const auto& piece : message["tool_calls"].items()) take_tool_call(piece, out);
    emit_usage(chunk["usage"], out);
    const std::string_view reason = choice["finish_reason"].text();
    if (reason == "error") throw refused(Json{{"error", choice["error"].is_null() ? hob::JsonValue("it says no more") : choice["error"].value()}});  // OpenRouter
    if (!reason.empty()) end_answer(reason, out);
  }

  void take_tool_call(JsonRef piece, Exchange& out) {
    const JsonRef function = piece["function"];
    const std::string_view id = piece["id"].text();
    const std::string_view name = function["name"].text();
    Answer& answer = answer_of(out);
    const auto slot = answer.calls.place(piece, id, name);
    if (slot.is_new) answer.extras.emplace_back(nullptr);
    if (piece["extra_content"].is_object()) {
      answer.extras[static_cast<std::size_t>(slot.number)] = piece["extra_content"].value();
      answer.has_extras = true;
    }
    std::string made_id;
    if (slot.is_new && id.empty()) {
      made_id = "call_" + std::to_string(now().time_since_epoch().count()) + "_" + std::to_string(slot.number);
    }
    const JsonRef arguments = function["arguments"];  // some servers send the object, not its text
    const std::string written = arguments.is_object() ? boost::json::serialize(arguments.value()) : std::string();
    out.tool_call(slot.number, slot.is_new ? (id.empty() ? std::string_view(made_id) : id) : std::string_view(),
                  name, arguments.is_object() ? std::string_view(written) : arguments.text());
  }

  static constexpr std::size_t kMostModels = 256;  // names come from callers

  provider_openai::Server server_;
  provider_openai::Style style_;
  std::map<std::string, provider_openai::Refusals, std::less<>> refusals_;  // by model
};

}  // namespace
HOB_PLUGIN("provider_openai", OpenAi)

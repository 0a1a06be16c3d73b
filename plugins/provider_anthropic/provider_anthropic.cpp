// Claude through Anthropic's Messages API: https://platform.claude.com/docs/en/api/messages, its events:
// https://platform.claude.com/docs/en/build-with-claude/streaming.
#include <hob/plugin.hpp>

#include "request.hpp"

#include <algorithm>
#include <set>

namespace {

using hob::Error;
using hob::Exchange;
using hob::Json;
using hob::JsonRef;

/// Of the API: https://platform.claude.com/docs/en/api/versioning. The first one, as it takes temperature and other servers
/// speak it too; newer features are told by their fields. From kNoSampling on, temperature, top_p and top_k are gone.
constexpr const char* kVersion = "2023-06-01";
constexpr std::string_view kNoSampling = "2026-10-21";

/// One block of an answer in the making.
struct Block {
  std::int64_t index = 0;
  std::string type;
  std::string text;       // or thinking
  std::string signature;  // or the data of redacted thinking
  std::string id;         // of a tool call,
  std::int64_t call = 0;  // its number among the calls,
  std::string whole_input;  // and its input where that came at once
  bool has_input = false;
};

struct Answer {
  std::vector<Block> blocks;
  std::int64_t calls = 0;
  hob::Usage usage;
  std::int64_t fresh = 0;  // input tokens beside the cache

  Block* find(std::int64_t index) {
    const auto at = std::find_if(blocks.begin(), blocks.end(), [index](const Block& block) { return block.index == index; });
    return at == blocks.end() ? nullptr : &*at;
  }
};

Answer& answer_of(Exchange& out) {
  if (!out.state.has_value()) out.state.emplace<Answer>();
  return std::any_cast<Answer&>(out.state);
}

std::string_view stop_of(std::string_view reason, const Answer& answer) {
  if (reason == "max_tokens" || reason == "model_context_window_exceeded") return "length";
  if (reason == "refusal") return "filtered";
  return answer.calls > 0 ? "tool_calls" : "end";
}

/// The API's count leaves out what the cache had; the canonical one is of the whole prompt.
void take_usage(JsonRef usage, Answer& answer, Exchange& out) {
  if (!usage.is_object()) return;
  const auto take = [&](const char* key, std::int64_t& into) {
    if (usage[key].is_number()) into = std::max<std::int64_t>(0, usage[key].integer());
  };
  take("input_tokens", answer.fresh);
  take("output_tokens", answer.usage.output_tokens);
  take("cache_read_input_tokens", answer.usage.cached_tokens);
  take("cache_creation_input_tokens", answer.usage.cache_write_tokens);
  answer.usage.input_tokens = answer.fresh + answer.usage.cached_tokens + answer.usage.cache_write_tokens;
  out.usage(answer.usage);
}

void start_block(std::int64_t index, JsonRef content, Answer& answer, Exchange& out) {
  answer.blocks.emplace_back();
  Block& block = answer.blocks.back();
  block.index = index;
  block.type = content["type"].text();
  if (block.type == "text") {
    block.text = content["text"].text();
    out.text(block.text);
  } else if (block.type == "thinking") {
    block.text = content["thinking"].text();
    block.signature = content["signature"].text();
    out.reasoning(block.text);
  } else if (block.type == "redacted_thinking") {
    block.signature = content["data"].text();
  } else if (block.type == "tool_use") {
    block.id = content["id"].text();
    block.call = answer.calls++;
    if (!content["input"].members().empty()) block.whole_input = boost::json::serialize(content["input"].value());
    out.tool_call(block.call, block.id, content["name"].text(), "");
  }
}

void grow_block(Block& block, JsonRef delta, Exchange& out) {
  const std::string_view type = delta["type"].text();
  if (type == "text_delta" && block.type == "text") {
    block.text += delta["text"].text();
    out.text(delta["text"].text());
  } else if (type == "thinking_delta" && block.type == "thinking") {
    block.text += delta["thinking"].text();
    out.reasoning(delta["thinking"].text());
  } else if (type == "signature_delta" && block.type == "thinking") {
    block.signature += delta["signature"].text();
  } else if (type == "input_json_delta" && block.type == "tool_use") {
    const std::string_view piece = delta["partial_json"].text();
    if (piece.empty()) return;
    block.has_input = true;
    out.tool_call(block.call, "", "", piece);
  }
}

/// A tool without arguments gets no pieces of them.
void end_block(const Block& block, Exchange& out) {
  if (block.type == "tool_use" && !block.has_input) out.tool_call(block.call, "", "", block.whole_input.empty() ? "{}" : block.whole_input);
}

/// With thoughts and tool calls in one answer, the API wants all its blocks back in their order.
void carry_thoughts(const Answer& answer, Exchange& out) {
  hob::JsonArray kept;
  bool has_thoughts = false;
  for (const Block& block : answer.blocks) {
    if (block.type == "thinking") {
      kept.push_back(hob::JsonObject{{"type", block.type}, {"thinking", block.text}, {"signature", block.signature}});
    } else if (block.type == "redacted_thinking") {
      kept.push_back(hob::JsonObject{{"type", block.type}, {"data", block.signature}});
    } else if (block.type == "tool_use") {
      kept.push_back(hob::JsonObject{{"type", block.type}, {"id", block.id}});
    } else if (block.type == "text" && !provider_anthropic::detail::is_blank(block.text)) {
      kept.push_back(hob::JsonObject{{"type", block.type}, {"text", block.text}});
    }
    has_thoughts = has_thoughts || block.type.ends_with("thinking");
  }
  if (has_thoughts && answer.calls > 0) out.carry(hob::JsonObject{{"anthropic", std::move(kept)}});
}

void end_answer(std::string_view reason, Answer& answer, Exchange& out) {
  if (reason.empty() || out.has_stopped()) return;
  carry_thoughts(answer, out);
  out.stop(stop_of(reason, answer));
}

/// An error inside an answer of status 200 names its kind only.
int status_of(std::string_view type) {
  static constexpr std::pair<std::string_view, int> kStatuses[] = {
      {"invalid_request_error", 400}, {"authentication_error", 401}, {"billing_error", 402}, {"permission_error", 403},
      {"not_found_error", 404},       {"request_too_large", 413},    {"rate_limit_error", 429}, {"api_error", 500},
      {"timeout_error", 504},         {"overloaded_error", 529}};
  for (const auto& [name, status] : kStatuses) {
    if (name == type) return status;
  }
  return 500;
}

class Anthropic final : public hob::HttpProvider {
  void configure() override {
    std::string base = config().get("base_url", "https://api.anthropic.com");
    while (base.ends_with('/')) base.pop_back();
    if (base.ends_with("/v1")) base.resize(base.size() - 3);  // as it is written for OpenAI's protocol
    const std::string version = config().get("api_version", kVersion);
    std::vector<std::pair<std::string, std::string>> headers{{"content-type", "application/json"}, {"anthropic-version", version}};
    const JsonRef key = config()["api_key"];
    if (key.is_object() || !key.text().empty()) headers.emplace_back("x-api-key", "${secret:api_key}");
    for (const auto& member : config()["headers"].members()) {
      headers.emplace_back(member.key(), JsonRef(member.value()).text());
    }
    style_.max_tokens = config().get("max_tokens", std::int64_t{8192});
    style_.thinking_budget = config().get("thinking_budget", std::int64_t{0});
    style_.effort = config().get("effort", "");
    style_.has_sampling = version < kNoSampling;
    style_.prompt_cache = config().get("prompt_cache", "5m");
    connect_timeout_ = std::chrono::seconds(config().get("connect_timeout_s", 10));
    stall_timeout_ = std::chrono::seconds(config().get("stall_timeout_s", 120));
    base_url_ = std::move(base);
    headers_ = std::move(headers);
  }

  hob::HttpRequest request(const Json& chat) override {
    hob::HttpRequest http = to_server("/v1/messages");
    http.method = "POST";
    http.mode = chat["stream"].boolean(true) ? hob::HttpMode::sse : hob::HttpMode::whole;
    http.timeout = std::chrono::milliseconds(0);  // the call's own deadline bounds it
    const auto way = refused_schemas_.contains(schema_of(chat)) ? provider_anthropic::SchemaWay::words : provider_anthropic::SchemaWay::native;
    http.body = provider_anthropic::messages_body(chat, style_, way);
    return http;
  }

  /// A schema that the API does not take, say one that contains itself, is told in words from then on.
  bool adapt(const Json& chat, const hob::HttpResponse& refused) override {
    const auto names = [&](std::string_view word) { return refused.body.find(word) != std::string::npos; };
    const std::size_t schema = schema_of(chat);
    if (refused.status != 400 || schema == 0 || (!names("output_config") && !names("schema") && !names("Schema") && !names("grammar"))) return false;
    if (refused_schemas_.size() >= kMostSchemas) refused_schemas_.clear();
    return refused_schemas_.insert(schema).second;
  }
  /// A hash of the schema for the answer; 0: there is none.
  static std::size_t schema_of(const Json& chat) {
    const JsonRef schema = chat["response_format"]["json_schema"]["schema"];
    return schema.is_object() ? std::hash<std::string>()(boost::json::serialize(schema.value())) | 1 : 0;
  }

  void event(const hob::SseEvent& event, Exchange& out) override {
    const Json data = parsed(event.data, "an event");
    Answer& answer = answer_of(out);
    const std::string_view type = data["type"].text();
    if (type == "error") throw refused(data);
    if (type == "message_start") {
      out.model(data["message"]["model"].text());
      take_usage(data["message"]["usage"], answer, out);
    } else if (type == "content_block_start") {
      start_block(data["index"].integer(), data["content_block"], answer, out);
    } else if (type == "content_block_delta") {
      if (Block* block = answer.find(data["index"].integer())) grow_block(*block, data["delta"], out);
    } else if (type == "content_block_stop") {
      if (const Block* block = answer.find(data["index"].integer())) end_block(*block, out);
    } else if (type == "message_delta") {
      take_usage(data["usage"], answer, out);
      end_answer(data["delta"]["stop_reason"].text(), answer, out);
    } else if (type == "message_stop") {
      end_answer("end_turn", answer, out);
    }
    // ping, and kinds of events that are yet to come, say nothing.
  }

  void whole(const hob::HttpResponse& response, Exchange& out) override {
    const Json body = parsed(response.body, "an answer");
    if (body["type"].text() == "error" || body["error"].is_object()) throw refused(body);
    if (!body["content"].is_array()) {
      throw Error{hob::unavailable, "the model server sent an answer without content: " + plain_excerpt(response.body)};
    }
    Answer& answer = answer_of(out);
    out.model(body["model"].text());
    std::int64_t index = 0;
    for (const auto& content : body["content"].items()) {
      start_block(index, content, answer, out);
      end_block(answer.blocks.back(), out);
      ++index;
    }
    take_usage(body["usage"], answer, out);
    end_answer(body["stop_reason"].text("end_turn"), answer, out);
  }

  hob::HttpRequest models_request() override { return to_server("/v1/models?limit=100"); }

  Json models(const hob::HttpResponse& response) override {
    const Json body = parsed(response.body, "a model list");
    hob::JsonArray models;
    for (const auto& item : body["data"].items()) {
      const JsonRef entry(item);
      if (entry["lifecycle"].text() == "retired") continue;  // listed for the record, answers no more
      hob::JsonObject model{{"id", entry["id"].text()}};
      if (const std::int64_t window = entry["max_input_tokens"].integer(); window > 0) model["context_window"] = window;
      models.push_back(std::move(model));
    }
    return Json{{"models", std::move(models)}};
  }

  hob::HttpRequest next_models_request(const hob::HttpResponse& response) override {
    const Json body = parsed(response.body, "a model list");
    const std::string last(body["last_id"].text());
    const bool is_plain = !last.empty() && last.find_first_of("&#?%+ \r\n") == std::string::npos;
    if (!body["has_more"].boolean() || !is_plain) return {};
    return to_server("/v1/models?limit=100&after_id=" + last);
  }

  std::string error_text(const hob::HttpResponse& response) override {
    try {
      const Json body = Json::parse(response.body);
      const std::string_view words = body["error"]["message"].text();
      if (!words.empty()) return std::string(words.substr(0, 1000));
    } catch (const Error&) {
      return plain_excerpt(response.body);  // no JSON: a proxy's page, or plain words
    }
    return plain_excerpt(response.body);
  }

  int meaning(const hob::HttpResponse& response) override {
    // An account without credit is told as a bad request.
    if (response.status == 400 && response.body.find("credit balance") != std::string::npos) return 402;
    return response.status;
  }

  hob::HttpRequest to_server(std::string_view path) const {
    hob::HttpRequest http;
    http.url = base_url_ + std::string(path);
    http.headers = headers_;
    http.connect_timeout = connect_timeout_;
    http.stall_timeout = stall_timeout_;
    return http;
  }

  static Json parsed(std::string_view text, const char* what) {
    try {
      return Json::parse(text);
    } catch (const Error&) {
      std::string shown = plain_excerpt(text);
      if (shown.empty()) shown = "it is empty";
      throw Error{hob::unavailable, "the model server sent " + std::string(what) + " that is not JSON: " + shown};
    }
  }

  Error refused(const Json& body) {
    hob::HttpResponse response;
    response.status = status_of(body["error"]["type"].text());
    response.body = body.dump();
    return failure(response);
  }

  std::string base_url_;
  std::vector<std::pair<std::string, std::string>> headers_;
  static constexpr std::size_t kMostSchemas = 256;  // they come from callers

  provider_anthropic::Style style_;
  std::set<std::size_t> refused_schemas_;
  std::chrono::milliseconds connect_timeout_{}, stall_timeout_{};
};

}  // namespace
HOB_PLUGIN("provider_anthropic", Anthropic)

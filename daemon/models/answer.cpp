#include "models/answer.hpp"

#include <algorithm>

namespace hobd {
namespace {

constexpr std::size_t kMaxAnswerBytes = 8 << 20;
constexpr std::size_t kMaxToolCalls = 128;

/// A rough count where a provider reports none: four bytes a token holds for English within a third.
std::int64_t estimate_tokens(std::size_t bytes) { return std::int64_t((bytes + 3) / 4); }

}  // namespace

bool AnswerBuilder::take(std::string_view chunk) {
  const Result<json::object> parsed = parse_json_object(chunk);
  if (parsed.has_error()) {
    fault_ = "sent a piece of its answer that can't be read: " + parsed.error().message;
    return false;
  }
  const json::object& delta = *parsed;
  if (const std::string_view text = string_or(delta, "text"); !text.empty()) {
    answer_.text += text;
    shown_ = true;
    if (on_text_) on_text_(text);
  }
  answer_.reasoning += string_or(delta, "reasoning");
  if (const json::object* call = object_at(delta, "tool_call")) take_tool_call(*call);
  if (const json::object* carry = object_at(delta, "carry")) answer_.carry = *carry;
  if (const json::object* usage = object_at(delta, "usage")) {
    has_usage_ = true;
    // Providers report running totals, so a later number replaces an earlier one.
    answer_.usage.input_tokens = int_or(*usage, "input_tokens", answer_.usage.input_tokens);
    answer_.usage.output_tokens = int_or(*usage, "output_tokens", answer_.usage.output_tokens);
    answer_.usage.cached_tokens = int_or(*usage, "cached_tokens", answer_.usage.cached_tokens);
  }
  if (answer_.text.size() + answer_.reasoning.size() > kMaxAnswerBytes) fault_ = "sent more than 8 MiB";
  return fault_.empty();
}

void AnswerBuilder::take_tool_call(const json::object& delta) {
  // A provider that leaves the index out sends whole calls, one after another.
  const std::int64_t next = indexes_.empty() ? 0 : *std::max_element(indexes_.begin(), indexes_.end()) + 1;
  const std::int64_t index = int_or(delta, "index", next);
  auto at = std::find(indexes_.begin(), indexes_.end(), index);
  if (at == indexes_.end()) {
    if (indexes_.size() == kMaxToolCalls) {
      fault_ = "asked for more than 128 tools at once";
      return;
    }
    indexes_.push_back(index);
    answer_.tool_calls.emplace_back();
    at = indexes_.end() - 1;
  }
  ModelToolCall& call = answer_.tool_calls[std::size_t(at - indexes_.begin())];
  if (const std::string_view id = string_or(delta, "id"); !id.empty()) call.id = id;
  if (const std::string_view name = string_or(delta, "name"); !name.empty()) call.name = name;
  call.arguments += string_or(delta, "arguments");
  if (call.arguments.size() > kMaxAnswerBytes) fault_ = "sent more than 8 MiB";
}

Result<ModelAnswer> AnswerBuilder::finish(std::string_view result, std::size_t request_bytes) {
  if (!fault_.empty()) return Error{Code::unavailable, fault_};
  const Result<json::object> end = parse_json_object(result);
  if (end.has_error())
    return Error{Code::unavailable, "ended its answer with something that is not JSON: " + end.error().message};
  answer_.stop = string_or(*end, "stop", answer_.tool_calls.empty() ? "end" : "tool_calls");
  answer_.usage.model = string_or(*end, "model");
  if (answer_.text.empty() && answer_.tool_calls.empty() && answer_.stop == "end")
    return Error{Code::unavailable, "answered with nothing"};
  std::size_t written = answer_.text.size() + answer_.reasoning.size();
  for (std::size_t i = 0; i < answer_.tool_calls.size(); ++i) {
    ModelToolCall& call = answer_.tool_calls[i];
    if (call.id.empty()) call.id = "call_" + std::to_string(i);
    written += call.arguments.size();
  }
  if (!has_usage_) {
    answer_.usage.input_tokens = estimate_tokens(request_bytes);
    answer_.usage.output_tokens = estimate_tokens(written);
  }
  return std::move(answer_);
}

json::object to_json(const ModelAnswer& answer) {
  json::object object;
  object["text"] = answer.text;
  if (!answer.reasoning.empty()) object["reasoning"] = answer.reasoning;
  if (!answer.tool_calls.empty()) {
    json::array calls;
    for (const ModelToolCall& call : answer.tool_calls) {
      json::object one;
      one["id"] = call.id;
      one["name"] = call.name;
      one["arguments"] = call.arguments;
      calls.push_back(std::move(one));
    }
    object["tool_calls"] = std::move(calls);
  }
  if (!answer.carry.empty()) object["carry"] = answer.carry;
  object["stop"] = answer.stop;
  object["usage"] = to_json(answer.usage);
  object["provider"] = answer.provider;
  return object;
}

ModelAnswer model_answer_from_json(const json::object& object) {
  ModelAnswer answer;
  answer.text = string_or(object, "text");
  answer.reasoning = string_or(object, "reasoning");
  if (const json::object* carry = object_at(object, "carry")) answer.carry = *carry;
  answer.stop = string_or(object, "stop", "end");
  answer.provider = string_or(object, "provider");
  if (const json::array* calls = array_at(object, "tool_calls"))
    for (const json::value& value : *calls) {
      const json::object* one = value.if_object();
      if (!one) continue;
      ModelToolCall call;
      call.id = string_or(*one, "id");
      call.name = string_or(*one, "name");
      call.arguments = string_or(*one, "arguments");
      answer.tool_calls.push_back(std::move(call));
    }
  if (const json::object* usage = object_at(object, "usage")) {
    answer.usage.input_tokens = int_or(*usage, "input_tokens");
    answer.usage.output_tokens = int_or(*usage, "output_tokens");
    answer.usage.cached_tokens = int_or(*usage, "cached_tokens");
    answer.usage.cost_usd = double_or(*usage, "cost_usd");
    answer.usage.model = string_or(*usage, "model");
    answer.usage.tier = string_or(*usage, "tier");
  }
  return answer;
}

}  // namespace hobd

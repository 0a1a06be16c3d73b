#include "models/answer.hpp"

#include "models/prices.hpp"

#include <algorithm>
#include <utility>

namespace hobd {
namespace {

constexpr std::size_t kMaxAnswerBytes = 8 << 20;
constexpr std::size_t kMaxToolCalls = 128;

/// The provider's word among those of ModelAnswer::stop.
std::string stop_word(std::string_view said, bool has_calls) {
  for (const std::string_view known : {"end", "length", "tool_calls", "filtered"})
    if (said == known) return std::string(said);
  return has_calls ? "tool_calls" : "end";
}

}  // namespace

bool AnswerBuilder::take(std::string_view chunk) {
  const Result<json::object> parsed = parse_json_object(chunk);
  if (parsed.has_error()) {
    fault_ = "sent a piece of its answer that can't be read: " + parsed.error().message;
    return false;
  }
  const json::object& delta = *parsed;
  has_begun_ = true;
  if (const std::string_view text = string_or(delta, "text"); !text.empty()) {
    answer_.text += text;
    if (on_text_ && !on_text_(text)) fault_ = "said something that doesn't go on from what was shown";
  }
  answer_.reasoning += string_or(delta, "reasoning");
  if (const json::object* call = object_at(delta, "tool_call")) take_tool_call(*call);
  if (const json::object* carry = object_at(delta, "carry")) answer_.carry = *carry;
  if (const json::object* usage = object_at(delta, "usage")) take_usage(*usage);
  if (answer_.text.size() + answer_.reasoning.size() > kMaxAnswerBytes) fault_ = "sent more than 8 MiB";
  return fault_.empty();
}

/// Providers report running totals, so a later number replaces an earlier one.
void AnswerBuilder::take_usage(const json::object& usage) {
  const auto take = [&](const char* key, std::int64_t& into) {
    const std::int64_t count = int_or(usage, key, into);
    is_estimated_ = is_estimated_ || count < 0;
    into = std::max<std::int64_t>(0, count);
  };
  take("input_tokens", answer_.usage.input_tokens);
  take("output_tokens", answer_.usage.output_tokens);
  take("cached_tokens", answer_.usage.cached_tokens);
  take("cache_write_tokens", answer_.usage.cache_write_tokens);
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

Result<ModelAnswer> AnswerBuilder::finish(std::string_view result) {
  if (!fault_.empty()) return Error{Code::unavailable, fault_};
  const Result<json::object> end = parse_json_object(result);
  if (end.has_error())
    return Error{Code::unavailable, "ended its answer with something that is not JSON: " + end.error().message};
  answer_.stop = stop_word(string_or(*end, "stop"), !answer_.tool_calls.empty());
  answer_.usage.model = string_or(*end, "model");
  if (answer_.text.empty() && answer_.tool_calls.empty() && answer_.stop == "end")
    return Error{Code::unavailable, std::string(kSaidNothing)};
  for (std::size_t i = 0; i < answer_.tool_calls.size(); ++i)
    if (std::string& id = answer_.tool_calls[i].id; id.empty()) id = "call_" + std::to_string(i);
  is_estimated_ = count_usage(answer_) || is_estimated_;
  return std::move(answer_);
}

ModelAnswer AnswerBuilder::broken_off() const {
  ModelAnswer answer = answer_;
  const std::int64_t reported = std::exchange(answer.usage.output_tokens, 0);  // of the beginning, where it is told at all
  count_usage(answer);
  answer.usage.output_tokens = std::max(answer.usage.output_tokens, reported);
  answer.tool_calls.clear();
  answer.carry.clear();
  answer.stop = "length";
  return answer;
}

/// A usage that is missing, and the part of it that is: a stream that broke off has told what it read, seldom what it wrote.
/// Whether anything had to be counted.
bool AnswerBuilder::count_usage(ModelAnswer& answer) const {
  const bool has_input = answer.usage.input_tokens > 0;
  if (!has_input) answer.usage.input_tokens = input_tokens_;
  if (answer.usage.output_tokens > 0) return !has_input;
  answer.usage.output_tokens = count_tokens_high(answer.text) + count_tokens_high(answer.reasoning);
  for (const ModelToolCall& call : answer.tool_calls) answer.usage.output_tokens += count_tokens_high(call.arguments);
  answer.usage.output_tokens = std::min(answer.usage.output_tokens, max_tokens_);
  return !has_input || answer.usage.output_tokens > 0;
}

bool says_nothing(const Error& error) { return error.code == Code::unavailable && error.message.find(kSaidNothing) != std::string::npos; }

void add_usage(Usage& sum, const Usage& more) {
  sum.input_tokens += more.input_tokens;
  sum.output_tokens += more.output_tokens;
  sum.cached_tokens += more.cached_tokens;
  sum.cache_write_tokens += more.cache_write_tokens;
  sum.cost_usd += more.cost_usd;
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
  if (!answer.routed_by.empty()) object["routed_by"] = answer.routed_by;
  if (!answer.notice.empty()) object["notice"] = answer.notice;
  return object;
}

ModelAnswer model_answer_from_json(const json::object& object) {
  ModelAnswer answer;
  answer.text = string_or(object, "text");
  answer.reasoning = string_or(object, "reasoning");
  if (const json::object* carry = object_at(object, "carry")) answer.carry = *carry;
  answer.stop = string_or(object, "stop", "end");
  answer.provider = string_or(object, "provider");
  answer.routed_by = string_or(object, "routed_by");
  answer.notice = string_or(object, "notice");
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
  if (const json::object* usage = object_at(object, "usage")) answer.usage = usage_from_json(*usage);
  return answer;
}

}  // namespace hobd

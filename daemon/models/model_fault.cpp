#include "models/model_fault.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <charconv>

namespace hobd {
namespace {

using Kind = ModelFault::Kind;

bool has(std::string_view text, std::string_view words) { return text.find(words) != std::string_view::npos; }

template <std::size_t N>
bool has_any(std::string_view text, const std::string_view (&list)[N]) {
  return std::any_of(std::begin(list), std::end(list), [text](std::string_view words) { return has(text, words); });
}

/// The number right after `words`; thousands may be parted by commas. 0: there is none.
std::int64_t number_after(std::string_view text, std::string_view words) {
  std::size_t at = text.find(words);
  if (at == std::string_view::npos) return 0;
  at += words.size();
  std::string digits;
  for (; at < text.size() && digits.size() < 12; ++at) {
    if (text[at] >= '0' && text[at] <= '9') digits += text[at];
    else if (text[at] != ',' || digits.empty()) break;
  }
  std::int64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

/// OpenAI, OpenRouter, vLLM, llama.cpp, LM Studio, Anthropic, Gemini, Ollama, in this order, as they word it. Lower case.
constexpr std::string_view kTooLong[] = {
    "context_length_exceeded", "maximum context length", "exceeds the context window", "exceed_context_size",
    "exceeds the available context size", "greater than the context length", "context length of only", "context window is full",
    "exceeds maximum context", "exceed context limit", "prompt is too long", "input is too long", "input length and `max_tokens` exceed",
    "input token count", "exceeds the maximum number of tokens", "input length exceeds", "exceeds context length", "context size has been exceeded",
    "too many tokens", "reduce the length of the messages"};

/// Before the numbers of tokens that fit.
constexpr std::string_view kBeforeWindow[] = {"maximum context length is ", "maximum context length of ", "tokens > ",
                                              "maximum number of tokens allowed (", "available context size (", "context length of only ",
                                              "context limit: ", "context size is "};

constexpr std::string_view kNoContact[] = {"no such host", "connect to ", "ssl", "tls", "certificate", "could not resolve",
                                           "connection refused", "no route to host", "is not running", "the provider is ", "network is unreachable"};

constexpr std::string_view kReset[] = {"closed without a response", "connection reset", "connection was reset", "recv failure", "send failure"};

int status_in(std::string_view text) {
  const auto number = number_after(text, "answered ");
  return number >= 100 && number <= 599 ? int(number) : 0;
}

Kind kind_of(Code code, int status, std::string_view text) {
  if (code == Code::cancelled) return Kind::cancelled;
  const bool is_refusal = code == Code::invalid || status == 400 || status == 413 || status == 422 || status == 500;
  if (is_refusal && has_any(text, kTooLong)) return Kind::too_long;
  // Gemini answers 400 to a wrong key; its provider reads the text.
  if (status == 400 && code == Code::denied) return Kind::refused_key;
  switch (status) {
    case 401: case 402: case 403: return Kind::refused_key;
    case 404: return Kind::not_found;
    case 408: case 504: return Kind::timeout;
    case 429: return Kind::rate_limit;
    default: break;
  }
  if (status >= 500) return Kind::busy;
  if (status >= 400) return Kind::bad_request;
  switch (code) {
    case Code::denied: return has(text, "connect to ") ? Kind::no_contact : Kind::refused_key;
    case Code::not_found: return Kind::not_found;
    case Code::overloaded: return has(text, "larger than") ? Kind::broken : Kind::rate_limit;
    case Code::invalid: case Code::unsupported: return Kind::bad_request;
    case Code::timeout: return has(text, "connect to ") ? Kind::no_contact : Kind::timeout;
    default: break;
  }
  // Without a status the HTTP client itself speaks, or the provider of an answer that it can't use.
  if (status == 0 && has_any(text, kReset)) return Kind::busy;
  if (status == 0 && code == Code::unavailable && has_any(text, kNoContact) && !has(text, "ended early")) return Kind::no_contact;
  return Kind::broken;
}

}  // namespace

ModelFault read_fault(const Error& error) {
  const std::string text = to_lower_ascii(error.message);
  ModelFault fault;
  fault.status = status_in(text);
  fault.kind = kind_of(error.code, fault.status, text);
  if (const std::int64_t seconds = number_after(text, "retry after "); seconds > 0) fault.retry_after = std::chrono::seconds(seconds);
  if (fault.kind == Kind::too_long)
    for (const std::string_view words : kBeforeWindow)
      if (fault.window = number_after(text, words); fault.window > 0) break;
  return fault;
}

std::string fault_advice(const ModelFault& fault, const std::string& provider) {
  const std::string key = "models.providers." + provider;
  switch (fault.kind) {
    case Kind::refused_key: return fault.status == 402 ? "check the account's credit" : "check " + key + ".api_key, Hob's own key at this provider";
    case Kind::not_found: return "check the model's name; `hobctl model list` shows what the server has";
    case Kind::rate_limit: return "wait a little, or add another model to models.tiers";
    case Kind::timeout: return "the server is slow: try again, raise models.times or limits.turn_timeout, or use a smaller model";
    case Kind::too_long: return "even cut short it is too long for this model: use one with a larger context window";
    case Kind::bad_request: return "the model may not support what was asked (tools, images, the length); try another model";
    default: return "check that the server runs and that " + key + " is right; `hobctl doctor` tests it";
  }
}

}  // namespace hobd

#include "models/escalation.hpp"

#include "models/answer_faults.hpp"

namespace hobd {
namespace {

/// Of an answer that isn't written yet.
constexpr std::int64_t kUsualAnswer = 300;
/// The question must cost less than this part of what the cheaper tier saves: half of the times the model's word changes nothing.
constexpr double kPart = 0.25;

double price_of(const PriceTable& prices, const ModelCard& card, std::int64_t input, std::int64_t output) {
  Usage usage;
  usage.input_tokens = input;
  usage.output_tokens = output;
  return prices.cost(card, usage);
}

}  // namespace

bool is_worth_asking(const PriceTable& prices, const std::string& fast, const std::string& smart, const json::object& asked,
                     std::int64_t context_tokens) {
  if (fast == smart) return false;
  const ModelCard cheap = prices.find(fast), dear = prices.find(smart);
  const double saved = price_of(prices, dear, context_tokens, kUsualAnswer) - price_of(prices, cheap, context_tokens, kUsualAnswer);
  const double price = price_of(prices, cheap, count_request_tokens_high(asked), int_or(asked, "max_tokens", 16));
  return saved > 0 && price < saved * kPart;
}

void doubt_answers(Way& way) {
  way.doubts = [](std::string_view start) { return is_refusal(start) || begins_as_tool_call(start); };
  // The way's chat stays as it is until the way ends; the request lives in the same frame as those who ask.
  way.judge = [&chat = way.chat](const ModelAnswer& answer) { return answer_fault(answer, chat); };
}

}  // namespace hobd

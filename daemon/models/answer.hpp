// A model's answer while it comes in: the deltas of hob/ext/provider.h put together.
#pragma once

#include "models/router.hpp"

namespace hobd {

/// Takes the chunks of one provider call. Thread: core.
class AnswerBuilder {
 public:
  /// on_text gets each text; false: it doesn't fit, and no more is wanted. `input_tokens` counts where the provider doesn't report
  /// what it read. `max_tokens`: of the answer, as it was asked for: what is counted here is never more, else a count that is high
  /// would pass the room that was reserved.
  AnswerBuilder(std::function<bool(std::string_view)> on_text, std::int64_t input_tokens, std::int64_t max_tokens)
      : on_text_(std::move(on_text)), input_tokens_(input_tokens), max_tokens_(max_tokens) {}

  /// One emitted chunk, a JSON object. False when it is not one: the answer is then broken for good.
  bool take(std::string_view chunk);
  /// Whether anything came: the model was at work.
  bool has_begun() const { return has_begun_; }
  bool is_broken() const { return !fault_.empty(); }
  /// After finish(): whether some of the usage is counted here, as the provider reported none of it, or what can't be.
  bool is_estimated() const { return is_estimated_; }
  /// Closes the answer with the provider's result. unavailable: a broken delta, a result that is not JSON, or
  /// an answer with nothing in it.
  Result<ModelAnswer> finish(std::string_view result);
  /// What came of an answer that broke off, with stop "length": its text, without the tool calls, which may be cut. Its usage
  /// is the provider's, or what was read and written so far.
  ModelAnswer broken_off() const;

 private:
  void take_tool_call(const json::object& delta);
  void take_usage(const json::object& usage);
  bool count_usage(ModelAnswer& answer) const;

  std::function<bool(std::string_view)> on_text_;
  ModelAnswer answer_;
  std::vector<std::int64_t> indexes_;  // of answer_.tool_calls, as the provider numbers them
  std::int64_t input_tokens_, max_tokens_;
  bool has_begun_ = false, is_estimated_ = false;
  std::string fault_;
};

inline constexpr std::string_view kSaidNothing = "answered with nothing";
/// Whether this is the error of models that answered with nothing at all.
bool says_nothing(const Error& error);

/// Adds the tokens and the cost; the model stays.
void add_usage(Usage& sum, const Usage& more);

}  // namespace hobd

// A model's answer while it comes in: the deltas of hob/ext/provider.h put together.
#pragma once

#include "models/router.hpp"

namespace hobd {

/// Takes the chunks of one provider call. Thread: core.
class AnswerBuilder {
 public:
  explicit AnswerBuilder(std::function<void(std::string_view)> on_text) : on_text_(std::move(on_text)) {}

  /// One emitted chunk, a JSON object. False when it is not one: the answer is then broken for good.
  bool take(std::string_view chunk);
  /// Whether text went out: from then on no other model may answer in this one's place.
  bool shown() const { return shown_; }
  bool broken() const { return !fault_.empty(); }
  /// Closes the answer with the provider's result. unavailable: a broken delta, a result that is not JSON, or
  /// an answer with nothing in it. `request_bytes` serves to estimate usage the provider didn't report.
  Result<ModelAnswer> finish(std::string_view result, std::size_t request_bytes);

 private:
  void take_tool_call(const json::object& delta);

  std::function<void(std::string_view)> on_text_;
  ModelAnswer answer_;
  std::vector<std::int64_t> indexes_;  // of answer_.tool_calls, as the provider numbers them
  bool shown_ = false, has_usage_ = false;
  std::string fault_;
};

}  // namespace hobd

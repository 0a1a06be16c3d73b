// One call of one provider, within its times: the whole, until something comes, and between one piece and the next.
#pragma once

#include "models/answer.hpp"

#include <memory>

namespace hobd {

struct AttemptTimes {
  std::chrono::milliseconds whole{0};
  std::chrono::milliseconds first_token{0}, stall{0};  // 0: none, as for an answer that comes in one piece
};

/// Sends `payload` to the provider's complete(), its chunks to `builder`; gives the result's bytes. Errors: the provider's own;
/// timeout: one of the times is up, and the plugin was told to cancel. Asio cancellation ends the call with cancelled.
awaitable<Result<std::string>> attempt(Instance& instance, std::string payload, AttemptTimes times, std::shared_ptr<AnswerBuilder> builder);

}  // namespace hobd

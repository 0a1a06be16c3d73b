// What a provider's failure means for those who go on: whether it may have been billed, whether trying again helps, how long
// the model is better left alone. Read from the code and the words that providers give (sdk/include/hob/cpp/http_failure.hpp,
// Lua's Response:fail, the HTTP client).
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hobd {

struct ModelFault {
  enum class Kind {
    cancelled,    // by us
    no_contact,   // the server can't be reached: DNS, connect, TLS
    refused_key,  // 401, 402, 403: rests until somebody mends it
    not_found,    // no such model
    rate_limit,   // 429
    busy,         // 500, 502, 503, 529 at once, a connection that was reset before it answered
    too_long,     // the request doesn't fit the model's context window
    bad_request,  // any other 4xx: the model doesn't take what was asked
    timeout,      // sent, and no answer in time
    broken        // sent, and the answer ended halfway, was empty or no answer at all
  } kind = Kind::broken;
  int status = 0;                                      // of HTTP; 0: none is named
  std::optional<std::chrono::seconds> retry_after = {};  // as the server asked
  std::int64_t window = 0;                             // tokens that fit, where a too_long says so

  /// Whether the server may bill for it all the same: it took the request and began on it.
  bool may_be_billed() const { return kind == Kind::timeout || kind == Kind::broken || kind == Kind::cancelled; }
  /// Whether the same model may answer a moment later.
  bool is_passing() const { return kind == Kind::rate_limit || kind == Kind::busy || kind == Kind::broken; }
};

ModelFault read_fault(const Error& error);

/// What the owner may do about it, in a few words. `provider`: the instance's name.
std::string fault_advice(const ModelFault& fault, const std::string& provider);

}  // namespace hobd

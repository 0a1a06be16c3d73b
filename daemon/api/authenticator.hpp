// Who an HTTP request is from: an API key, or under auth.mode none whoever it says.
#pragma once

#include "net/http_server.hpp"
#include "base/principal.hpp"
#include "config/config.hpp"
#include "store/store.hpp"

#include <optional>
#include <unordered_map>

namespace hobd {

/// All on the core thread. What was found is remembered for a minute, so that a busy client costs no query;
/// forget() drops it when keys or users change.
class Authenticator {
 public:
  Authenticator(Users& users, const Clock& clock) : users_(users), clock_(clock) {}
  void set_mode(AuthMode mode);
  void forget() {
    known_.clear();
    ++generation_;
  }

  /// The answer without asking the database; nothing: async_identify() must.
  std::optional<Principal> remembered(const HttpRequest& request) const;
  /// denied: no key, an unknown one, one that has expired. invalid: a user name that can't be one.
  awaitable<Result<Principal>> async_identify(const HttpRequest& request);

 private:
  struct Known {
    Principal who;
    std::chrono::steady_clock::time_point until;
  };
  std::string cache_key(const HttpRequest& request) const;
  awaitable<Result<Principal>> by_key(std::string hash);
  awaitable<Result<Principal>> by_name(std::string name);
  /// `generation` is that of before the question: an answer from before a forget() is not kept.
  void remember(std::string key, const Principal& who, std::uint64_t generation);

  Users& users_;
  const Clock& clock_;
  AuthMode mode_ = AuthMode::keys;
  std::uint64_t generation_ = 0;
  std::unordered_map<std::string, Known> known_;
};

}  // namespace hobd

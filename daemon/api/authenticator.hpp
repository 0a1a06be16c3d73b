// Who an HTTP request is from: an API key, or under auth.mode none whoever it says.
#pragma once

#include "net/http_server.hpp"
#include "base/principal.hpp"
#include "config/config.hpp"
#include "store/store.hpp"

#include <optional>
#include <unordered_map>

namespace hobd {

/// Who was found, and by what: the hash of the key ("" under auth.mode none) and when it ends.
struct Caller {
  Principal who;
  std::string credential;
  std::optional<Time> expires_at;
};

/// All on the core thread. What was found is remembered for a minute at most and never past a key's end, so that a
/// busy client costs no query; nor does a key that was refused a moment ago. forget() drops it all when keys or users
/// change.
class Authenticator {
 public:
  Authenticator(Users& users, const Clock& clock) : users_(users), clock_(clock) {}
  void set_mode(AuthMode mode);
  void forget() {
    known_.clear();
    refused_.clear();
    ++generation_;
  }

  /// The answer without asking the database; nothing: async_identify() must.
  std::optional<Caller> remembered(const HttpRequest& request) const;
  /// Whether the request's key was good lately, if perhaps over a minute ago.
  bool was_good(const HttpRequest& request) const { return known_.contains(cache_key(request)); }
  /// Whether the request brings a key at all.
  bool has_key(const HttpRequest& request) const;
  /// denied: no key, an unknown one, one that has expired. invalid: a user name that can't be one.
  awaitable<Result<Caller>> async_identify(const HttpRequest& request);
  /// The same for the hash of a key, asking the database whatever is remembered.
  awaitable<Result<Caller>> async_verify(std::string credential) { return by_key(std::move(credential)); }

 private:
  struct Known {
    Caller caller;
    std::chrono::steady_clock::time_point until;
  };
  std::string cache_key(const HttpRequest& request) const;
  awaitable<Result<Caller>> by_key(std::string hash);
  awaitable<Result<Caller>> by_name(std::string name);
  /// `generation` is that of before the question: an answer from before a forget() is not kept.
  void remember(std::string key, const Caller& caller, std::uint64_t generation);
  void remember_refused(std::string key, std::uint64_t generation, const Error& error);

  Users& users_;
  const Clock& clock_;
  AuthMode mode_ = AuthMode::keys;
  std::uint64_t generation_ = 0;
  std::unordered_map<std::string, Known> known_;
  struct Refused {
    Error error;
    std::chrono::steady_clock::time_point until;
  };
  std::unordered_map<std::string, Refused> refused_;
};

}  // namespace hobd

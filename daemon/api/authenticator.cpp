#include "api/authenticator.hpp"

#include "api/keys.hpp"
#include "api/objects.hpp"
#include "base/text.hpp"

namespace hobd {
namespace {

constexpr std::chrono::seconds kRemember{60};
constexpr std::chrono::seconds kRememberRefused{10};
constexpr std::size_t kMaxKnown = 10'000;
constexpr std::string_view kDefaultUser = "default";

std::string_view presented_key(const HttpRequest& request) {
  const std::string_view authorization = request.headers.get("Authorization");
  constexpr std::string_view kBearer = "bearer ";
  if (authorization.size() > kBearer.size() && equals_ignore_case(authorization.substr(0, kBearer.size()), kBearer))
    return trim(authorization.substr(kBearer.size()));
  return trim(request.headers.get("X-API-Key"));
}

}  // namespace

void Authenticator::set_mode(AuthMode mode) {
  mode_ = mode;
  forget();
}

/// The user's name, or the hash of the key presented; "" when none was.
std::string Authenticator::cache_key(const HttpRequest& request) const {
  if (mode_ == AuthMode::none) {
    const std::string_view name = trim(request.headers.get("X-User-Id"));
    return std::string(name.empty() ? kDefaultUser : name);
  }
  const std::string_view key = presented_key(request);
  return key.empty() ? std::string{} : sha256_hex(key);
}

bool Authenticator::has_key(const HttpRequest& request) const {
  return mode_ == AuthMode::keys && !presented_key(request).empty();
}

std::optional<Caller> Authenticator::remembered(const HttpRequest& request) const {
  const auto found = known_.find(cache_key(request));
  if (found == known_.end() || found->second.until < clock_.steady()) return std::nullopt;
  const Caller& caller = found->second.caller;
  if (caller.expires_at && *caller.expires_at <= clock_.now()) return std::nullopt;
  return caller;
}

awaitable<Result<Caller>> Authenticator::async_identify(const HttpRequest& request) {
  std::string key = cache_key(request);
  const std::uint64_t generation = generation_;
  if (mode_ == AuthMode::none) {
    CO_CHECK(check_user_name(key));
    CO_TRY(const Caller caller, co_await by_name(key));
    remember(std::move(key), caller, generation);
    co_return caller;
  }
  if (key.empty())
    co_return Error{Code::denied, "an API key is wanted: Authorization: Bearer KEY (hobctl key create makes one)"};
  if (const auto refused = refused_.find(key); refused != refused_.end() && refused->second.until >= clock_.steady())
    co_return refused->second.error;
  const Result<Caller> caller = co_await by_key(key);
  if (caller.has_error()) {
    remember_refused(std::move(key), generation, caller.error());
    co_return caller.error();
  }
  remember(std::move(key), *caller, generation);
  co_return *caller;
}

awaitable<Result<Caller>> Authenticator::by_key(std::string hash) {
  const auto key = co_await users_.find_key(hash);
  if (key.has_error()) {
    if (key.error().code == Code::not_found) co_return Error{Code::denied, "this API key is not known"};
    co_return key.error();
  }
  const Time now = clock_.now();
  if (key->expires_at && *key->expires_at <= now) co_return Error{Code::denied, "this API key has expired"};
  const auto user = co_await users_.find(key->user_id);
  if (user.has_error()) {
    if (user.error().code == Code::not_found) co_return Error{Code::denied, "the user of this API key is gone"};
    co_return user.error();
  }
  Caller caller;
  caller.who.user_id = user->id;
  caller.who.user_name = user->name;
  caller.who.scopes.insert(key->scopes.begin(), key->scopes.end());
  caller.who.via = "http";
  caller.credential = std::move(hash);
  caller.expires_at = key->expires_at;
  // The time of last use is a convenience: it may be a minute late, and a failure to store it fails nothing.
  if (const auto touched = co_await users_.touch_key(key->id, now); touched.has_error())
    log::debug("api", "note the use of key {}: {}", key->id, touched.error().message);
  co_return caller;
}

awaitable<Result<Caller>> Authenticator::by_name(std::string name) {
  CO_TRY(const User user, co_await users_.ensure(std::move(name), false));
  Caller caller;
  caller.who.user_id = user.id;
  caller.who.user_name = user.name;
  caller.who.scopes = user_scopes();
  caller.who.via = "http";
  co_return caller;
}

void Authenticator::remember(std::string key, const Caller& caller, std::uint64_t generation) {
  if (generation != generation_) return;
  if (known_.size() >= kMaxKnown) known_.clear();
  known_[std::move(key)] = {caller, clock_.steady() + kRemember};
}

void Authenticator::remember_refused(std::string key, std::uint64_t generation, const Error& error) {
  if (generation != generation_ || error.code != Code::denied) return;
  if (refused_.size() >= kMaxKnown) refused_.clear();
  refused_[std::move(key)] = {error, clock_.steady() + kRememberRefused};
}

}  // namespace hobd

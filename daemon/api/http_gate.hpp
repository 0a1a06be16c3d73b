// The door of the HTTP listener: request ids, hosts and origins, who is it, how often, which route, and then
// the request is a plugin's (route_call.hpp). On the hot path nothing here waits or asks the database.
#pragma once

#include "api/authenticator.hpp"
#include "api/rate_limiter.hpp"
#include "net/http_server.hpp"
#include "plugins/registry.hpp"

#include <functional>
#include <memory>

namespace hobd {

struct HttpGateContext {
  asio::any_io_executor core;
  Registry* registry = nullptr;
  Users* users = nullptr;
  const Clock* clock = nullptr;
  std::function<void(int status)> on_status;  // metrics; never null
};

class HttpGate final : public RequestHandler {
 public:
  HttpGate(HttpGateContext context, std::shared_ptr<const Config> config);
  void set_config(std::shared_ptr<const Config> config);
  /// Keys or users have changed: what is remembered of them is asked again.
  void forget_users() { authenticator_.forget(); }

  void handle(std::shared_ptr<HttpExchange> exchange) override;
  std::string error_body(int status, std::string_view message) override;

 private:
  struct Visit;  // one request on its way through the gate

  /// denied when the Host or Origin has no business here.
  Result<void> check_origin(const Visit& visit) const;
  bool is_known_origin(std::string_view origin, std::string_view host) const;
  void answer_preflight(Visit visit);
  void admit(Visit visit, Principal who);
  static awaitable<void> identify(HttpGate& gate, Visit visit);
  void pass(Visit visit, std::optional<Principal> who);
  void refuse(const Visit& visit, int status, const Error& error, HttpHeaders extra = {}) const;

  HttpGateContext context_;
  std::shared_ptr<const Config> config_;  // shared: replaced by a reload
  Authenticator authenticator_;
  RateLimiter limiter_;
  TaskGroup tasks_;  // last: its tasks use the members above
};

}  // namespace hobd

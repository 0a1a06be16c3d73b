// The door of the HTTP listener: request ids, hosts and origins, who is it, how often, which route, and then
// the request is a plugin's (route_call.hpp). On the hot path nothing here waits or asks the database.
#pragma once

#include "api/authenticator.hpp"
#include "api/live_calls.hpp"
#include "api/rate_limiter.hpp"
#include "net/http_server.hpp"
#include "plugins/registry.hpp"

#include <boost/asio/steady_timer.hpp>

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
  /// Keys or users have changed: what is remembered of them is asked again, and calls whose key is no longer good end.
  void forget_users();
  /// Charges `user_id` for a turn that comes by another way than a request of its own, such as a WebSocket message:
  /// zero, or how long to wait.
  std::chrono::milliseconds take_turn(const std::string& user_id) { return limiter_.take(user_id, context_.clock->steady()); }

  void handle(std::shared_ptr<HttpExchange> exchange) override;
  ErrorAnswer error_answer(const ServerError& error) override;

 private:
  struct Visit;  // one request on its way through the gate

  /// denied when the Host or Origin has no business here.
  Result<void> check_origin(const Visit& visit) const;
  bool is_known_origin(std::string_view origin, std::string_view host) const;
  void answer_preflight(Visit visit);
  void enter(Visit visit);
  /// Whether the route takes this caller without asking who it is.
  bool is_open(const Visit& visit) const;
  void admit(Visit visit, Caller caller);
  void refuse_for(const Visit& visit, std::chrono::milliseconds wait, std::string message) const;
  static awaitable<void> identify(HttpGate& gate, Visit visit);
  void pass(Visit visit, std::optional<Caller> caller);
  static awaitable<void> verify_live(HttpGate& gate);
  /// Wakes when the next key of a live call ends.
  void await_expiry();
  void refuse(const Visit& visit, int status, const Error& error, HttpHeaders extra = {}) const;

  HttpGateContext context_;
  std::shared_ptr<const Config> config_;  // shared: replaced by a reload
  Authenticator authenticator_;
  RateLimiter limiter_;
  RateLimiter failures_;  // bad keys, by address
  std::shared_ptr<LiveCalls> live_ = std::make_shared<LiveCalls>();  // shared: calls outlive the gate
  asio::steady_timer expiry_;
  std::optional<Time> awaited_;
  TaskGroup tasks_;  // last: its tasks use the members above
};

}  // namespace hobd

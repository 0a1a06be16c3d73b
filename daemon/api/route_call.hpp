// One HTTP request in a plugin's hands: the head JSON of hob/ext/routes.h on the way in, the plugin's answer
// translated to the HttpExchange on the way out.
#pragma once

#include "api/live_calls.hpp"
#include "base/principal.hpp"
#include "net/http_server.hpp"
#include "plugins/registry.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace hobd {

/// {"id","method","path","route","params","query","headers","remote","websocket","user"?}. With a `who` the header
/// fields that proved them (Authorization, X-API-Key, cookies) are left out; without one they are the plugin's to
/// check. `as_get`: a HEAD that the plugin answers as a GET.
std::string route_head(const HttpRequest& request, const RouteEntry& entry, std::string_view request_id, const Principal* who,
                       bool as_get = false);

/// The error body in the shape that the route asks for.
std::string error_body(RouteManifest::Errors shape, int status, std::string_view status_name, std::string_view message,
                       std::string_view request_id);

struct RouteCallOptions {
  std::shared_ptr<HttpExchange> exchange;
  RouteEntry entry;
  std::string request_id;
  HttpHeaders headers;  // added to every answer
  bool without_body = false;  // HEAD: the plugin is asked for a GET, the server leaves the body out
  std::optional<Principal> who;
  std::string credential;  // what ends the call when it is no longer good; "": nothing does
  std::optional<Time> expires_at;
  std::shared_ptr<LiveCalls> live;  // shared: a call may outlive the gate. Null: nobody ends it early
  std::function<void(int status)> on_status;
};

/// Starts the call; it lives until the plugin has answered. When the client goes, the plugin is asked to cancel.
void start_route_call(RouteCallOptions options);

}  // namespace hobd

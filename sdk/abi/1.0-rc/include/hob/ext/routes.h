/* hob/ext/routes.h: HTTP routes and WebSockets on the daemon's own listener.
 *
 * Routes are declared in the manifest:
 *   "routes": [{"path":"/chat/stream", "methods":["POST"], "auth":"user|admin|none",
 *               "errors":"hob|openai", "rate_limited":true, "websocket":false}]
 * A path segment "{name}" matches one segment; a last segment "{name*}" matches the rest. Plugins that do
 * not ship with Hob get paths below /hooks/ only. The host has checked authentication, rate limit and
 * size before the plugin sees the request.
 *
 * head_json: {"id":"request id","method","path","route":"/workspace/file","params":{...},"query":{...},
 *             "headers":{"lower-case":"value"},"remote":"127.0.0.1","websocket":bool,
 *             "user"?:{"id","name","scopes":[...]}}
 *
 * Answering: either finish(HOB_OK, {"status":200,"headers":{...},"body":"text"}), body also being a JSON
 * object or array, sent as application/json; or, to stream, a first emit() of {"status","headers"}, then
 * each further emit() is a piece of the body, and finish(HOB_OK, "") ends it. finish() with another status
 * before anything was sent gives the error answer of the house; after, the connection is cut.
 *
 * A WebSocket (route with "websocket":true, head_json.websocket true) is accepted by a first emit() of
 * {"status":101}; from then each emit() is one text message to the client, the client's messages
 * come through message(), and finish(HOB_OK, {"code":1000,"reason":""}) closes. When the client goes,
 * cancel() is called.
 */
#ifndef HOB_EXT_ROUTES_H
#define HOB_EXT_ROUTES_H

#include "../plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HOB_EXT_ROUTES "hob.routes/1"
typedef struct {
  uint32_t struct_size;
  uint32_t reserved;
  /* Answers one request. The call has no deadline while it streams. [plugin] */
  void (*request)(hob_plugin *plugin, hob_id call, hob_str head_json, hob_str body);
  /* One message from the client of an accepted WebSocket; is_text is 1 or 0. May be null when no route
   * has "websocket". [plugin] */
  void (*message)(hob_plugin *plugin, hob_id call, int32_t is_text, hob_str data);
} hob_ext_routes;

#ifdef __cplusplus
}
#endif
#endif /* HOB_EXT_ROUTES_H */

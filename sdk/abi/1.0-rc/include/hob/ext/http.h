/* hob/ext/http.h: HTTP requests, made by the host.
 *
 * The manifest's "permissions": {"http": ["api.example.org", "*.example.org", "config:base_url"]} lists the
 * hosts; "config:KEY" grants the host of that key of the plugin's own config, as the owner wrote it, also
 * when it is a private address. Otherwise loopback, link-local and private addresses are refused.
 *
 * request_json: {"method":"POST","url":"https://...","headers":{"name":"value"},
 *   "mode":"whole|stream|sse"      (whole),
 *   "timeout_ms":n                 (whole request; 30000, for stream and sse 0: none),
 *   "connect_timeout_ms":n (10000), "stall_timeout_ms":n (60000: no byte for so long is a timeout),
 *   "max_body":n (8388608), "redirects":n (5)}
 * A header value or the url may hold {"$secret":"name"} as a value, or "${secret:name}" within a text:
 * the host fills it in, only for hosts that the manifest pairs with that secret.
 *
 * Events: HOB_EVENT_HEAD {"status":n,"headers":{"lower-case":"value"},"url":"after redirects"}; then in mode
 * stream HOB_EVENT_DATA pieces; in mode sse HOB_EVENT_DATA one a server-sent event: its name ("message"
 * if none), a newline, its data. A response that is not 2xx comes as in mode whole, whatever the mode.
 * Result: on HOB_OK the body (whole) or nothing (stream, sse). A non-2xx status is not an error here.
 */
#ifndef HOB_EXT_HTTP_H
#define HOB_EXT_HTTP_H

#include "../plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HOB_HOST_HTTP "hob.host.http/1"
typedef struct {
  uint32_t struct_size;
  uint32_t reserved;
  /* Starts a request with a body of any bytes. [any] */
  void (*request)(const hob_host *host, hob_id operation, hob_str request_json, hob_str body);
  /* Ends it soon; the result still comes. [any] */
  void (*cancel)(const hob_host *host, hob_id operation);
} hob_host_http;

#ifdef __cplusplus
}
#endif
#endif /* HOB_EXT_HTTP_H */

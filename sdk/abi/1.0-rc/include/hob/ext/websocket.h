/* hob/ext/websocket.h: WebSocket clients, made by the host, under the same permission as http. */
#ifndef HOB_EXT_WEBSOCKET_H
#define HOB_EXT_WEBSOCKET_H

#include "../plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HOB_HOST_WEBSOCKET "hob.host.websocket/1"
typedef struct {
  uint32_t struct_size;
  uint32_t reserved;
  /* request_json: {"url":"wss://...","headers":{},"subprotocol"?:"...","connect_timeout_ms":10000,
   * "ping_ms":30000,"max_message":1048576}. Events: HOB_EVENT_HEAD {"status":101,"headers":{}} once open, then
   * HOB_EVENT_DATA (text) and HOB_EVENT_BINARY messages. Result: {"code":n,"reason":"..."} when it closed
   * in order; HOB_UNAVAILABLE when it broke. [any] */
  void (*open)(const hob_host *host, hob_id operation, hob_str request_json);
  /* Sends one message; order is kept. HOB_NOT_FOUND: not open. HOB_OVERLOADED: 8 MiB wait. [any] */
  hob_status (*send)(const hob_host *host, hob_id operation, int32_t is_text, hob_str data);
  /* Starts the closing handshake; the result still comes. [any] */
  void (*close)(const hob_host *host, hob_id operation, int32_t code, hob_str reason);
} hob_host_websocket;

#ifdef __cplusplus
}
#endif
#endif /* HOB_EXT_WEBSOCKET_H */

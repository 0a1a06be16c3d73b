/* hob/ext/channel.h: transports that people talk over.
 *
 * The plugin owns the transport alone. Who a sender is, pairing, ordering, retries, splitting and rate
 * limits are the daemon's. Limits are declared in the manifest:
 *   "channel": {"max_message": 2000, "count": "utf16|codepoints|bytes", "markdown": "none|discord|commonmark",
 *               "idempotent_send": true, "per_second": 5}
 *
 * An inbound event, JSON:
 *   {"id":"the platform's message id", "sender":{"id":"...","name"?:"..."}, "text":"...",
 *    "thread"?: "a place on the platform: each maps to one conversation of the user", "at"?: "RFC 3339",
 *    "attachments"?: [...], "direct"?: true}
 * An outbound message, JSON:
 *   {"id":"stable over retries: use it as the platform's idempotency key or nonce", "to":{"id":"sender id"},
 *    "thread"?: "...", "text":"...", "kind":"reply|notice|proactive"}
 */
#ifndef HOB_EXT_CHANNEL_H
#define HOB_EXT_CHANNEL_H

#include "../plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HOB_EXT_CHANNEL "hob.channel/1"
typedef struct {
  uint32_t struct_size;
  uint32_t reserved;
  /* Starts listening; answers {} once messages can arrive. [plugin] */
  void (*start)(hob_plugin *plugin, hob_id call);
  /* Stops listening; answers {} when no more deliver() will come. [plugin] */
  void (*stop)(hob_plugin *plugin, hob_id call);
  /* Sends one message. Answers the receipt {"message_id":"the platform's id"}. HOB_UNAVAILABLE and
   * HOB_OVERLOADED are retried by the daemon; HOB_TIMEOUT means the outcome is unknown. [plugin] */
  void (*send)(hob_plugin *plugin, hob_id call, hob_str message_json);
} hob_ext_channel;

#define HOB_HOST_CHANNEL "hob.host.channel/1"
typedef struct {
  uint32_t struct_size;
  uint32_t reserved;
  /* Hands an inbound event up. Result: {"accepted":true,"duplicate":bool}; by then the message is on disk
   * and will be answered, so acknowledge it to the platform. The same event id again is harmless. [any] */
  void (*deliver)(const hob_host *host, hob_id operation, hob_str event_json);
} hob_host_channel;

#ifdef __cplusplus
}
#endif
#endif /* HOB_EXT_CHANNEL_H */

/* hob/ext/kv.h: a small store of the plugin's own, kept in the daemon's database.
 *
 * "permissions": {"kv":"1MiB"} grants it and sets the quota (keys and values together). Keys are at most
 * 512 bytes of UTF-8, values any bytes. Each configured instance has its own.
 */
#ifndef HOB_EXT_KV_H
#define HOB_EXT_KV_H

#include "../plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HOB_HOST_KV "hob.host.kv/1"
typedef struct {
  uint32_t struct_size;
  uint32_t reserved;
  /* Result: the value; HOB_NOT_FOUND when there is none. [any] */
  void (*get)(const hob_host *host, hob_id operation, hob_str key);
  /* Result: empty, once it is on disk. HOB_OVERLOADED: the quota is full. [any] */
  void (*set)(const hob_host *host, hob_id operation, hob_str key, hob_str value);
  /* Result: empty, also when there was none. [any] */
  void (*remove)(const hob_host *host, hob_id operation, hob_str key);
  /* Result: {"keys":["..."]} that start with `prefix`, sorted, at most 1000, after `after`. [any] */
  void (*list)(const hob_host *host, hob_id operation, hob_str prefix, hob_str after);
} hob_host_kv;

#ifdef __cplusplus
}
#endif
#endif /* HOB_EXT_KV_H */

/* hob/ext/secret.h: raw secret values. Prefer "${secret:name}" in an HTTP request (see http.h): then the
 * key never enters the plugin. Needs "permissions": {"secrets.read": ["name"]}. */
#ifndef HOB_EXT_SECRET_H
#define HOB_EXT_SECRET_H

#include "../plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HOB_HOST_SECRET "hob.host.secret/1"
typedef struct {
  uint32_t struct_size;
  uint32_t reserved;
  /* Result: the value. HOB_DENIED when the manifest does not list it. [any] */
  void (*read)(const hob_host *host, hob_id operation, hob_str name);
} hob_host_secret;

#ifdef __cplusplus
}
#endif
#endif /* HOB_EXT_SECRET_H */

/* hob/ext/method.h: the daemon's API, used and extended.
 *
 * The manifest's "permissions": {"methods": ["memory:read"]} lists the scopes a plugin may use; "provides":
 * {"methods": {"weather.now": {"scope":"weather:read","doc":"...","params":{schema},"result":{schema}}}} lists
 * what it adds to the method table.
 */
#ifndef HOB_EXT_METHOD_H
#define HOB_EXT_METHOD_H

#include "../plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HOB_HOST_METHOD "hob.host.method/1"
typedef struct {
  uint32_t struct_size;
  uint32_t reserved;
  /* Calls a method of the table. options_json: {} or {"as_call": <id of a routes or tool call in flight,
   * whose user then asks>}; without it the plugin itself asks, and only methods that need no user work.
   * A streaming method gives its events as HOB_EVENT_DATA. Result: the method's. [any] */
  void (*invoke)(const hob_host *host, hob_id operation, hob_str method, hob_str params_json,
                 hob_str options_json);
  /* Asks the host to end the operation; its result still comes. [any] */
  void (*cancel)(const hob_host *host, hob_id operation);
} hob_host_method;

#define HOB_EXT_METHOD "hob.method/1"
typedef struct {
  uint32_t struct_size;
  uint32_t reserved;
  /* Serves a method that the manifest lists under "provides". emit() streams events. user_json:
   * {"id","name","scopes"} of who asks. [plugin] */
  void (*invoke)(hob_plugin *plugin, hob_id call, hob_str method, hob_str params_json, hob_str user_json);
} hob_ext_method;

#ifdef __cplusplus
}
#endif
#endif /* HOB_EXT_METHOD_H */

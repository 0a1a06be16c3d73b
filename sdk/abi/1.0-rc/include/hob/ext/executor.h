/* hob/ext/executor.h: getting on and off the plugin's strand. */
#ifndef HOB_EXT_EXECUTOR_H
#define HOB_EXT_EXECUTOR_H

#include "../plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HOB_HOST_EXECUTOR "hob.host.executor/1"
typedef struct {
  uint32_t struct_size;
  uint32_t reserved;
  /* Calls run(task) on the strand, soon. From a thread of the plugin's own: the way back. [any] */
  void (*post)(const hob_host *host, hob_id task);
  /* Calls run_blocking(task) on a pool thread, off the strand, where it may block. [any] */
  void (*run_blocking)(const hob_host *host, hob_id task);
} hob_host_executor;

#define HOB_EXT_EXECUTOR "hob.executor/1"
typedef struct {
  uint32_t struct_size;
  uint32_t reserved;
  void (*run)(hob_plugin *plugin, hob_id task);          /* [plugin] */
  void (*run_blocking)(hob_plugin *plugin, hob_id task); /* [any], several at once */
} hob_ext_executor;

#ifdef __cplusplus
}
#endif
#endif /* HOB_EXT_EXECUTOR_H */

/* hob/ext/timer.h: timers on the plugin's strand. */
#ifndef HOB_EXT_TIMER_H
#define HOB_EXT_TIMER_H

#include "../plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HOB_HOST_TIMER "hob.host.timer/1"
typedef struct {
  uint32_t struct_size;
  uint32_t reserved;
  /* Fires once after `delay_ms`, then, if `repeat_ms` is not 0, each `repeat_ms`. `timer` is the plugin's
   * choice; starting one that runs starts it anew. At most 1,000 a plugin: HOB_OVERLOADED. [any] */
  hob_status (*start)(const hob_host *host, hob_id timer, uint64_t delay_ms, uint64_t repeat_ms);
  /* After this returns on the strand, the timer does not fire. [any] */
  void (*stop)(const hob_host *host, hob_id timer);
} hob_host_timer;

#define HOB_EXT_TIMER "hob.timer/1"
typedef struct {
  uint32_t struct_size;
  uint32_t reserved;
  void (*fire)(hob_plugin *plugin, hob_id timer); /* [plugin] */
} hob_ext_timer;

#ifdef __cplusplus
}
#endif
#endif /* HOB_EXT_TIMER_H */

/* hob/ext/clock.h: the time. Use it instead of the system's, so that tests own the time. */
#ifndef HOB_EXT_CLOCK_H
#define HOB_EXT_CLOCK_H

#include "../plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HOB_HOST_CLOCK "hob.host.clock/1"
typedef struct {
  uint32_t struct_size;
  uint32_t reserved;
  int64_t (*now_us)(const hob_host *host);       /* wall time: microseconds since 1970, UTC [any] */
  int64_t (*monotonic_us)(const hob_host *host); /* never goes back [any] */
} hob_host_clock;

#ifdef __cplusplus
}
#endif
#endif /* HOB_EXT_CLOCK_H */

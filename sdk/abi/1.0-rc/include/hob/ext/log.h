/* hob/ext/log.h: lines in the daemon's log, under the instance's name. */
#ifndef HOB_EXT_LOG_H
#define HOB_EXT_LOG_H

#include "../plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HOB_HOST_LOG "hob.host.log/1"
enum { HOB_LOG_TRACE = 0, HOB_LOG_DEBUG = 1, HOB_LOG_INFO = 2, HOB_LOG_WARN = 3, HOB_LOG_ERROR = 4 };
typedef struct {
  uint32_t struct_size;
  uint32_t reserved;
  void (*write)(const hob_host *host, int32_t level, hob_str text); /* [any] */
} hob_host_log;

#ifdef __cplusplus
}
#endif
#endif /* HOB_EXT_LOG_H */

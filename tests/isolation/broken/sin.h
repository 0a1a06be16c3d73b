/* What every broken plugin shares: two tools, "ok", which answers, and "sin", which commits the one that the file
 * defines. A file may define, before it includes this:
 *   SIN_CREATE, SIN_ACTIVATE, SIN_CANCEL, SIN_DESTROY, SIN_DESCRIBE   statements that run in that function
 *   SIN_EXTENSION(p, id)  an extra table
 *   ENTRY_MAJOR, ENTRY_SIZE, ENTRY_NAME, ENTRY_ID  of a false entry
 * and, after it, sin(p, call).
 */
#ifndef SIN_H
#define SIN_H
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "fixture.h"
#include "hob/ext/executor.h"
#include "hob/ext/kv.h"
#include "hob/ext/log.h"
#include "hob/ext/timer.h"
#include "hob/ext/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef SIN_CREATE
#define SIN_CREATE
#endif
#ifndef SIN_ACTIVATE
#define SIN_ACTIVATE
#endif
#ifndef SIN_CANCEL
#define SIN_CANCEL
#endif
#ifndef SIN_DESTROY
#define SIN_DESTROY
#endif
#ifndef SIN_TOOLS
#define SIN_TOOLS "{\"name\":\"ok_" ID "\"},{\"name\":\"sin_" ID "\"}"
#endif
#ifndef SIN_EXTENSION
#define SIN_EXTENSION(p, id) NULL
#endif
#ifndef ENTRY_MAJOR
#define ENTRY_MAJOR HOB_ABI_MAJOR
#endif
#ifndef ENTRY_SIZE
#define ENTRY_SIZE sizeof(hob_entry)
#endif
#ifndef PLUGIN_SIZE
#define PLUGIN_SIZE sizeof(hob_plugin)
#endif
#ifndef ENTRY_NAME
#define ENTRY_NAME hob_plugin_entry
#endif
#ifndef ENTRY_ID
#define ENTRY_ID ID
#endif

#ifdef __cplusplus
#define SIN_EXTERN extern "C"
#else
#define SIN_EXTERN
#endif

static void sin(hob_plugin *p, hob_id call);

/* Not to be seen through by the compiler. */
static inline void crash(void) { *(volatile int *)(uintptr_t)(getpid() == 0 ? 4096 : 8) = 1; }

static const void *host_table(hob_plugin *p, const char *id) { return SELF(p)->host->get_extension(SELF(p)->host, id); }

static void sin_describe(hob_plugin *p, hob_id call) { finish(p, call, "{\"tools\":[" SIN_TOOLS "]}"); }

static void sin_invoke(hob_plugin *p, hob_id call, hob_str name, hob_str arguments, hob_str context) {
  UNUSED(arguments);
  UNUSED(context);
  UNUSED(host_table);
  UNUSED(crash);
  UNUSED(fixture_activate);
  UNUSED(fixture_cancel);
  if (equals(name, "ok_" ID))
    finish(p, call, "\"well\"");
  else
    sin(p, call);
}

static const void *sin_extension(hob_plugin *p, const char *id) {
  static const hob_ext_tool tool = {sizeof(hob_ext_tool), 0, sin_describe, sin_invoke};
  UNUSED(p);
  return strcmp(id, HOB_EXT_TOOL) == 0 ? &tool : SIN_EXTENSION(p, id);
}

static hob_status sin_activate(hob_plugin *p, hob_str config) {
  UNUSED(p);
  UNUSED(config);
  SIN_ACTIVATE
  return HOB_OK;
}
static void sin_cancel(hob_plugin *p, hob_id call) {
  UNUSED(p);
  UNUSED(call);
  SIN_CANCEL
}
static void sin_destroy(hob_plugin *p) {
  SIN_DESTROY
  fixture_destroy(p);
}

static hob_status sin_create(const hob_host *host, hob_plugin **out) {
  hob_plugin functions;
  memset(&functions, 0, sizeof functions);
  functions.struct_size = (uint32_t)PLUGIN_SIZE;
  functions.abi_major = HOB_ABI_MAJOR;
  functions.activate = sin_activate;
  functions.cancel = sin_cancel;
  functions.destroy = sin_destroy;
  functions.get_extension = sin_extension;
  SIN_CREATE
  return fixture_create(host, out, functions);
}

SIN_EXTERN HOB_EXPORT const hob_entry ENTRY_NAME = {ENTRY_SIZE, ENTRY_MAJOR, HOB_ABI_MINOR, 0, ENTRY_ID, sin_create};

/* For those that speak to the daemon past their own host: one frame on the inherited socket. */
static inline void raw_frame(uint32_t length, uint8_t kind, uint64_t id, const void *payload, size_t size) {
  struct iovec parts[4];
  parts[0].iov_base = &length;
  parts[0].iov_len = 4;
  parts[1].iov_base = &kind;
  parts[1].iov_len = 1;
  parts[2].iov_base = &id;
  parts[2].iov_len = 8;
  parts[3].iov_base = (void *)(uintptr_t)payload;
  parts[3].iov_len = size;
  if (writev(3, parts, 4) < 0) return;
}
enum { FRAME_EMIT = 33, FRAME_FINISH = 34, FRAME_LOG = 35, FRAME_KV_GET = 40, FRAME_UNKNOWN = 120, FRAME_BLOB = 128 };
static inline void one_answer(hob_plugin *p, hob_id call) { finish(p, call, "\"done\""); }
#endif

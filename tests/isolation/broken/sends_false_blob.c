/* Past its host, announces a blob and attaches none. */
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) {
  const uint64_t size = 1 << 20;
  UNUSED(p);
  raw_frame(9 + 8, FRAME_BLOB | FRAME_EMIT, call, &size, 8);
}

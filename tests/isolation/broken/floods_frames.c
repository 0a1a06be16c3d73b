/* Past its host, sends chunks that nobody has asked for, as fast as it can. */
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) {
  UNUSED(p);
  UNUSED(call);
  for (;;) raw_frame(9 + 5, FRAME_EMIT, 999999, "chunk", 5);
}

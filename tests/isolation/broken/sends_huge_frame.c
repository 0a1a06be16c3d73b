/* Past its host, begins a frame of 4 GiB. */
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) {
  UNUSED(p);
  raw_frame(0xffffffffu, FRAME_EMIT, call, "x", 1);
}

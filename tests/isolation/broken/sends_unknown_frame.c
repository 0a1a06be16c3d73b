/* Past its host, sends a frame of a kind that there is not. */
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) {
  UNUSED(p);
  raw_frame(9, FRAME_UNKNOWN, call, "", 0);
}

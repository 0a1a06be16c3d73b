/* Past its host, asks for a value of a store that its manifest does not mention. */
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) {
  UNUSED(p);
  UNUSED(call);
  raw_frame(9 + 1, FRAME_KV_GET, 1, "k", 1);
}

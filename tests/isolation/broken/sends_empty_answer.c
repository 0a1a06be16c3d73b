/* Past its host, sends an answer without a status. */
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) {
  UNUSED(p);
  raw_frame(9, FRAME_FINISH, call, "", 0);
}

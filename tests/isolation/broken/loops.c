/* Computes for ever on the strand. */
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) {
  volatile unsigned turns = 0;
  UNUSED(p);
  UNUSED(call);
  for (;;) ++turns;
}

/* Crashes in a call. */
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) {
  UNUSED(p);
  UNUSED(call);
  crash();
}

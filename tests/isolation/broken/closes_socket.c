/* Hangs up and goes on. */
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) {
  UNUSED(p);
  UNUSED(call);
  shutdown(3, SHUT_RDWR);
  for (;;) sleep(1000);
}

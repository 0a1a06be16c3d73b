/* Takes 1 GiB and keeps it; writes to what it did not get. */
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) {
  int i;
  for (i = 0; i < 1024; ++i) memset(malloc(1 << 20), i, 1 << 20);
  one_answer(p, call);
}

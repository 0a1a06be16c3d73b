/* Writes 20 MiB of anything on standard output and error, with no line's end for long stretches. */
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) {
  char rubbish[4096];
  int i;
  for (i = 0; i < (int)sizeof rubbish; ++i) rubbish[i] = (char)(i * 37 + (i % 61 == 0 ? '\n' : 1));
  for (i = 0; i < 5120; ++i)
    if (write(1 + i % 2, rubbish, sizeof rubbish) < 0) continue;
  one_answer(p, call);
}

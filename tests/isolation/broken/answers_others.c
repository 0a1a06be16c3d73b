/* Answers calls that it was never given. */
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) {
  hob_id other;
  for (other = call + 1; other < call + 1000; ++other) finish(p, other, "\"mine\"");
  one_answer(p, call);
}

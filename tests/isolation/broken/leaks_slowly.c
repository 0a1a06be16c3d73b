/* Answers, takes more than it may, and keeps it. */
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) {
  int i;
  one_answer(p, call);
  for (i = 0; i < 300; ++i) {
    char *block = (char *)malloc(1 << 20);
    if (block) memset(block, i, 1 << 20);
  }
}

/* Answers 100 MiB. */
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) {
  hob_str answer;
  char *bytes = (char *)malloc(100 << 20);
  if (!bytes) {
    fail(p, call, HOB_OVERLOADED, "not even the memory for it");
    return;
  }
  memset(bytes, 'a', 100 << 20);
  answer.data = bytes;
  answer.size = 100 << 20;
  SELF(p)->calls->finish(SELF(p)->host, call, HOB_OK, answer);
  free(bytes);
}

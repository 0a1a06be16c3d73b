/* Answers a call two times. */
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) {
  finish(p, call, "\"first\"");
  finish(p, call, "\"second\"");
}

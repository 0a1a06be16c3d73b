/* Calls itself for ever. */
#include "sin.h"
static int deeper(volatile char *above) {
  volatile char room[4096];
  room[0] = above[0];
  return deeper(room) + room[0];
}
static void sin(hob_plugin *p, hob_id call) {
  volatile char first = 1;
  UNUSED(p);
  UNUSED(call);
  exit(deeper(&first));
}

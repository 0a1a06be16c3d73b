/* Leaves a file behind. */
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) {
  const int fd = open("/tmp/hob-broken-plugin-was-here", O_CREAT | O_WRONLY, 0600);
  finish(p, call, fd >= 0 ? "\"wrote\"" : errno == EPERM ? "\"refused\"" : "\"failed\"");
}

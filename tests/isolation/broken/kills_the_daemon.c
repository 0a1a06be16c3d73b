/* Sends its parent a signal. */
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) {
  const int sent = kill(getppid(), SIGKILL);
  finish(p, call, sent == 0 ? "\"killed\"" : errno == EPERM ? "\"refused\"" : "\"failed\"");
}

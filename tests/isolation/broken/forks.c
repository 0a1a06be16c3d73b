/* Forks. The child, if there is one, stays. */
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) {
  const pid_t child = fork();
  if (child == 0)
    for (;;) sleep(1000);
  finish(p, call, child > 0 ? "\"forked\"" : errno == EPERM ? "\"refused\"" : "\"failed\"");
}

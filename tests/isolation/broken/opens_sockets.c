/* Wants a network of its own. */
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  finish(p, call, fd >= 0 ? "\"got one\"" : errno == EPERM ? "\"refused\"" : "\"failed\"");
}

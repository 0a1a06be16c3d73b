/* Reads what is none of its business. */
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) {
  const int fd = open("/etc/passwd", O_RDONLY);
  finish(p, call, fd >= 0 ? "\"read\"" : errno == EACCES || errno == EPERM ? "\"refused\"" : "\"failed\"");
}

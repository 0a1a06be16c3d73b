/* Logs a million lines. */
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) {
  const hob_host_log *log = (const hob_host_log *)host_table(p, HOB_HOST_LOG);
  int i;
  for (i = 0; i < 1000000; ++i) log->write(SELF(p)->host, HOB_LOG_DEBUG, str("and another thing"));
  one_answer(p, call);
}

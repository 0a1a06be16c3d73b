/* Crashes in a timer, when no call is in flight any more. */
static const void *timer_table(const char *id);
#define SIN_EXTENSION(p, id) timer_table(id)
#include "sin.h"
static void fire(hob_plugin *p, hob_id timer) {
  UNUSED(p);
  UNUSED(timer);
  crash();
}
static const void *timer_table(const char *id) {
  static const hob_ext_timer table = {sizeof(hob_ext_timer), 0, fire};
  return strcmp(id, HOB_EXT_TIMER) == 0 ? &table : NULL;
}
static void sin(hob_plugin *p, hob_id call) {
  const hob_host_timer *timer = (const hob_host_timer *)host_table(p, HOB_HOST_TIMER);
  timer->start(SELF(p)->host, 1, 5, 0);
  one_answer(p, call);
}

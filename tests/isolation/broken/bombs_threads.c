/* Starts 200 threads that never end, and doesn't answer: more than any plugin may have. */
#include "sin.h"
#include <pthread.h>
static void *rest(void *nothing) {
  for (;;) sleep(1000);
  return nothing;
}
static void sin(hob_plugin *p, hob_id call) {
  pthread_attr_t small;
  int i;
  (void)p;
  (void)call;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 64 << 10);
  for (i = 0; i < 200; ++i) {
    pthread_t thread;
    if (pthread_create(&thread, &small, rest, NULL) != 0) break;
  }
}

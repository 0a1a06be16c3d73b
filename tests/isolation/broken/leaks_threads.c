/* Starts threads that never end, as many as it gets, and leaves them. */
#include <pthread.h>
#include "sin.h"
static void *rest(void *unused) {
  for (;;) sleep(1000);
  return unused;
}
static void sin(hob_plugin *p, hob_id call) {
  int i;
  for (i = 0; i < 100; ++i) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, rest, NULL) != 0) break;
  }
  one_answer(p, call);
}

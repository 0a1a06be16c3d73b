/* activate() does not come back. */
#define SIN_ACTIVATE for (;;) sleep(1);
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) { one_answer(p, call); }

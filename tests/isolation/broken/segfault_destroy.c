/* Crashes in destroy(). */
#define SIN_DESTROY crash();
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) { one_answer(p, call); }

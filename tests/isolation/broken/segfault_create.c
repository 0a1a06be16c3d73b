/* Crashes in create(). */
#define SIN_CREATE crash();
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) { one_answer(p, call); }

/* Crashes in activate(). */
#define SIN_ACTIVATE crash();
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) { one_answer(p, call); }

/* Crashes while its library is loaded. */
#include "sin.h"
__attribute__((constructor)) static void at_load(void) { crash(); }
static void sin(hob_plugin *p, hob_id call) { one_answer(p, call); }

/* create() refuses. */
#define SIN_CREATE return HOB_UNAVAILABLE;
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) { one_answer(p, call); }

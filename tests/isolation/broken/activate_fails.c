/* activate() refuses. */
#define SIN_ACTIVATE return HOB_INVALID;
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) { one_answer(p, call); }

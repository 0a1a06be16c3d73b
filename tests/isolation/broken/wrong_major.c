/* Was made for an ABI that this Hob does not speak. */
#define ENTRY_MAJOR 9
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) { one_answer(p, call); }

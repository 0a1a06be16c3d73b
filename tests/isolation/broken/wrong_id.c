/* Calls itself by another name than its manifest. */
#define ENTRY_ID "somebody_else"
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) { one_answer(p, call); }

/* Exports something, but no hob_plugin_entry. */
#define ENTRY_NAME another_name
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) { one_answer(p, call); }

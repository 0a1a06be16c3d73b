/* Offers a tool that its manifest does not list. */
#define SIN_TOOLS "{\"name\":\"ok_" ID "\"},{\"name\":\"sin_" ID "\"},{\"name\":\"unlisted\"}"
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) { one_answer(p, call); }

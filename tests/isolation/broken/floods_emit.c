/* Emits without an end, whatever the host says. */
#include "sin.h"
static void sin(hob_plugin *p, hob_id call) {
  static char piece[65536];
  hob_str chunk;
  memset(piece, 'x', sizeof piece);
  chunk.data = piece;
  chunk.size = sizeof piece;
  for (;;) SELF(p)->calls->emit(SELF(p)->host, call, chunk);
}

// Lets a C++ exception out of a thread of its own.
#include "sin.h"
#include <stdexcept>
#include <thread>
static void sin(hob_plugin*, hob_id) {
  std::thread([] { throw std::runtime_error("nobody catches this"); }).detach();
}

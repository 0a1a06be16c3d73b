// Lets a C++ exception out of a function of the ABI.
#include "sin.h"
#include <stdexcept>
static void sin(hob_plugin*, hob_id) { throw std::runtime_error("thrown by the plugin"); }

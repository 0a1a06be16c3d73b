// Boost.JSON for plugins, compiled once.
#include <boost/json/src.hpp>

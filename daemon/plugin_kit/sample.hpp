// Values made up from a JSON Schema: the smallest that fit, and some that don't.
#pragma once

#include "base/json.hpp"

#include <string>
#include <vector>

namespace hobd::kit {

/// A value that fits `schema` in the common cases: const, the default, the first example or enum, else the least of its type.
/// Objects hold what is required and what has a default.
json::value sample_of(const json::value& schema);

struct Misfit {
  std::string what;  // "\"sides\" of another type"
  json::value value;
};
/// Objects that do not fit the schema of an object, each wrong in one way that the schema names.
std::vector<Misfit> misfits_of(const json::value& schema, const json::value& good);

}  // namespace hobd::kit

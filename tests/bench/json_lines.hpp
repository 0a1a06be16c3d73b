// Recorded data of the benches: a JSON object a line.
#pragma once

#include "base/json.hpp"

#include <fmt/core.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace hobd::bench {

/// Ends the program, saying which file, when a line is none.
inline std::vector<json::object> read_json_lines(const std::string& path) {
  std::vector<json::object> rows;
  std::ifstream file(path);
  for (std::string row; std::getline(file, row);) {
    Result<json::object> object = parse_json_object(row);
    if (object.has_error()) {
      fmt::print(stderr, "{}: {}\n", path, object.error().message);
      std::exit(1);
    }
    rows.push_back(*std::move(object));
  }
  return rows;
}

}  // namespace hobd::bench

// JSON Schema (draft 7, as valijson implements it), compiled once and checked often: method
// parameters, tool arguments, plugin config.
#pragma once

#include "base/json.hpp"

#include <memory>

namespace hobd {

/// A compiled schema. Immutable, cheap to copy. Thread: any.
class Schema {
 public:
  /// Accepts anything.
  Schema();
  /// `invalid` when `document` is not a schema; names the place.
  static Result<Schema> compile(const json::value& document);
  /// `invalid` with the place and the reason of the first mismatch: "arguments.sides: must be an integer".
  /// An unknown member gets the nearest known name as a suggestion. `name` is what the message calls the value.
  Result<void> check(const json::value& value, std::string_view name) const;
  /// The document it was compiled from.
  const json::value& document() const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;  // shared: schemas are copied into tables and calls
};

}  // namespace hobd

// What whoever asked hears when no model answered. Each model's own words are for the log, `hobctl model list` and
// `hobctl doctor`; a person wants to know what to do.
#pragma once

#include "models/model_fault.hpp"

#include <vector>

namespace hobd {

/// A model that was asked and gave no answer.
struct ModelFailure {
  std::string model;  // "<provider>/<model>"
  Error error;
  ModelFault fault;
};

enum class ChosenBy { caller /* named the model itself */, config /* a tier's */ };

/// Of one model: its server's words and what helps. Of several: what was wrong with which, in a sentence, and what helps,
/// each advice once. Never denied, since it is Hob's key that was refused and not the caller's; not_found only where the
/// caller named the model. `failures` is not empty.
Error no_answer(const std::vector<ModelFailure>& failures, ChosenBy chosen_by);

/// "a/m: why; b/m: why", with each server's words: for the log.
std::string failure_details(const std::vector<ModelFailure>& failures);

}  // namespace hobd

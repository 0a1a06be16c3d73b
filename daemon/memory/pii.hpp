// Personal data in texts: payment cards (Luhn), IBANs (ISO 13616 checksum), national ids, phones, e-mail addresses, postal
// addresses, keys and tokens. Found when a memory is written, marked on it, and redacted by who shows it. Pure; thread: any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hobd {

/// The classes: "card", "iban", "ssn" (a national id), "phone", "email", "address", "key".
const std::vector<std::string>& pii_class_names();

struct PiiSpan {
  std::size_t at = 0, size = 0;  // bytes
  std::string_view name;         // of pii_class_names()
};

/// In the order of the text, never overlapping. False alarms are the price of a miss, so each class wants its checksum, its
/// shape and its surroundings: order numbers, dates and amounts are no phones.
std::vector<PiiSpan> find_pii(std::string_view text);
/// The classes in `text`, sorted, each once.
std::vector<std::string> pii_classes(std::string_view text);
/// `text` with each span of one of `classes` replaced by its class in brackets: "[card]".
std::string redact_pii(std::string_view text, const std::vector<std::string>& classes);

}  // namespace hobd

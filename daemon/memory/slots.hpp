// The places that a note fills: whose home, whose name, when the appointment is. Two notes that fill one single place
// differently can't both be true; notes without a place never contradict each other. Pure; thread: any.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hobd {

struct Slot {
  std::string subject;    // lower-case: "sister ana"; "" the owner
  std::string attribute;  // "home", "employer", "name", "favourite colour", "taste tea", "when dentist appointment"
  std::string value;      // lower-case
  bool is_single = true;  // one value at a time
};

/// The place that `note` fills; none for most notes. Reads the notes that the rules write, and what models write in their place
/// ("The user lives in Lyon").
std::optional<Slot> slot_of(std::string_view note);
/// Whether two slots are one place; "sister" is "sister ana" as long as no other name is given.
bool same_place(const Slot& a, const Slot& b);
/// Whether their values say the same.
bool same_value(const Slot& a, const Slot& b);

/// `note` without "The user", "User is", "They": the way notes are written here.
std::string note_style(std::string_view note);

/// The words of `text` that carry its meaning, cut to their stems, sorted, each once.
std::vector<std::string> content_terms(std::string_view text);
/// How many of `few` are among `many`, as a share of `few`; 0 for none.
double share_within(const std::vector<std::string>& few, const std::vector<std::string>& many);

}  // namespace hobd

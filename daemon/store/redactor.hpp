// Takes forgotten texts out of what quotes them word for word. Pure; thread: any.
#pragma once

#include "base/json.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace hobd {

inline constexpr std::string_view kForgottenMark = "[forgotten]";

class Redactor {
 public:
  /// A text shorter than this says too little to be looked for: it stands in half of what people write.
  static constexpr std::size_t kLeastBytes = 12;

  void add_text(std::string_view text);
  /// An object with this "id" loses its texts.
  void add_id(std::string id);
  bool empty() const { return texts_.empty() && ids_.empty(); }
  std::size_t size() const { return texts_.size() + ids_.size(); }

  /// Whether one of the texts stands in `text`.
  bool is_in(std::string_view text) const;
  /// Whether `text`, a reply to a command or a reason that Hob wrote, shows one of them by its beginning (as lists do) or is made
  /// of a part of one (as reasons do). Short ones count here.
  bool is_shown_by(std::string_view text) const;
  /// Replaces them by kForgottenMark; true: there were some.
  bool clean(std::string& text) const;
  /// The same for stored JSON, by its serialized form: cheap, and right but for false alarms.
  bool is_in_json(std::string_view stored) const;
  /// Cleans all strings of a value, and objects with a forgotten "id"; true: something changed.
  bool clean(json::value& value) const;

 private:
  bool clean_object(json::object& object) const;

  std::vector<std::string> heads_;    // how a list would begin them
  std::vector<std::string> texts_;    // the longest first
  std::vector<std::string> escaped_;  // as JSON strings hold them
  std::set<std::string, std::less<>> ids_;
};

}  // namespace hobd

// The seam between an answer that broke off and what a model says when it is asked to go on: the words that it repeats are
// left out, so that nobody reads them twice.
#pragma once

#include <string>
#include <string_view>

namespace hobd {

/// Pure. Takes the continuation in pieces of whole UTF-8.
class Joiner {
 public:
  explicit Joiner(std::string_view before);

  /// What of it may be shown now. Pieces are held back while they may still be a repetition.
  std::string take(std::string_view piece);
  /// The rest, at the end.
  std::string end();
  /// It began the answer anew in other words: nothing of it fits, and nothing more of it is given.
  bool is_anew() const { return is_anew_; }

 private:
  std::string decide();

  std::string before_;  // its end; whole where is_whole_
  bool is_whole_ = true;
  std::string held_;
  bool has_begun_ = false;  // no preamble stands, or stood, before it
  bool is_decided_ = false, is_anew_ = false;
};

/// How many bytes of the start of `more` repeat the end of `before`: the longest run that is no accident.
std::size_t repeated_bytes(std::string_view before, std::string_view more);

}  // namespace hobd

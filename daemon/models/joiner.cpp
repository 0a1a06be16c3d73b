#include "models/joiner.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace hobd {
namespace {

/// A repetition reaches back at most this far; longer answers are only compared with their end.
constexpr std::size_t kMostBefore = 64 << 10;
/// Such a run is a repetition wherever it begins and ends.
constexpr std::size_t kSureRun = 12;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (static_cast<unsigned char>(c) & 0x80) != 0;
}
bool is_word(char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; }
bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

/// A short run may be an accident ("banana" after "ban" begins with "an"): it counts when it begins with a word. Two letters must
/// end with one too, so that "in" before "interest" stays.
bool is_repetition(std::string_view before, std::string_view more, std::size_t size) {
  const std::string_view run = more.substr(0, size);
  if (std::all_of(run.begin(), run.end(), is_space)) return true;
  if (size >= kSureRun) return true;
  const std::size_t letters = std::size_t(std::count_if(run.begin(), run.end(), is_letter));
  if (letters < 2) return false;
  const std::size_t start = before.size() - size;
  const bool begins_word = start == 0 || !is_word(before[start - 1]) || !is_word(run.front());
  if (!begins_word) return false;
  return letters >= 3 || size == more.size() || !is_word(more[size]) || !is_word(run.back());
}

/// How a model begins that was asked to go on and speaks of it first.
constexpr std::string_view kPreambles[] = {"sure", "ok", "of course", "certainly", "sorry", "apologies", "my apologies", "i apologize", "i'm sorry", "here", "let me",
                                           "alright", "no problem", "absolutely", "continuing", "got it", "as i", "klar", "gerne", "hier", "entschuldigung", "bien s", "voici", "claro", "por supuesto"};
constexpr std::size_t kLongestPreamble = 240;

bool may_be_preamble(std::string_view text) {
  const std::string begin = to_lower_ascii(trim(text.substr(0, 32)));
  return std::any_of(std::begin(kPreambles), std::end(kPreambles), [&](std::string_view words) {
    return begin.starts_with(words) || words.starts_with(begin);
  });
}

std::size_t same_bytes(std::string_view a, std::string_view b) {
  return std::size_t(std::mismatch(a.begin(), a.begin() + std::ptrdiff_t(std::min(a.size(), b.size())), b.begin()).first - a.begin());
}

}  // namespace

std::size_t repeated_bytes(std::string_view before, std::string_view more) {
  for (std::size_t size = std::min(before.size(), more.size()); size > 0; --size)
    if (before.ends_with(more.substr(0, size)) && is_repetition(before, more, size)) return size;
  return 0;
}

Joiner::Joiner(std::string_view before) {
  is_whole_ = before.size() <= kMostBefore;
  if (!is_whole_) before.remove_prefix(before.size() - kMostBefore);
  before_ = before;
}

std::string Joiner::take(std::string_view piece) {
  if (is_anew_) return {};
  if (is_decided_) return std::string(piece);
  held_ += piece;
  if (!has_begun_ && may_be_preamble(held_)) {
    // "Sure, here it is again: ..." and then the answer from its start: what was shown is passed over with the preamble.
    const std::size_t start = is_whole_ && before_.size() >= kSureRun ? held_.find(before_.substr(0, kSureRun)) : std::string::npos;
    if (start == std::string::npos && held_.size() < kLongestPreamble) return {};
    if (start != std::string::npos) held_.erase(0, start);
    has_begun_ = true;
  }
  // As long as it stands somewhere in the text it may go on to the text's end.
  if (before_.find(held_) != std::string::npos) return {};
  return decide();
}

std::string Joiner::end() {
  if (is_anew_ || is_decided_) return {};
  return decide();
}

std::string Joiner::decide() {
  is_decided_ = true;
  const std::size_t repeated = repeated_bytes(before_, held_);
  if (repeated == 0 && is_whole_) {
    const std::size_t same = same_bytes(before_, held_);
    const std::size_t telling = std::clamp<std::size_t>(before_.size() / 2, 8, 32);
    is_anew_ = same >= telling;
  }
  std::string rest = is_anew_ ? std::string() : held_.substr(repeated);
  held_.clear();
  return rest;
}

}  // namespace hobd

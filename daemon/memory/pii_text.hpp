// A text as the finders of personal data read it: one plain character a code point.
//
// Digits of every script are '0'..'9', spaces and dashes of every kind ' ' and '-', full-width characters their narrow
// ones, Latin letters with accents their bare ones; other letters are kOtherLetter. Invisible characters (zero-width
// spaces, soft hyphens) are left out, so that they hide nothing. `at` leads back to the bytes. Internal to memory/pii*.
#pragma once

#include "memory/pii.hpp"

#include <cstdint>

namespace hobd {

inline constexpr char kOtherLetter = '\x01', kOtherSign = '\x02';

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
inline bool is_alpha(char c) { return is_upper(c) || (c >= 'a' && c <= 'z') || c == kOtherLetter; }
inline bool is_alnum(char c) { return is_digit(c) || is_alpha(c); }
inline char lower(char c) { return is_upper(c) ? static_cast<char>(c + 32) : c; }

class PiiText {
 public:
  explicit PiiText(std::string_view text);

  std::string chars;          // case kept
  std::string lowered;        // the same, lower-case
  std::vector<std::size_t> at;  // the byte where each character begins; one more for the end

  /// A run of letters and digits.
  struct Word {
    std::size_t begin = 0, end = 0;
  };
  std::vector<Word> words;

  std::size_t size() const { return chars.size(); }
  /// The character there, or a space beyond either end (before the first: give begin - 1 as it wraps).
  char operator[](std::size_t i) const { return i < chars.size() ? chars[i] : ' '; }
  std::string_view word(const Word& word) const {
    return std::string_view(lowered).substr(word.begin, word.end - word.begin);
  }
  /// The first word that begins at `i` or later.
  std::size_t word_at(std::size_t i) const;

  /// Notes a find, unless one of an earlier finder is in its way. `begin` and `end` are characters.
  bool add(std::string_view name, std::size_t begin, std::size_t end);
  /// Marks what is a date, a time, an address of a machine: no number in it is anyone's.
  void mark_plain(std::size_t begin, std::size_t end);
  bool is_free(std::size_t begin, std::size_t end) const;
  bool is_plain(std::size_t begin, std::size_t end) const;
  /// The finds in order, in bytes.
  std::vector<PiiSpan> spans() const;

 private:
  struct Found {
    std::size_t begin = 0, end = 0;
    std::string_view name;
  };
  std::vector<Found> found_;
  std::vector<char> taken_;  // by character
  std::vector<char> plain_;
};

/// Digits with one separator between groups: "4111 1111-1111.1111", "(030) 123456".
struct DigitRun {
  struct Group {
    std::size_t begin = 0, end = 0;
    std::size_t size() const { return end - begin; }
  };
  std::vector<Group> groups;
  std::size_t begin = 0, end = 0;  // with an opening bracket or plus in front
  bool plus = false;
};
/// All runs of at least `kLeastDigits` digits in order; a run is cut after 64 groups.
std::vector<DigitRun> digit_runs(const PiiText& text);
/// The digits of groups [from, to).
std::string digits_of(const PiiText& text, const DigitRun& run, std::size_t from, std::size_t to);

/// Whether a number here can be one: no letter, digit or joining sign touches it.
bool stands_alone(const PiiText& text, std::size_t begin, std::size_t end);

/// What the few words before `begin` say of a number there: the nearest that is in one of the lists decides.
enum class Surroundings { none, against, in_favour };
Surroundings surroundings(const PiiText& text, std::size_t begin, const std::vector<std::string_view>& in_favour);

bool luhn(std::string_view digits);

// The finders, in the order in which they are run: an earlier one's finds are not looked at again.
void find_keys(PiiText& text);
void find_emails(PiiText& text);
void mark_plain_numbers(PiiText& text);
void find_cards(PiiText& text, const std::vector<DigitRun>& runs);
void find_ibans(PiiText& text);
void find_national_ids(PiiText& text, const std::vector<DigitRun>& runs);
void find_addresses(PiiText& text);
void find_phones(PiiText& text, const std::vector<DigitRun>& runs);

}  // namespace hobd

#include "memory/pii_text.hpp"

#include <algorithm>
#include <array>

namespace hobd {
namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t size = 1;
};

/// The code point at `i`; an ill-formed byte stands for itself.
CodePoint decode(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
  const unsigned char first = byte(i);
  if (first < 0x80) return {first, 1};
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1;
  if (size == 1 || first > 0xf4 || i + size > text.size()) return {0xfffd, 1};
  std::uint32_t value = first & (0x7f >> size);
  for (std::size_t k = 1; k < size; ++k) {
    if ((byte(i + k) & 0xc0) != 0x80) return {0xfffd, 1};
    value = value << 6 | (byte(i + k) & 0x3f);
  }
  return {value, size};
}

/// Zero digits of the scripts that have ten digits in a row.
constexpr std::array<std::uint32_t, 24> kZeros = {0x660,  0x6f0,  0x7c0,  0x966,  0x9e6,  0xa66,   0xae6,   0xb66,
                                                  0xbe6,  0xc66,  0xce6,  0xd66,  0xe50,  0xed0,   0xf20,   0x1040,
                                                  0x17e0, 0x1810, 0x1946, 0xa8d0, 0xff10, 0x1d7ce, 0x1d7d8, 0x1d7f6};

bool is_invisible(std::uint32_t c) {
  return c == 0xad || c == 0x34f || c == 0x180e || (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
         (c >= 0x2060 && c <= 0x2064) || c == 0xfeff || (c >= 0xfe00 && c <= 0xfe0f);
}

/// The bare letters of U+00C0..U+017F; '?' is none.
constexpr std::string_view kBareLatin =
    "AAAAAAACEEEEIIIIDNOOOOO?OUUUUYTsaaaaaaaceeeeiiiidnooooo?ouuuuyty"
    "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlLlLlNnNnNnnNnOoOoOoOoRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUu"
    "WwYyYZzZzZzs";
static_assert(kBareLatin.size() == 0x180 - 0xc0);

char plain_char(std::uint32_t c) {
  if (c < 0x80) return c == kOtherLetter || c == kOtherSign ? ' ' : static_cast<char>(c);
  if (c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000)
    return ' ';
  if ((c >= 0x2010 && c <= 0x2015) || c == 0x2212 || c == 0xfe58 || c == 0xfe63 || c == 0x2043) return '-';
  if (c == 0x2018 || c == 0x2019 || c == 0x2bc) return '\'';
  if (c == 0x201c || c == 0x201d || c == 0x201e || c == 0xab || c == 0xbb) return '"';
  if (c == 0xba) return 'o';  // "n.º"
  if (c >= 0xc0 && c < 0x180) return kBareLatin[c - 0xc0] == '?' ? kOtherSign : kBareLatin[c - 0xc0];
  for (const std::uint32_t zero : kZeros)
    if (c >= zero && c < zero + 10) return static_cast<char>('0' + (c - zero));
  if (c > 0xff00 && c < 0xff5f) return static_cast<char>(c - 0xff00 + 0x20);  // full-width ASCII
  const bool is_sign = c < 0xc0 || (c >= 0x2016 && c <= 0x2bff) || (c >= 0x3001 && c <= 0x303f) || c == 0xfffd || c >= 0x1f000;
  return is_sign ? kOtherSign : kOtherLetter;
}

}  // namespace

PiiText::PiiText(std::string_view text) {
  chars.reserve(text.size());
  at.reserve(text.size() + 1);
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint point = decode(text, i);
    if (!is_invisible(point.value)) {
      chars += plain_char(point.value);
      at.push_back(i);
    }
    i += point.size;
  }
  at.push_back(text.size());
  lowered.reserve(chars.size());
  for (const char c : chars) lowered += lower(c);
  for (std::size_t i = 0; i < chars.size();) {
    const std::size_t begin = i;
    while (i < chars.size() && is_alnum(chars[i])) ++i;
    if (i > begin) words.push_back({begin, i});
    else ++i;
  }
  taken_.assign(chars.size(), 0);
  plain_.assign(chars.size(), 0);
}

std::size_t PiiText::word_at(std::size_t i) const {
  const auto found = std::lower_bound(words.begin(), words.end(), i, [](const Word& word, std::size_t place) { return word.begin < place; });
  return static_cast<std::size_t>(found - words.begin());
}

bool PiiText::is_free(std::size_t begin, std::size_t end) const {
  return std::find(taken_.begin() + std::ptrdiff_t(begin), taken_.begin() + std::ptrdiff_t(end), 1) == taken_.begin() + std::ptrdiff_t(end);
}

bool PiiText::is_plain(std::size_t begin, std::size_t end) const {
  return std::find(plain_.begin() + std::ptrdiff_t(begin), plain_.begin() + std::ptrdiff_t(end), 1) != plain_.begin() + std::ptrdiff_t(end);
}

bool PiiText::add(std::string_view name, std::size_t begin, std::size_t end) {
  if (begin >= end || !is_free(begin, end)) return false;
  std::fill(taken_.begin() + std::ptrdiff_t(begin), taken_.begin() + std::ptrdiff_t(end), 1);
  found_.push_back({begin, end, name});
  return true;
}

void PiiText::mark_plain(std::size_t begin, std::size_t end) {
  std::fill(plain_.begin() + std::ptrdiff_t(begin), plain_.begin() + std::ptrdiff_t(end), 1);
}

std::vector<PiiSpan> PiiText::spans() const {
  std::vector<Found> found = found_;
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.begin < b.begin; });
  std::vector<PiiSpan> spans;
  for (const Found& one : found) spans.push_back({at[one.begin], at[one.end] - at[one.begin], one.name});
  return spans;
}

const std::vector<std::string>& pii_class_names() {
  static const std::vector<std::string> kNames = {"card", "iban", "ssn", "phone", "email", "address", "key"};
  return kNames;
}

std::vector<PiiSpan> find_pii(std::string_view bytes) {
  PiiText text(bytes);
  find_keys(text);
  find_emails(text);
  mark_plain_numbers(text);
  const std::vector<DigitRun> runs = digit_runs(text);
  find_cards(text, runs);
  find_ibans(text);
  find_national_ids(text, runs);
  find_addresses(text);
  find_phones(text, runs);
  return text.spans();
}

std::vector<std::string> pii_classes(std::string_view text) {
  std::vector<std::string> classes;
  for (const PiiSpan& span : find_pii(text)) classes.emplace_back(span.name);
  std::sort(classes.begin(), classes.end());
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  return classes;
}

std::string redact_pii(std::string_view text, const std::vector<std::string>& classes) {
  if (classes.empty()) return std::string(text);
  std::string redacted;
  std::size_t from = 0;
  for (const PiiSpan& span : find_pii(text)) {
    if (std::find(classes.begin(), classes.end(), span.name) == classes.end()) continue;
    redacted.append(text, from, span.at - from);
    redacted.append("[").append(span.name).append("]");
    from = span.at + span.size;
  }
  redacted.append(text, from);
  return redacted;
}

}  // namespace hobd

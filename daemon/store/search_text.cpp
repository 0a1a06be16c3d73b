#include "store/search_text.hpp"

#include "base/text.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <vector>

namespace hobd {
namespace {

constexpr std::size_t kMostWords = 64;
/// A longer "word" is no word of a language; FTS5 itself would accept it.
constexpr std::size_t kLongestWordBytes = 128;

struct Range {
  char32_t first, last;
};

/// The code point at the start of `text` and its length; an ill-formed byte reads as U+FFFD.
char32_t decode(std::string_view text, std::size_t& length) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned lead = byte(0);
  length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 1;
  if (length == 1) return lead < 0x80 ? lead : 0xfffd;
  char32_t point = lead & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) {
      length = 1;
      return 0xfffd;
    }
    point = (point << 6) | (byte(i) & 0x3f);
  }
  return point;
}

/// Beyond ASCII, what is no letter or digit: spaces, punctuation, symbols, emoji. Coarse is enough, because
/// FTS5's own tokenizer has the last word and drops what it doesn't take for a letter.
bool is_separator(char32_t c) {
  static constexpr std::array<Range, 16> kSeparators = {{{0x80, 0xa9},
                                                         {0xab, 0xb1},
                                                         {0xb4, 0xb4},
                                                         {0xb6, 0xb8},
                                                         {0xbb, 0xbb},
                                                         {0xbf, 0xbf},
                                                         {0xd7, 0xd7},
                                                         {0xf7, 0xf7},
                                                         {0x2000, 0x206f},
                                                         {0x20a0, 0x20cf},
                                                         {0x2190, 0x2bff},
                                                         {0x3000, 0x3004},
                                                         {0x3008, 0x3020},
                                                         {0xfe00, 0xfe6f},
                                                         {0xff00, 0xff0f},
                                                         {0xfffc, 0xfffd}}};
  if (c < 0x80) return !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
  if (c >= 0x1f000 && c <= 0x1faff) return true;
  if (c >= 0xe0000) return true;
  return std::any_of(kSeparators.begin(), kSeparators.end(), [c](Range r) { return c >= r.first && c <= r.last; });
}

/// Scripts written without spaces between words: Thai to Myanmar, Khmer, kana, Han.
bool is_unspaced(char32_t c) {
  static constexpr std::array<Range, 7> kUnspaced = {{{0x0e00, 0x0eff},
                                                      {0x1000, 0x109f},
                                                      {0x1780, 0x17ff},
                                                      {0x3040, 0x30ff},
                                                      {0x3400, 0x9fff},
                                                      {0xf900, 0xfaff},
                                                      {0x20000, 0x3ffff}}};
  return c >= 0x0e00 && std::any_of(kUnspaced.begin(), kUnspaced.end(),
                                    [c](Range r) { return c >= r.first && c <= r.last; });
}

bool is_stop_word(std::string_view word) {
  static constexpr std::array<std::string_view, 134> kStopWords = {
      "a",       "about",  "above",  "after",  "again",  "all",   "also",    "am",     "an",    "and",   "any",
      "are",     "as",     "at",     "be",     "because", "been", "before",  "being",  "below", "between", "both",
      "but",     "by",     "can",    "could",  "d",      "did",   "do",      "does",   "doing", "don",   "down",
      "during",  "each",   "few",    "for",    "from",   "further", "had",   "has",    "have",  "having", "he",
      "her",     "here",   "hers",   "him",    "his",    "how",   "i",       "if",     "in",    "into",  "is",
      "it",      "its",    "just",   "ll",     "m",      "me",    "more",    "most",   "my",    "no",    "nor",
      "not",     "now",    "of",     "off",    "on",     "once",  "only",    "or",     "other", "our",   "ours",
      "out",     "over",   "own",    "please", "re",     "s",     "same",    "shall",  "she",   "should", "so",
      "some",    "such",   "t",      "tell",   "than",   "that",  "the",     "their",  "theirs", "them", "then",
      "there",   "these",  "they",   "this",   "those",  "through", "to",    "too",    "under", "until", "up",
      "ve",      "very",   "was",    "we",     "were",   "what",  "when",    "where",  "which", "while", "who",
      "whom",    "whose",  "why",    "will",   "with",   "would", "you",     "your",   "yours", "yourself", "us",
      "let",     "got"};
  return std::find(kStopWords.begin(), kStopWords.end(), word) != kStopWords.end();
}

/// The distinct words of `text`, lower-cased where that is ASCII. A run of an unspaced script gives its pairs of
/// neighbours, which the index holds as two words that follow each other.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word, last_unspaced;
  const auto keep = [&](std::string w) {
    if (!w.empty() && w.size() <= kLongestWordBytes && std::find(words.begin(), words.end(), w) == words.end())
      words.push_back(std::move(w));
  };
  std::size_t run = 0;  // characters of the unspaced run so far
  const auto end_run = [&] {
    if (run == 1) keep(last_unspaced);
    run = 0;
  };
  while (!text.empty() && words.size() < 4 * kMostWords) {
    std::size_t length = 0;
    const char32_t c = decode(text, length);
    const std::string_view bytes = text.substr(0, length);
    text.remove_prefix(length);
    if (is_unspaced(c)) {
      keep(std::exchange(word, {}));
      if (++run > 1) keep(last_unspaced + " " + std::string(bytes));
      last_unspaced = bytes;
      continue;
    }
    end_run();
    if (is_separator(c))
      keep(std::exchange(word, {}));
    else
      word += to_lower_ascii(bytes);
  }
  end_run();
  keep(std::move(word));
  return words;
}

}  // namespace

std::string search_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    // Unspaced scripts begin at U+0E00, whose first byte is 0xe0: what is below is taken over in one go.
    const auto plain = static_cast<std::size_t>(
        std::find_if(text.begin(), text.end(), [](char b) { return static_cast<unsigned char>(b) >= 0xe0; }) -
        text.begin());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    std::size_t length = 0;
    const char32_t c = decode(text, length);
    const bool alone = is_unspaced(c);
    if (alone) out += ' ';
    out += text.substr(0, length);
    if (alone) out += ' ';
    text.remove_prefix(length);
  }
  return out;
}

int add_search_text_function(sqlite3* db) {
  return sqlite3_create_function_v2(
      db, "search_text", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, nullptr,
      [](sqlite3_context* context, int, sqlite3_value** arguments) {
        const auto* bytes = static_cast<const char*>(sqlite3_value_blob(arguments[0]));
        const auto size = static_cast<std::size_t>(sqlite3_value_bytes(arguments[0]));
        const std::string text = search_text(bytes ? std::string_view(bytes, size) : std::string_view());
        sqlite3_result_text64(context, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
      },
      nullptr, nullptr, nullptr);
}

std::vector<std::string> search_words(std::string_view text) {
  std::vector<std::string> words = words_of(text);
  if (!std::all_of(words.begin(), words.end(), is_stop_word)) std::erase_if(words, is_stop_word);
  if (words.size() > kMostWords) words.resize(kMostWords);
  return words;
}

bool holds_word(const std::vector<std::string>& words, std::string_view word) {
  constexpr std::size_t kLeastStem = 4, kLongestEnding = 3;
  return std::any_of(words.begin(), words.end(), [&](const std::string& other) {
    const std::string_view shorter = other.size() < word.size() ? std::string_view(other) : word;
    const std::string_view longer = other.size() < word.size() ? word : std::string_view(other);
    if (shorter == longer) return true;
    return shorter.size() >= kLeastStem && longer.size() <= shorter.size() + kLongestEnding && longer.starts_with(shorter);
  });
}

std::string word_query(std::string_view word) {
  // The word is a quoted FTS5 string, and no word holds a quote, so nothing a person writes is syntax.
  return "words : \"" + std::string(word) + '"';
}

std::string word_query(std::int64_t user, std::string_view word) {
  return "owner : u" + std::to_string(user) + " AND " + word_query(word);
}

}  // namespace hobd

#include "store/terms.hpp"

#include "store/term_forms.hpp"

#include <libstemmer.h>
#include <sqlite3.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <memory>
#include <unordered_set>
#include <utility>

namespace hobd {
namespace {

constexpr std::size_t kLongestTerm = 64;      // bytes
constexpr std::size_t kLongestWord = 64;      // characters of a word before it is normalised
constexpr std::size_t kLongestCluster = 8;   // a character with its marks
constexpr std::size_t kMostQueryTerms = 64;
constexpr std::size_t kQueryBytes = 16 << 10;  // of a longer query only the beginning is looked at

struct StemmerDeleter {
  void operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }
};

/// The stem of a word of ASCII letters.
std::string_view stem(std::string_view word) {
  // A stemmer has a buffer of its own, so each thread has one.
  thread_local const std::unique_ptr<sb_stemmer, StemmerDeleter> stemmer(sb_stemmer_new("english", "UTF_8"));
  if (!stemmer) return word;
  const auto* stemmed = sb_stemmer_stem(stemmer.get(), reinterpret_cast<const sb_symbol*>(word.data()), static_cast<int>(word.size()));
  if (!stemmed) return word;
  return {reinterpret_cast<const char*>(stemmed), static_cast<std::size_t>(sb_stemmer_length(stemmer.get()))};
}

struct Range {
  utf8proc_int32_t first, last;
};

bool is_in(const Range* begin, const Range* end, utf8proc_int32_t c) {
  return std::any_of(begin, end, [c](const Range& range) { return c >= range.first && c <= range.last; });
}

/// Scripts written without spaces between words: Thai and Lao, Burmese, Khmer, kana, Han.
bool is_unspaced(utf8proc_int32_t c) {
  static constexpr std::array<Range, 9> kUnspaced = {{{0x0e00, 0x0eff},
                                                      {0x1000, 0x109f},
                                                      {0x1780, 0x17ff},
                                                      {0x3005, 0x3007},
                                                      {0x3041, 0x30ff},
                                                      {0x31f0, 0x31ff},
                                                      {0x3400, 0x9fff},
                                                      {0xf900, 0xfaff},
                                                      {0x20000, 0x3ffff}}};
  return c >= 0x0e00 && is_in(kUnspaced.begin(), kUnspaced.end(), c);
}

/// Accents and vowel points that a person may leave out: of Latin, Greek, Cyrillic, Hebrew and Arabic. Those of Indic scripts
/// are letters in all but name, and stay.
bool is_accent(utf8proc_int32_t c) {
  static constexpr std::array<Range, 6> kAccents = {
      {{0x0300, 0x036f}, {0x0483, 0x0487}, {0x0591, 0x05c7}, {0x0610, 0x061a}, {0x064b, 0x065f}, {0x0670, 0x0670}}};
  return (c >= 0x0300 && c <= 0x0670 && is_in(kAccents.begin(), kAccents.end(), c)) || (c >= 0x1ab0 && c <= 0x1aff) ||
         (c >= 0x20d0 && c <= 0x20ff) || (c >= 0xfe00 && c <= 0xfe2f);
}

bool is_half_width_kana(utf8proc_int32_t c) { return c >= 0xff66 && c <= 0xff9f; }

enum class Kind { separator, letter, mark, accent, unspaced, apostrophe };

Kind kind_of(utf8proc_int32_t c) {
  if (c < 0x80) {
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return Kind::letter;
    return c == '\'' ? Kind::apostrophe : Kind::separator;
  }
  if (c == 0x2019 || c == 0x02bc) return Kind::apostrophe;
  if (is_accent(c)) return Kind::accent;
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return is_unspaced(c) ? Kind::unspaced : Kind::letter;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC: return Kind::mark;
    default: return Kind::separator;
  }
}

/// `text` cut to `bytes`, not within a character.
void cut(std::string& text, std::size_t bytes) {
  if (text.size() <= bytes) return;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
  text.resize(bytes);
}

/// Takes characters one after another and gives the terms they make to `sink`.
template <class Sink>
class Analysis {
 public:
  explicit Analysis(Sink& sink) : sink_(sink) {}

  void run(std::string_view text) {
    const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
    const auto* const end = at + text.size();
    while (at < end) {
      if (*at < 0x80) {
        take_ascii(static_cast<char>(*at++));
        continue;
      }
      utf8proc_int32_t c = 0;
      const auto length = utf8proc_iterate(at, end - at, &c);
      at += length > 0 ? length : 1;
      take(length > 0 ? c : ' ');
    }
    end_word();
    end_run();
  }

 private:
  void take_ascii(char c) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    if (is_upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      end_run();
      // A long run of letters costs no more than what is kept of it.
      if (word_.size() + wide_.size() >= kLongestWord) return;
      const char lower = static_cast<char>(is_upper ? c + ('a' - 'A') : c);
      wide_.empty() ? word_.push_back(lower) : wide_.push_back(lower);
      return;
    }
    take(c);
  }

  void take(utf8proc_int32_t c) {
    if (is_half_width_kana(c)) {
      utf8proc_int32_t full = c;
      int boundary = 0;
      if (utf8proc_decompose_char(c, &full, 1, UTF8PROC_COMPAT, &boundary) == 1) c = full;
    }
    switch (kind_of(c)) {
      case Kind::separator:
        end_word();
        end_run();
        return;
      case Kind::apostrophe:
        if (!word_.empty() && wide_.empty() && !tail_at_) {
          tail_at_ = word_.size();
          return;
        }
        end_word();
        end_run();
        return;
      case Kind::accent: return;
      case Kind::mark:
        if (!cluster_.empty() && cluster_.size() < kLongestCluster)
          cluster_.push_back(c);
        else if (!word_.empty() || !wide_.empty())
          widen(c);
        return;
      case Kind::unspaced:
        end_word();
        next_cluster(c);
        return;
      case Kind::letter:
        end_run();
        widen(c);
        return;
    }
  }

  /// Adds a letter in its simplest form: decomposed, folded, without accents.
  void widen(utf8proc_int32_t c) {
    if (word_.size() + wide_.size() >= kLongestWord) return;
    std::array<utf8proc_int32_t, 32> parts{};
    int boundary = 0;
    constexpr auto kForm = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD);
    const auto count = utf8proc_decompose_char(c, parts.data(), parts.size(), kForm, &boundary);
    for (utf8proc_ssize_t i = 0; i < std::min<utf8proc_ssize_t>(count, parts.size()); ++i) {
      const utf8proc_int32_t part = parts[static_cast<std::size_t>(i)];
      const Kind kind = kind_of(part);
      if (kind != Kind::letter && kind != Kind::mark && kind != Kind::unspaced) continue;
      if (wide_.empty() && part < 0x80) {
        word_ += static_cast<char>(part);
      } else {
        if (wide_.empty() && tail_at_) {
          emit(word_.substr(0, tail_at_));
          word_.erase(0, tail_at_);
          tail_at_ = 0;
        }
        if (wide_.empty()) wide_.assign(word_.begin(), word_.end());
        wide_.push_back(part);
      }
    }
  }

  void end_word() {
    if (!wide_.empty()) {
      std::string word = composed(wide_);
      wide_.clear();
      word_.clear();
      cut(word, kLongestTerm);
      sink_(std::move(word));
      return;
    }
    if (word_.empty()) return;
    const std::string word = std::exchange(word_, {});
    const std::size_t tail_at = std::exchange(tail_at_, 0);
    if (tail_at == 0) {
      emit(word);
      return;
    }
    // "sister's" is about a sister, "didn't" about nothing that "did" is not; "l'eau" is two words.
    const std::string_view tail = std::string_view(word).substr(tail_at);
    std::string_view head = std::string_view(word).substr(0, tail_at);
    if (tail == "t" && head.size() > 2 && head.ends_with('n')) head.remove_suffix(1);
    emit(head);
    static constexpr std::array<std::string_view, 7> kTails = {"s", "t", "d", "m", "ll", "re", "ve"};
    if (!tail.empty() && std::find(kTails.begin(), kTails.end(), tail) == kTails.end()) emit(tail);
  }

  void emit(std::string_view word) {
    const bool has_digit = std::any_of(word.begin(), word.end(), [](char c) { return c <= '9'; });
    sink_(std::string(has_digit ? word : base_form(stem(word))));
  }

  void next_cluster(utf8proc_int32_t c) {
    end_cluster();
    cluster_.push_back(c);
  }

  void end_cluster() {
    if (cluster_.empty()) return;
    std::string cluster = composed(cluster_);
    cluster_.clear();
    if (!last_.empty()) sink_(last_ + cluster);
    sink_(cluster);
    last_ = std::move(cluster);
  }

  void end_run() {
    end_cluster();
    last_.clear();
  }

  /// So that a Korean syllable is one character and not three, and kana are the same however they were typed. Pieces are short:
  /// the library's sorting of marks, which is slow on a long row of them, never sees one.
  static std::string composed(std::vector<utf8proc_int32_t>& characters) {
    auto count = static_cast<utf8proc_ssize_t>(characters.size());
    if (count > 1) {
      constexpr auto kForm = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
      count = std::max<utf8proc_ssize_t>(0, utf8proc_normalize_utf32(characters.data(), count, kForm));
    }
    std::string text;
    for (utf8proc_ssize_t i = 0; i < count; ++i) {
      std::array<utf8proc_uint8_t, 4> bytes{};
      const auto length = utf8proc_encode_char(characters[static_cast<std::size_t>(i)], bytes.data());
      text.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(length));
    }
    return text;
  }

  Sink& sink_;
  std::string word_;                     // the ASCII word so far
  std::vector<utf8proc_int32_t> wide_;   // or all of it, once it has another letter
  std::size_t tail_at_ = 0;              // where its apostrophe stood; 0 none
  std::vector<utf8proc_int32_t> cluster_;  // of an unspaced run: the character so far, with its marks,
  std::string last_;                       // and the one before it
};

template <class Sink>
void analyse(std::string_view text, Sink sink) {
  Analysis<Sink>(sink).run(text);
}

/// How many characters, as far as it matters: one, or more.
bool is_one_character(std::string_view term) {
  const auto lead = static_cast<unsigned char>(term.front());
  const std::size_t length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  return term.size() == length;
}

}  // namespace

std::vector<std::string> terms(std::string_view text) {
  std::vector<std::string> found;
  analyse(text, [&](std::string term) { found.push_back(std::move(term)); });
  return found;
}

std::vector<std::string> query_terms(std::string_view text) {
  std::vector<std::string> found;
  std::unordered_set<std::string> seen;
  for (std::string& term : terms(text.substr(0, kQueryBytes)))
    if (seen.insert(term).second) found.push_back(std::move(term));
  if (!std::all_of(found.begin(), found.end(), is_stop_term)) std::erase_if(found, is_stop_term);
  // A pair ends with the character that stands alone behind it; the first of a run is its other half.
  const auto is_in_pair = [&](const std::string& term) {
    return static_cast<unsigned char>(term.front()) >= 0xe0 && is_one_character(term) &&
           std::any_of(found.begin(), found.end(), [&](const std::string& other) {
             return other.size() > term.size() && (other.starts_with(term) || other.ends_with(term));
           });
  };
  std::vector<std::string> kept;
  for (const std::string& term : found) {
    if (kept.size() == kMostQueryTerms) break;
    if (!is_in_pair(term)) kept.push_back(term);
  }
  return kept;
}

bool is_stop_term(std::string_view term) {
  // As stems: "does" is "doe" and "having" is "have".
  static const std::unordered_set<std::string_view> kStopTerms = {
      "a",     "about", "abov",   "after", "again",  "all",   "also",  "am",    "an",     "and",   "ani",   "are",   "as",
      "at",    "be",    "becaus", "been",  "befor",  "below", "between", "both", "but",   "by",    "ca",    "can",   "could",
      "d",     "did",   "do",     "doe",   "don",    "down",  "dure",  "each",  "few",    "for",   "from",  "further", "had",
      "has",   "have",  "he",     "her",   "here",   "him",   "his",   "how",   "i",      "if",    "in",    "into",  "is",
      "it",    "just",  "let",    "ll",    "m",      "me",    "more",  "most",  "my",     "no",    "nor",   "not",   "now",
      "of",    "off",   "on",     "onc",   "onli",   "or",    "other", "our",   "out",    "over",  "own",   "pleas", "re",
      "s",     "same",  "shall",  "she",   "should", "so",    "some",  "such",  "t",      "tell",  "than",  "that",  "the",
      "their", "them",  "then",   "there", "these",  "they",  "this",  "those", "through", "to",   "too",   "under", "until",
      "up",    "us",    "ve",     "veri",  "was",    "we",    "were",  "what",  "when",   "where", "which", "while", "who",
      "whom",  "whose", "whi",    "will",  "with",   "would", "you",   "your",  "yourself"};
  return kStopTerms.contains(term);
}

std::string owned_term(std::int64_t user, std::string_view term) { return std::to_string(user) + 'x' + std::string(term); }

std::string index_terms(std::int64_t user, std::string_view text) {
  const std::string prefix = std::to_string(user) + 'x';
  std::unordered_set<std::string> seen;
  std::string all;
  analyse(text, [&](std::string term) {
    const auto [known, is_new] = seen.insert(std::move(term));
    if (!is_new) return;
    if (!all.empty()) all += ' ';
    all += prefix;
    all += *known;
  });
  return all;
}

int add_terms_function(sqlite3* db) {
  return sqlite3_create_function_v2(
      db, "index_terms", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, nullptr,
      [](sqlite3_context* context, int, sqlite3_value** arguments) {
        const auto* bytes = static_cast<const char*>(sqlite3_value_blob(arguments[1]));
        const auto size = static_cast<std::size_t>(sqlite3_value_bytes(arguments[1]));
        const std::string found = index_terms(sqlite3_value_int64(arguments[0]), bytes ? std::string_view(bytes, size) : std::string_view());
        sqlite3_result_text64(context, found.data(), found.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
      },
      nullptr, nullptr, nullptr);
}

}  // namespace hobd

// Postal addresses: a number and a street's word, in the order of the language, and a town with its code behind.
#include "memory/pii_text.hpp"

#include <algorithm>
#include <array>

namespace hobd {
namespace {

using Word = PiiText::Word;

template <std::size_t N>
bool is_in(std::string_view word, const std::array<std::string_view, N>& list) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

constexpr std::array<std::string_view, 12> kStreets = {"street", "avenue", "road", "lane", "boulevard", "drive", "terrace", "crescent", "highway", "parkway", "mews", "row"};
constexpr std::array<std::string_view, 20> kShortStreets = {"st", "ave", "rd", "ln", "dr", "blvd", "court", "ct", "place", "pl", "square", "sq",
                                                            "way", "hwy", "pkwy", "close", "circle", "cir", "trail", "ter"};
/// What leads a street's name in French (behind the number), and in Spanish, Italian, Portuguese and Polish (before it).
constexpr std::array<std::string_view, 13> kFrench = {"rue", "avenue", "av", "boulevard", "bd", "place", "allee", "chemin", "impasse", "quai", "route", "cours", "passage"};
constexpr std::array<std::string_view, 21> kLeading = {"calle", "avenida", "avda", "plaza", "paseo", "carrer", "carretera", "via", "viale", "piazza", "corso",
                                                       "vicolo", "largo", "rua", "travessa", "praca", "alameda", "ul", "ulica", "aleja", "av"};
constexpr std::array<std::string_view, 14> kArticles = {"de", "du", "des", "la", "le", "les", "l", "d", "del", "della", "dei", "da", "do", "los"};
constexpr std::array<std::string_view, 16> kLives = {"live", "lives", "living", "address", "at", "wohne", "wohnt", "adresse", "anschrift", "lebe", "vivo", "abito",
                                                     "indirizzo", "direccion", "habite", "moved"};
constexpr std::array<std::string_view, 12> kMeasures = {"minuten", "minutes", "min", "km", "meter", "m", "uhr", "stunden", "euro", "eur", "mal", "jahre"};

class Addresses {
 public:
  explicit Addresses(PiiText& text) : text_(text) {}

  void find() {
    for (std::size_t i = 0; i < text_.words.size();) {
      const std::size_t next = std::max({english(i), german(i), french(i), leading(i), box(i)});
      if (next == 0) {
        ++i;
        continue;
      }
      const std::size_t last = with_town(next);
      text_.add("address", text_.words[i].begin, text_.words[last - 1].end);
      i = last;
    }
  }

 private:
  bool has(std::size_t i) const { return i < text_.words.size(); }
  std::string_view low(std::size_t i) const { return text_.word(text_.words[i]); }
  bool is_capital(std::size_t i) const { return is_upper(text_.chars[text_.words[i].begin]); }
  std::size_t size(std::size_t i) const { return text_.words[i].end - text_.words[i].begin; }
  /// A house's number: up to five digits and a letter.
  bool is_number(std::size_t i) const {
    const Word& word = text_.words[i];
    std::size_t k = word.begin;
    while (k < word.end && is_digit(text_.chars[k])) ++k;
    const std::size_t digits = k - word.begin;
    if (digits == 0 || digits > 5 || word.end - k > 1 || text_.is_plain(word.begin, word.end)) return false;
    const char before = text_[word.begin - 1];
    return before != '.' && before != ':' && before != '$' && before != '-';
  }
  /// Whether words i and i + 1 stand together: spaces, a dot, a comma or an apostrophe between them.
  bool joined(std::size_t i, std::string_view marks = " .,'-") const {
    if (!has(i + 1)) return false;
    const std::size_t from = text_.words[i].end, to = text_.words[i + 1].begin;
    if (to - from > 3) return false;
    for (std::size_t k = from; k < to; ++k)
      if (marks.find(text_[k]) == std::string_view::npos) return false;
    return true;
  }
  bool is_ordinal(std::size_t i) const {
    const std::string_view word = low(i);
    return word.size() >= 3 && is_digit(word[0]) && (word.ends_with("st") || word.ends_with("nd") || word.ends_with("rd") || word.ends_with("th"));
  }
  bool says_home(std::size_t i) const {
    for (std::size_t k = i; k > 0 && i - k < 4;) {
      if (is_in(low(--k), kLives)) return true;
    }
    return false;
  }

  /// "221B Baker Street", "10 St Mary's Road": the index behind it, 0 for none.
  std::size_t english(std::size_t i) const {
    if (!is_number(i)) return 0;
    bool capitals = true;
    std::size_t names = 0;
    for (std::size_t k = i; k < i + 6 && joined(k, " '-.");) {
      ++k;
      const bool is_name = is_capital(k) || is_ordinal(k);
      if (names > 0) {
        if (is_in(low(k), kStreets) && (capitals ? is_capital(k) || says_home(i) : says_home(i))) return k + 1;
        if (capitals && is_capital(k) && is_in(low(k), kShortStreets)) return k + 1;
      }
      if (low(k) == "s") continue;
      if (size(k) > 20 || (is_digit(text_.chars[text_.words[k].begin]) && !is_ordinal(k))) return 0;
      capitals = capitals && is_name;
      ++names;
      if (!capitals && names > 3) return 0;
    }
    return 0;
  }

  /// "Hauptstraße 12a", "Berliner Str. 5", "Kerkstraat 3".
  std::size_t german(std::size_t i) const {
    if (!is_capital(i) || size(i) > 40) return 0;
    const std::string_view word = low(i);
    std::size_t last = i;
    const auto ends_as = [](std::string_view name, std::initializer_list<std::string_view> ends) {
      return std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return name.ends_with(end); });
    };
    bool sure = ends_as(word, {"strase", "strasse", "gasse", "allee", "straat", "laan", "gracht", "gatan", "vagen"}) && word.size() > 6;
    if (!sure && word.size() > 5 && word.ends_with("str") && text_[text_.words[i].end] == '.') sure = true;
    if (!sure && joined(i, " -") && is_capital(i + 1)) {
      const std::string_view second = low(i + 1);
      if (second == "strase" || second == "strasse" || second == "allee" || second == "str") {
        sure = true;
        last = i + 1;
      }
    }
    const bool perhaps = !sure && word.size() > 5 && ends_as(word, {"weg", "platz", "ring", "damm", "ufer", "chaussee", "plein", "kade", "singel", "dijk"});
    if ((!sure && !perhaps) || !joined(last, " .") || !is_number(last + 1)) return 0;
    const std::size_t behind = last + 2;
    if (has(behind) && joined(last + 1, " ") && is_in(low(behind), kMeasures)) return 0;
    // Names of that kind are ordinary words too.
    if (perhaps && !says_home(i) && !has_code(behind)) return 0;
    return behind;
  }

  /// "12 rue de la Paix".
  std::size_t french(std::size_t i) const {
    if (!is_number(i) || !joined(i, " ,")) return 0;
    std::size_t k = i + 1;
    if ((low(k) == "bis" || low(k) == "ter") && joined(k, " ,")) ++k;
    if (!is_in(low(k), kFrench)) return 0;
    bool has_article = false;
    while (joined(k, " '.") && is_in(low(k + 1), kArticles)) {
      has_article = true;
      ++k;
    }
    if (!joined(k, " '.") || (!is_capital(k + 1) && !has_article) || is_digit(text_.chars[text_.words[k + 1].begin])) return 0;
    ++k;
    while (joined(k, " -") && is_capital(k + 1) && k < i + 8) ++k;
    return is_capital(k) ? k + 1 : 0;
  }

  /// "Calle de Alcalá, 25", "Via Roma 10", "ul. Długa 7".
  std::size_t leading(std::size_t i) const {
    if (!is_in(low(i), kLeading)) return 0;
    if ((low(i) == "via" || low(i) == "largo" || low(i) == "corso") && !is_capital(i) && !says_home(i)) return 0;
    if (low(i) == "via" && i > 0 && joined(i - 1, " ") && !says_home(i)) return 0;
    std::size_t k = i, names = 0;
    while (joined(k, " .'") && (is_in(low(k + 1), kArticles) || is_capital(k + 1)) && k < i + 7) {
      ++k;
      names += is_capital(k) ? 1 : 0;
    }
    if (names == 0) return 0;
    if (joined(k, " ,.") && (low(k + 1) == "n" || low(k + 1) == "no" || low(k + 1) == "nr")) ++k;
    return joined(k, " ,.") && is_number(k + 1) ? k + 2 : 0;
  }

  /// "P.O. Box 123", "Postfach 12 34".
  std::size_t box(std::size_t i) const {
    std::size_t k = i;
    if (low(k) == "p" && joined(k, ". ") && low(k + 1) == "o") ++k;
    else if (low(k) != "po" && low(k) != "postfach") return 0;
    if (low(k) != "postfach") {
      if (!joined(k, ". ") || low(k + 1) != "box") return 0;
      ++k;
    }
    return joined(k, " ") && is_number(k + 1) ? k + 2 : 0;
  }

  bool is_code(std::size_t i) const {
    if (!has(i)) return false;
    const std::string_view word = low(i);
    const bool digits = std::all_of(word.begin(), word.end(), hobd::is_digit);
    return digits && (word.size() == 4 || word.size() == 5) && !text_.is_plain(text_.words[i].begin, text_.words[i].end);
  }
  bool has_code(std::size_t i) const { return i > 0 && joined(i - 1, " ,\n") && is_code(i); }

  /// Where the address ends when a town with its postal code follows, else `i` itself.
  std::size_t with_town(std::size_t i) const {
    std::size_t k = i, end = i;
    for (int words = 0; words < 8 && k > 0 && has(k) && (joined(k - 1, " .,#-\n")); ++words, ++k) {
      const std::string_view word = low(k);
      if (is_code(k)) {
        end = k + 1;
        // The town may follow its code: "10117 Berlin".
        if (end > i && k == i)
          while (joined(end - 1, " -") && is_capital(end) && end < k + 4) ++end;
        if (k > i || end > k + 1) return end;
      } else if (is_british_code(k)) {
        return k + 2;
      } else if (word == "apt" || word == "apartment" || word == "suite" || word == "unit" || word == "flat") {
        if (joined(k, " .#") && is_number(k + 1)) end = (++k) + 1;
      } else if (!is_capital(k)) {
        break;
      }
    }
    return end;
  }

  /// "NW1 6XE".
  bool is_british_code(std::size_t i) const {
    if (!has(i + 1) || !joined(i, " ")) return false;
    const std::string_view out = low(i), in = low(i + 1);
    return out.size() >= 2 && out.size() <= 4 && is_alpha(out[0]) && std::any_of(out.begin(), out.end(), hobd::is_digit) && in.size() == 3 && hobd::is_digit(in[0]) &&
           is_alpha(in[1]) && is_alpha(in[2]);
  }

  PiiText& text_;
};

}  // namespace

void find_addresses(PiiText& text) { Addresses(text).find(); }

}  // namespace hobd

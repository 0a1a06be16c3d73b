#include "memory/statements.hpp"

#include "base/text.hpp"

#include <array>
#include <algorithm>

namespace hobd {
namespace {

struct Contraction {
  std::string_view written, first, second;
};
// What ends in 's, n't, 'm, 're, 've, 'll or 'd is opened by rule; these are the odd ones.
constexpr std::array kContractions{
    Contraction{"can't", "can", "not"},   Contraction{"won't", "will", "not"},  Contraction{"shan't", "shall", "not"},
    Contraction{"cannot", "can", "not"},  Contraction{"im", "i", "am"},         Contraction{"ive", "i", "have"},
    Contraction{"dont", "do", "not"},     Contraction{"doesnt", "does", "not"}, Contraction{"didnt", "did", "not"},
    Contraction{"isnt", "is", "not"},     Contraction{"wasnt", "was", "not"},   Contraction{"cant", "can", "not"},
    Contraction{"arent", "are", "not"},   Contraction{"havent", "have", "not"}, Contraction{"gonna", "going", "to"},
    Contraction{"let's", "let", "us"},    Contraction{"gotta", "have", "to"},   Contraction{"wanna", "want", "to"},
};
struct Ending {
  std::string_view written, word;
};
constexpr std::array kEndings{Ending{"n't", "not"}, Ending{"'m", "am"},    Ending{"'re", "are"}, Ending{"'ve", "have"},
                              Ending{"'ll", "will"}, Ending{"'d", "would"}, Ending{"'s", "'s"}};

bool is_letter_byte(unsigned char c) { return std::isalnum(c) || c == '_'; }

/// The bytes of a code point of a letter beyond ASCII; 0 for punctuation, symbols and emoji.
std::size_t wide_letter(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0xc3) return 0;  // U+0080..U+00BF: signs
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (text.size() < size) return 0;
  if (lead >= 0xf0) return lead == 0xf0 && static_cast<unsigned char>(text[1]) == 0x9f ? 0 : size;
  if (lead == 0xe2) return 0;  // punctuation, arrows, symbols
  if (lead == 0xe3 && static_cast<unsigned char>(text[1]) == 0x80) return 0;  // CJK punctuation
  if (lead == 0xef && static_cast<unsigned char>(text[1]) >= 0xb8) return 0;  // variation selectors, full-width signs
  return size;
}

/// An apostrophe, straight or curly: its bytes.
std::size_t apostrophe(std::string_view text) {
  if (text.starts_with('\'')) return 1;
  return text.starts_with("\xe2\x80\x99") ? 3 : 0;
}

void open_contraction(std::vector<Word>& words, Word word) {
  for (const Contraction& each : kContractions)
    if (word.text == each.written) {
      Word second = word;
      second.at += word.size;
      second.size = 0;
      second.text = each.second;
      second.is_capital = false;
      word.text = each.first;
      words.push_back(std::move(word));
      words.push_back(std::move(second));
      return;
    }
  for (const Ending& ending : kEndings) {
    if (word.text.size() <= ending.written.size() || !word.text.ends_with(ending.written)) continue;
    Word second = word;
    second.text = ending.word;
    second.is_capital = false;
    word.text.resize(word.text.size() - ending.written.size());
    // A curly apostrophe is two bytes longer than the straight one that `text` has.
    const std::size_t first_size = std::min(word.size, word.text.size());
    second.at = word.at + first_size;
    second.size = word.size - first_size;
    word.size = first_size;
    words.push_back(std::move(word));
    words.push_back(std::move(second));
    return;
  }
  if (word.text.ends_with('\'')) word.text.pop_back(), --word.size;
  if (!word.text.empty()) words.push_back(std::move(word));
}

}  // namespace

std::vector<Word> words_of_text(std::string_view text) {
  std::vector<Word> words;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto c = static_cast<unsigned char>(text[at]);
    const std::size_t wide = c >= 0x80 ? wide_letter(text.substr(at)) : 0;
    if (!wide && !is_letter_byte(c)) {
      Word mark;
      mark.at = at;
      mark.size = 1;
      mark.is_mark = true;
      const bool is_dash = text.substr(at).starts_with("\xe2\x80\x93") || text.substr(at).starts_with("\xe2\x80\x94");
      if (is_dash) mark.size = 3;
      if (is_dash || (c == '-' && at > 0 && text[at - 1] == ' ')) mark.text = "-";
      if (c == ',' || c == ':' || c == ';' || c == '(' || c == ')') mark.text = std::string(1, char(c));
      if (!mark.text.empty()) words.push_back(std::move(mark));
      at += is_dash ? 3 : 1;
      continue;
    }
    Word word;
    word.at = at;
    word.is_capital = std::isupper(c) || (wide == 2 && c == 0xc3 && static_cast<unsigned char>(text[at + 1]) < 0x9f);
    while (at < text.size()) {
      const auto b = static_cast<unsigned char>(text[at]);
      const std::size_t letter = b >= 0x80 ? wide_letter(text.substr(at)) : std::size_t{is_letter_byte(b)};
      if (letter) {
        word.text += text.substr(at, letter);
        at += letter;
        continue;
      }
      const bool has_next = at + 1 < text.size();
      const bool next_is_letter = has_next && (is_letter_byte(static_cast<unsigned char>(text[at + 1])) ||
                                               static_cast<unsigned char>(text[at + 1]) >= 0xc3);
      if (const std::size_t quote = apostrophe(text.substr(at)); quote && at + quote < text.size() &&
                                                                 is_letter_byte(static_cast<unsigned char>(text[at + quote]))) {
        word.text += '\'';
        at += quote;
        continue;
      }
      // Inside a word: "mother-in-law", "3.5", "10:30", "a@b.c", "14/3", "+"; at its end they are marks.
      const bool joins = b == '-' || b == '@' || b == '+' || b == '/' || b == '&' ||
                         ((b == '.' || b == ':') && (!word.text.empty()));
      if (joins && next_is_letter) {
        word.text += char(b);
        ++at;
        continue;
      }
      break;
    }
    word.size = at - word.at;
    word.text = to_lower_ascii(word.text);
    open_contraction(words, std::move(word));
  }
  return words;
}

}  // namespace hobd

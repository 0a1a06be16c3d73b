#include "words.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace provider_offline {
namespace {

/// The code point at `at`, which moves past it. Ill-formed bytes read as U+FFFD.
char32_t next(std::string_view text, std::size_t& at) {
  const auto lead = static_cast<unsigned char>(text[at++]);
  if (lead < 0x80) return lead;
  const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
  if (more == 0) return 0xFFFD;
  char32_t point = lead & (0x3F >> more);
  for (int i = 0; i < more; ++i) {
    if (at >= text.size() || (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80) return 0xFFFD;
    point = (point << 6) | (static_cast<unsigned char>(text[at++]) & 0x3F);
  }
  return point;
}

void append(std::string& out, char32_t point) {
  const auto put = [&out](char32_t byte) { out += static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | (point >> 6)), put(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    put(0xE0 | (point >> 12)), put(0x80 | ((point >> 6) & 0x3F)), put(0x80 | (point & 0x3F));
  } else {
    put(0xF0 | (point >> 18)), put(0x80 | ((point >> 12) & 0x3F)), put(0x80 | ((point >> 6) & 0x3F));
    put(0x80 | (point & 0x3F));
  }
}

/// Latin, Greek and Cyrillic; other scripts that have cases compare as written.
char32_t lower(char32_t c) {
  if (c >= 'A' && c <= 'Z') return c + 32;
  if (c >= 0xC0 && c <= 0xDE && c != 0xD7) return c + 32;
  if (c >= 0x100 && c <= 0x137) return c | 1;
  if (c >= 0x391 && c <= 0x3A9) return c + 32;
  if (c >= 0x410 && c <= 0x42F) return c + 32;
  if (c >= 0x400 && c <= 0x40F) return c + 80;
  return c;
}

bool is_letter(char32_t c) {
  if (c < 0x80) return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  if (c < 0xC0 || c == 0xD7 || c == 0xF7) return false;
  const bool is_punctuation = (c >= 0x2000 && c <= 0x2BFF) || (c >= 0x3000 && c <= 0x303F) ||
                              (c >= 0xFF00 && c <= 0xFF0F) || (c >= 0xFF1A && c <= 0xFF20) || c == 0x61F ||
                              c == 0x60C || c == 0xFFFD || c == 0x37E || c == 0x964 || c >= 0x1F000;
  return !is_punctuation;
}

bool is_written_together(char32_t c) { return (c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x9FFF); }

template <std::size_t N>
bool holds(const std::array<std::string_view, N>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

constexpr auto kStopWords = std::to_array<std::string_view>({
    "a", "about", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could", "d", "did",
    "do", "does", "for", "from", "had", "has", "have", "he", "her", "him", "his", "how", "i", "if", "in", "is", "it",
    "its", "ll", "m", "me", "mine", "my", "of", "on", "or", "our", "please", "re", "remember", "remind", "s", "say",
    "said", "she", "should", "so", "t", "tell", "that", "the", "their", "them", "there", "they", "this", "to", "told",
    "us", "ve", "was", "we", "were", "what", "when", "where", "which", "who", "whose", "why", "will", "with", "would",
    "you", "your", "know", "der", "die", "das", "den", "dem", "ein", "eine", "einen", "ich", "du", "mir", "mich",
    "mein", "meine", "meinen", "dein", "deine", "ist", "bin", "sind", "und", "oder", "zu", "wie", "wer", "wo", "wann",
    "warum", "welche", "welcher", "welches", "le", "la", "les", "un", "une", "je", "tu", "il", "elle", "mon", "ma",
    "mes", "ton", "est", "et", "ou", "de", "du", "des", "que", "qui", "quel", "quelle", "quand", "comment", "el",
    "los", "las", "una", "yo", "mi", "mis", "es", "y", "o", "qué", "cuál", "quién", "cuándo", "dónde", "cómo", "di",
    "che", "il", "и", "в", "на", "я", "мой", "моя", "моё", "что", "кто", "где", "когда", "как", "какой", "какая",
});

constexpr auto kQuestionWords = std::to_array<std::string_view>({
    "what", "who", "whom", "whose", "when", "where", "why", "which", "how", "do", "does", "did", "is", "are", "was",
    "were", "can", "could", "will", "would", "should", "am", "has", "have", "whats", "wheres", "whos", "was", "wer",
    "wen", "wem", "wann", "wo", "warum", "wie", "welche", "welcher", "welches", "wieso", "quel", "quelle", "quels",
    "qui", "quand", "où", "comment", "pourquoi", "combien", "qué", "cuál", "quién", "cuándo", "dónde", "cómo",
    "cuánto", "что", "кто", "где", "когда", "как", "почему", "какой", "какая", "какое",
});

}  // namespace

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    const char32_t point = next(text, at);
    if (!is_letter(point)) {
      end_word();
      continue;
    }
    if (is_written_together(point)) end_word();
    append(word, lower(point));
    if (is_written_together(point)) end_word();
  }
  end_word();
  return words;
}

bool is_stop_word(std::string_view word) { return holds(kStopWords, word); }

bool is_light_word(std::string_view word) {
  static constexpr auto kLight = std::to_array<std::string_view>({"time", "day", "date", "name", "named", "called", "kind", "much", "many",
                                                                  "long", "old", "again", "now", "currently", "actually"});
  return holds(kLight, word);
}

bool is_alike(std::string_view a, std::string_view b) {
  if (a == b) return true;
  if (a.size() > b.size()) std::swap(a, b);
  if (a.size() < 4 || b.size() - a.size() > 3) return false;
  const auto differ = std::mismatch(a.begin(), a.end(), b.begin());
  if (differ.first == a.end()) return true;  // an ending was added
  if (a.size() < 5) return false;
  // One letter put in, left out or changed.
  const std::string_view rest_a(differ.first, a.end()), rest_b(differ.second, b.end());
  if (a.size() == b.size()) return rest_a.substr(1) == rest_b.substr(1) && rest_a.size() > 1;
  return b.size() - a.size() == 1 && rest_a == rest_b.substr(1);
}

bool is_question(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n' || text.back() == '"')) text.remove_suffix(1);
  if (text.ends_with("?") || text.ends_with("？") || text.ends_with("؟") || text.ends_with("か。")) return true;
  const auto words = words_of(text);
  if (words.empty()) return false;
  if (holds(kQuestionWords, words[0])) return true;
  const bool asks_me = words.size() > 2 && (words[0] == "tell" || words[0] == "remind") && words[1] == "me";
  return asks_me && words[2] != "to";
}

}  // namespace provider_offline

#include "features.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace embedder_hashing {
namespace {

constexpr std::size_t kMaxText = 32 << 10;
constexpr std::size_t kMaxWord = 64;  // characters; what follows is a word of its own

using Character = utf8proc_int32_t;

/// The text in small letters, without accents, compatibility forms folded. Decomposed, so a syllable of Hangul is its letters.
std::vector<Character> normalised(std::string_view text) {
  if (text.size() > kMaxText) {
    std::size_t end = kMaxText;
    while (end > kMaxText - 4 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text = text.substr(0, end);
  }
  constexpr auto kOptions = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
                                                           UTF8PROC_STRIPMARK | UTF8PROC_IGNORE);
  std::vector<Character> out;
  out.reserve(text.size());
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  while (left > 0) {
    Character c = 0;
    const utf8proc_ssize_t used = utf8proc_iterate(bytes, left, &c);
    if (used <= 0) {  // not UTF-8: that byte is left out
      ++bytes, --left;
      continue;
    }
    bytes += used, left -= used;
    Character parts[32];
    int boundary = 0;
    const utf8proc_ssize_t count = utf8proc_decompose_char(c, parts, std::size(parts), kOptions, &boundary);
    if (count > 0) out.insert(out.end(), parts, parts + std::min<utf8proc_ssize_t>(count, std::size(parts)));
  }
  return out;
}

enum class Sort { gap, letter, alone };

/// Scripts written without spaces, whose characters stand alone, and signs that mean something by themselves.
Sort sort_of(Character c) {
  const bool is_ideograph = (c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x4E00 && c <= 0x9FFF) ||
                            (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x20000 && c <= 0x3FFFF);
  if (is_ideograph) return Sort::alone;
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU: case UTF8PROC_CATEGORY_LL: case UTF8PROC_CATEGORY_LT: case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: case UTF8PROC_CATEGORY_MC: case UTF8PROC_CATEGORY_ND: case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return Sort::letter;
    case UTF8PROC_CATEGORY_SO: case UTF8PROC_CATEGORY_SC: return Sort::alone;
    default: return Sort::gap;
  }
}

/// FNV-1a over the characters, mixed at the end so that each bit depends on each.
std::uint64_t hash(std::uint64_t seed, std::span<const Character> characters) {
  std::uint64_t h = 0xcbf29ce484222325 ^ (seed * 0x9e3779b97f4a7c15);
  for (const Character c : characters) h = (h ^ static_cast<std::uint32_t>(c)) * 0x100000001b3;
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccd;
  h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53;
  return h ^ (h >> 33);
}

struct Feature {
  std::uint64_t hash;
  float weight;
};

class Features {
 public:
  void add_word(std::span<const Character> word, bool stands_alone) {
    // Short words are mostly the ones that every sentence has.
    const float weight = stands_alone ? 0.8f : word.size() <= 2 ? 0.3f : word.size() == 3 ? 0.6f : 1.0f;
    const std::uint64_t id = hash(kWord, word);
    all_.push_back({id, weight});
    if (previous_ != 0) {
      // Of characters that stand alone the pairs say more than each by itself.
      const Character pair[] = {fold(previous_), fold(previous_ >> 32), fold(id), fold(id >> 32)};
      all_.push_back({hash(kPair, pair), stands_alone && previous_alone_ ? 1.0f : 0.3f * std::min(weight, previous_weight_)});
    }
    previous_ = id, previous_weight_ = weight, previous_alone_ = stands_alone;
    if (!stands_alone) add_ngrams(word, weight);
  }

  void write(std::span<float, kDimension> out) {
    std::fill(out.begin(), out.end(), 0.0f);
    std::sort(all_.begin(), all_.end(), [](const Feature& a, const Feature& b) { return a.hash < b.hash; });
    for (std::size_t i = 0; i < all_.size();) {
      std::size_t end = i;
      float weight = 0;
      for (; end < all_.size() && all_[end].hash == all_[i].hash; ++end) weight = std::max(weight, all_[end].weight);
      // The tenth time that a word stands there says little more than the second.
      const float damped = weight * (1 + std::log(static_cast<float>(end - i)));
      out[all_[i].hash % kDimension] += (all_[i].hash >> 63) != 0 ? damped : -damped;
      i = end;
    }
    double squares = 0;
    for (const float value : out) squares += double(value) * value;
    if (squares == 0) return;
    const auto scale = static_cast<float>(1 / std::sqrt(squares));
    for (float& value : out) value *= scale;
  }

 private:
  static constexpr std::uint64_t kWord = 1, kPair = 2, kNgram = 3;
  static Character fold(std::uint64_t bits) { return static_cast<Character>(static_cast<std::uint32_t>(bits)); }

  /// Runs of 3 to 5 characters of "<word>". Together they weigh about as much as the word, however long it is.
  void add_ngrams(std::span<const Character> word, float weight) {
    std::vector<Character>& marked = scratch_;
    marked.assign(1, '<');
    marked.insert(marked.end(), word.begin(), word.end());
    marked.push_back('>');
    std::size_t count = 0;
    for (std::size_t n = 3; n <= 5 && n < marked.size(); ++n) count += marked.size() - n + 1;
    if (count == 0) return;
    const float share = weight / std::sqrt(static_cast<float>(count));
    for (std::size_t n = 3; n <= 5 && n < marked.size(); ++n)
      for (std::size_t at = 0; at + n <= marked.size(); ++at)
        all_.push_back({hash(kNgram, std::span(marked).subspan(at, n)), share});
  }

  std::vector<Feature> all_;
  std::vector<Character> scratch_;
  std::uint64_t previous_ = 0;
  float previous_weight_ = 0;
  bool previous_alone_ = false;
};

}  // namespace

void write_features(std::string_view text, std::span<float, kDimension> out) {
  const std::vector<Character> characters = normalised(text);
  Features features;
  for (std::size_t at = 0; at < characters.size();) {
    const Sort sort = sort_of(characters[at]);
    std::size_t end = at + 1;
    if (sort == Sort::letter)
      while (end < characters.size() && end - at < kMaxWord && sort_of(characters[end]) == Sort::letter) ++end;
    if (sort != Sort::gap) features.add_word(std::span(characters).subspan(at, end - at), sort == Sort::alone);
    at = end;
  }
  features.write(out);
}

}  // namespace embedder_hashing

#include "models/routing_grams.hpp"

#include <bitset>
#include <cmath>

namespace hobd::routing {
namespace {

static_assert(kBuckets <= 1U << 16, "a bucket's number has 16 bits");

/// Pieces of words have this many bytes, the marks of the word's begin and end among them.
constexpr std::size_t kShortestPiece = 3, kLongestPiece = 5;
constexpr std::size_t kLongestWord = 40;  // beyond it is no word of any language
constexpr std::size_t kOpening = 3;       // words that a message begins with

/// FNV-1a, 32 bits; it goes on from a hash of what stands before.
constexpr std::uint32_t kOffset = 2166136261U;
constexpr std::uint32_t hashed(std::uint32_t before, char c) { return (before ^ static_cast<unsigned char>(c)) * 16777619U; }
std::uint32_t hashed(std::uint32_t before, std::string_view text) {
  for (const char c : text) before = hashed(before, c);
  return before;
}

/// The grams of one kind: each bucket once.
class Kind {
 public:
  Kind(char name, std::size_t expected) : seed_(hashed(kOffset, name)) { buckets_.reserve(expected); }

  std::uint32_t seed() const { return seed_; }
  void add(std::uint32_t hash) {
    const auto bucket = static_cast<std::uint16_t>((hash ^ (hash >> 15)) % kBuckets);
    if (seen_.test(bucket)) return;
    seen_.set(bucket);
    buckets_.push_back(bucket);
  }
  void append_to(std::vector<Gram>& grams) const {
    const float value = 1 / std::sqrt(static_cast<float>(buckets_.size()));
    for (const std::uint16_t bucket : buckets_) grams.push_back({bucket, value});
  }

 private:
  const std::uint32_t seed_;
  std::bitset<kBuckets> seen_;
  std::vector<std::uint16_t> buckets_;
};

template <typename Visit>
void each_word(std::string_view words, Visit visit) {
  for (std::size_t at = 0; at < words.size();) {
    const std::size_t end = std::min(words.find(' ', at), words.size());
    visit(words.substr(at, end - at));
    at = end + 1;
  }
}

void add_pieces(std::string_view word, Kind& pieces) {
  if (word.size() > kLongestWord) return;
  const std::size_t size = word.size() + 2;
  const auto byte = [&](std::size_t i) { return i == 0 ? '<' : i + 1 == size ? '>' : word[i - 1]; };
  for (std::size_t from = 0; from + kShortestPiece <= size; ++from) {
    std::uint32_t hash = pieces.seed();
    for (std::size_t i = from; i < std::min(from + kLongestPiece, size); ++i) {
      hash = hashed(hash, byte(i));
      if (i + 1 - from >= kShortestPiece) pieces.add(hash);
    }
  }
}

void append_words_of(std::string_view words, char name, std::vector<Gram>& grams) {
  Kind kind(name, words.size() / 4);
  each_word(words, [&](std::string_view word) { kind.add(hashed(kind.seed(), word)); });
  kind.append_to(grams);
}

}  // namespace

std::vector<Gram> grams_of(const NormalText& text) {
  const std::size_t expected = text.words.size() / 4;
  Kind words('w', expected), pairs('p', expected), opening('o', kOpening + 1), pieces('c', text.words.size() * 2);
  std::uint32_t pair = 0;
  std::size_t count = 0;
  each_word(text.words, [&](std::string_view word) {
    words.add(hashed(words.seed(), word));
    if (count > 0) pairs.add(hashed(pair, word));
    pair = hashed(hashed(pairs.seed(), word), ' ');
    if (count == 0) opening.add(hashed(hashed(opening.seed(), '^'), word));
    if (count < kOpening) opening.add(hashed(opening.seed(), word));
    add_pieces(word, pieces);
    ++count;
  });
  std::vector<Gram> grams;
  grams.reserve(text.words.size() * 3);
  for (const Kind* kind : {&words, &pairs, &opening, &pieces}) kind->append_to(grams);
  append_words_of(text.first_sentence, 'f', grams);
  append_words_of(text.last_sentence, 'l', grams);
  return grams;
}

}  // namespace hobd::routing

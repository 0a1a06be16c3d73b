#include "memory/vector_math.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

// Clones are chosen by a resolver that runs before a sanitizer is ready.
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define HOB_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4"), optimize("O3", "fast-math")))
#else
#define HOB_CLONES
#endif

namespace hobd {
namespace {

/// A half that is normal or zero: its bits moved into a float's place and the exponent's bias made up for there. With whole
/// numbers, since fast-math would gather factors of a product until they overflow. A macro, since g++ inlines no plain function into
/// one that is compiled with fast-math.
#define HOB_WIDENED(half)                                                                                      \
  __builtin_bit_cast(float, (std::uint32_t((half) & 0x8000) << 16) |                                           \
                                (((half) & 0x7c00) != 0 ? (std::uint32_t((half) & 0x7fff) << 13) + 0x38000000u : 0u))

std::size_t rotated_size(std::size_t dimension) { return std::max<std::size_t>(256, std::bit_ceil(dimension)); }

/// A bit of a fixed random sequence.
inline bool random_bit(std::uint64_t at) {
  std::uint64_t z = (at + 1) * 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return ((z ^ (z >> 31)) >> 63) != 0;
}

HOB_CLONES void hadamard(float* values, std::size_t size) {
  for (std::size_t half = 1; half < size; half *= 2)
    for (std::size_t block = 0; block < size; block += 2 * half)
      for (std::size_t i = block; i < block + half; ++i) {
        const float a = values[i], b = values[i + half];
        values[i] = a + b;
        values[i + half] = a - b;
      }
}

HOB_CLONES void dot_all(const float* query, std::size_t dimension, const Half* rows, float* out, std::size_t count) {
  for (std::size_t row = 0; row < count; ++row, rows += dimension) {
    float sum = 0;
    for (std::size_t i = 0; i < dimension; ++i) sum += query[i] * HOB_WIDENED(rows[i]);
    out[row] = sum;
  }
}

HOB_CLONES float dot_two(const Half* a, const Half* b, std::size_t dimension) {
  float sum = 0;
  for (std::size_t i = 0; i < dimension; ++i) sum += HOB_WIDENED(a[i]) * HOB_WIDENED(b[i]);
  return sum;
}

HOB_CLONES void differing(const std::uint64_t* code, std::size_t words, const std::uint64_t* codes, std::uint16_t* out, std::size_t count) {
  for (std::size_t row = 0; row < count; ++row, codes += words) {
    int bits = 0;
    for (std::size_t i = 0; i < words; ++i) bits += __builtin_popcountll(code[i] ^ codes[i]);
    out[row] = static_cast<std::uint16_t>(bits);
  }
}

}  // namespace

Half to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<Half>((bits >> 16) & 0x8000);
  const std::uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude < 0x38800000) return sign;  // 2^-14
  // Half of the last place, and one less where the place is even, so that ties go to the even one.
  const std::uint32_t rounded = magnitude + 0xfff + ((magnitude >> 13) & 1);
  return static_cast<Half>(sign | std::min<std::uint32_t>((rounded - 0x38000000) >> 13, 0x7bff));
}

float from_half(Half half) { return HOB_WIDENED(half); }

bool normalize(std::span<float> vector) {
  double squares = 0;
  for (const float value : vector) {
    if (!std::isfinite(value)) return false;
    squares += double(value) * value;
  }
  if (squares == 0 || !std::isfinite(squares)) return false;
  const double scale = 1 / std::sqrt(squares);
  for (float& value : vector) value = static_cast<float>(value * scale);
  return true;
}

void dot_rows(std::span<const float> query, const Half* rows, std::span<float> out) {
  dot_all(query.data(), query.size(), rows, out.data(), out.size());
}

void dot_rows_plain(std::span<const float> query, const Half* rows, std::span<float> out) {
  for (std::size_t row = 0; row < out.size(); ++row) {
    double sum = 0;
    for (std::size_t i = 0; i < query.size(); ++i) sum += double(query[i]) * from_half(rows[row * query.size() + i]);
    out[row] = static_cast<float>(sum);
  }
}

float dot_halves(const Half* a, const Half* b, std::size_t dimension) { return dot_two(a, b, dimension); }

std::size_t code_words(std::size_t dimension) { return rotated_size(dimension) / 64; }

void write_code(std::span<const float> vector, std::uint64_t* out) {
  std::vector<float> turned(rotated_size(vector.size()), 0.0f);
  for (std::size_t i = 0; i < vector.size(); ++i) turned[i] = random_bit(i) ? vector[i] : -vector[i];
  hadamard(turned.data(), turned.size());
  for (std::size_t word = 0; word < turned.size() / 64; ++word) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < 64; ++i) bits |= std::uint64_t(turned[word * 64 + i] > 0) << i;
    out[word] = bits;
  }
}

void count_differing_bits(std::span<const std::uint64_t> code, const std::uint64_t* codes, std::span<std::uint16_t> out) {
  differing(code.data(), code.size(), codes, out.data(), out.size());
}

}  // namespace hobd

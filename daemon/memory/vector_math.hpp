// Arithmetic of vectors kept as float16 and as sign bits, in plain loops that the compiler makes SIMD of, in several clones
// for what the processor has.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace hobd {

using Half = std::uint16_t;

/// float16 of a number in -65504..65504, rounded to the nearest. What is below the normal range becomes 0: denormals cost the
/// processor a hundred times a number's time, and 0.00006 says nothing in a vector of length 1.
Half to_half(float value);
float from_half(Half half);

/// Scales to length 1. False: it is all zero or holds something that is no finite number; then it is left as it was.
bool normalize(std::span<float> vector);

/// out[i] = query · rows[i], for out.size() rows of query.size() numbers each.
void dot_rows(std::span<const float> query, const Half* rows, std::span<float> out);
/// The same in one plain loop: what a test compares with.
void dot_rows_plain(std::span<const float> query, const Half* rows, std::span<float> out);
/// a · b of two rows.
float dot_halves(const Half* a, const Half* b, std::size_t dimension);

/// How many 64-bit words the sign code of a vector has.
std::size_t code_words(std::size_t dimension);
/// The signs of a vector after a fixed random rotation (random signs, then a Hadamard transform): so that every bit says as much
/// as any other, whether the vector is dense or mostly zeros. The angle of two vectors shows in the bits they differ in.
void write_code(std::span<const float> vector, std::uint64_t* out);
/// out[i] = the number of bits that code and codes[i] differ in.
void count_differing_bits(std::span<const std::uint64_t> code, const std::uint64_t* codes, std::span<std::uint16_t> out);

}  // namespace hobd

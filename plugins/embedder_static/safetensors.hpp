// Reading safetensors files (https://github.com/huggingface/safetensors, "Format"): 8 bytes little-endian length N, N bytes of
// JSON header {"name":{"dtype","shape","data_offsets":[begin,end]},"__metadata__":{...}}, then the tensors' bytes.
#pragma once

#include <hob/cpp/json.hpp>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace embedder_static {

enum class NumberType { f64, f32, f16, bf16, i8, i32, i64, other };

/// One tensor of a file. `offset` counts from the beginning of the file.
struct Tensor {
  NumberType type = NumberType::other;
  std::string type_name;
  std::vector<std::uint64_t> shape;
  std::uint64_t offset = 0, size = 0;  // bytes
};
std::size_t size_of(NumberType type) noexcept;

/// Reads the JSON header of a file with `header_size` + 8 bytes before `data_size` bytes of tensors. Throws hob::Error invalid:
/// no such header, a size that its shape does not have, bytes that are out of the file, overlap or belong to no tensor.
std::map<std::string, Tensor> read_header(std::string_view header, std::uint64_t data_size);

/// `count` numbers of a tensor as float. `bytes` holds count * size_of(type) bytes, at any alignment.
void to_floats(NumberType type, const unsigned char* bytes, std::span<float> out);

/// An open file. Read by position, not mapped: a file that somebody cuts short while it is open is an error then, not a
/// signal, and the rows that are read stay in the page cache alone.
class TensorFile {
 public:
  /// Throws hob::Error: not_found, denied or invalid, with the file's name.
  explicit TensorFile(const std::string& path);
  TensorFile(const TensorFile&) = delete;
  ~TensorFile();

  /// Null: there is no such tensor.
  const Tensor* find(std::string_view name) const;
  /// Reads `out.size()` bytes at `offset` of the file. Throws unavailable. Any thread.
  void read(std::uint64_t offset, std::span<unsigned char> out) const;
  const std::string& header() const { return header_; }
  std::uint64_t size() const { return size_; }

 private:
  void open_header();
  std::string path_, header_;
  std::uint64_t size_ = 0;
  std::map<std::string, Tensor, std::less<>> tensors_;
  int fd_ = -1;
};

}  // namespace embedder_static

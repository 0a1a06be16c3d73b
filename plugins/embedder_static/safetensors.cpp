#include "safetensors.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

namespace embedder_static {
namespace {

using hob::Error;
using hob::JsonRef;

constexpr std::uint64_t kMaxHeader = 1 << 20;  // the models that are read here have three tensors

Error broken(const std::string& why) { return {hob::invalid, "not a safetensors file: " + why}; }

NumberType type_of(std::string_view name) {
  if (name == "F64") return NumberType::f64;
  if (name == "F32") return NumberType::f32;
  if (name == "F16") return NumberType::f16;
  if (name == "BF16") return NumberType::bf16;
  if (name == "I8") return NumberType::i8;
  if (name == "I32") return NumberType::i32;
  if (name == "I64") return NumberType::i64;
  return NumberType::other;
}

std::uint64_t whole_number(JsonRef value, const std::string& what) {
  const std::int64_t number = value.integer(-1);
  if (!value.is_number() || number < 0) throw broken(what + " is no whole number");
  return static_cast<std::uint64_t>(number);
}

Tensor read_tensor(const std::string& name, JsonRef entry, std::uint64_t header_end, std::uint64_t data_size) {
  if (!entry.is_object() || !entry["dtype"].is_text() || !entry["shape"].is_array() || !entry["data_offsets"].is_array() ||
      entry["data_offsets"].items().size() != 2)
    throw broken("tensor \"" + name + "\" lacks dtype, shape or data_offsets");
  Tensor tensor;
  tensor.type_name = entry["dtype"].text();
  tensor.type = type_of(tensor.type_name);
  std::uint64_t count = 1;
  if (entry["shape"].items().size() > 8) throw broken("tensor \"" + name + "\" has more than 8 dimensions");
  for (const auto& item : entry["shape"].items()) {
    tensor.shape.push_back(whole_number(item, "the shape of tensor \"" + name + "\""));
    if (__builtin_mul_overflow(count, tensor.shape.back(), &count)) throw broken("the shape of tensor \"" + name + "\" is too large");
  }
  const std::uint64_t begin = whole_number(entry["data_offsets"][0], "an offset of tensor \"" + name + "\"");
  const std::uint64_t end = whole_number(entry["data_offsets"][1], "an offset of tensor \"" + name + "\"");
  if (begin > end || end > data_size)
    throw broken("tensor \"" + name + "\" ends at byte " + std::to_string(end) + ", the file has " + std::to_string(data_size) +
                 " bytes of tensors (is the download whole?)");
  tensor.offset = header_end + begin;
  tensor.size = end - begin;
  std::uint64_t wanted = 0;
  const std::size_t each = size_of(tensor.type);
  if (each != 0 && (__builtin_mul_overflow(count, std::uint64_t(each), &wanted) || wanted != tensor.size))
    throw broken("tensor \"" + name + "\" has " + std::to_string(tensor.size) + " bytes, its shape asks for others");
  return tensor;
}

float half_to_float(std::uint16_t half) {
  const std::uint32_t sign = std::uint32_t(half & 0x8000) << 16, exponent = (half >> 10) & 0x1f, fraction = half & 0x3ff;
  if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000 | (fraction << 13));
  if (exponent != 0) return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
  const float small = static_cast<float>(fraction) * 0x1p-24f;
  return sign ? -small : small;
}

template <class T>
T load(const unsigned char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

}  // namespace

static_assert(std::endian::native == std::endian::little, "safetensors are little-endian, and read as they are");

std::size_t size_of(NumberType type) noexcept {
  switch (type) {
    case NumberType::f64: case NumberType::i64: return 8;
    case NumberType::f32: case NumberType::i32: return 4;
    case NumberType::f16: case NumberType::bf16: return 2;
    case NumberType::i8: return 1;
    case NumberType::other: break;
  }
  return 0;
}

std::map<std::string, Tensor> read_header(std::string_view header, std::uint64_t data_size) {
  const std::uint64_t header_end = 8 + header.size();
  while (!header.empty() && header.back() == ' ') header.remove_suffix(1);
  if (!header.starts_with('{')) throw broken("its header is no JSON object");
  hob::Json parsed;
  try {
    parsed = hob::Json::parse(header, 8);
  } catch (const Error& error) {
    throw broken("its header is " + error.message);
  }
  std::map<std::string, Tensor> tensors;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> places;
  for (const auto& member : JsonRef(parsed).members()) {
    if (member.key() == "__metadata__") continue;
    const std::string name(member.key());
    const Tensor& tensor = tensors[name] = read_tensor(name, member.value(), header_end, data_size);
    if (tensor.size != 0) places.emplace_back(tensor.offset, tensor.size);
  }
  std::sort(places.begin(), places.end());
  std::uint64_t at = header_end;
  for (const auto& [offset, size] : places) {
    if (offset < at) throw broken("two of its tensors overlap");
    if (offset > at) throw broken("it holds bytes that belong to no tensor");
    at += size;
  }
  if (at != header_end + data_size) throw broken("it is longer than its header says");
  return tensors;
}

void to_floats(NumberType type, const unsigned char* bytes, std::span<float> out) {
  const std::size_t each = size_of(type);
  for (std::size_t i = 0; i < out.size(); ++i, bytes += each) {
    switch (type) {
      case NumberType::f64: out[i] = static_cast<float>(load<double>(bytes)); break;
      case NumberType::f32: out[i] = load<float>(bytes); break;
      case NumberType::f16: out[i] = half_to_float(load<std::uint16_t>(bytes)); break;
      case NumberType::bf16: out[i] = std::bit_cast<float>(std::uint32_t(load<std::uint16_t>(bytes)) << 16); break;
      case NumberType::i8: out[i] = static_cast<float>(load<std::int8_t>(bytes)); break;
      case NumberType::i32: out[i] = static_cast<float>(load<std::int32_t>(bytes)); break;
      case NumberType::i64: out[i] = static_cast<float>(load<std::int64_t>(bytes)); break;
      case NumberType::other: out[i] = 0; break;
    }
  }
}

TensorFile::TensorFile(const std::string& path) : path_(path) {
  fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe of that name must not hold us
  if (fd_ < 0) {
    const hob::Code code = errno == ENOENT ? hob::not_found : errno == EACCES ? hob::denied : hob::unavailable;
    throw Error{code, "open " + path + ": " + std::strerror(errno)};
  }
  try {
    open_header();
  } catch (Error& error) {
    ::close(fd_);
    throw Error{error.code, path + ": " + error.message};
  }
}

TensorFile::~TensorFile() { ::close(fd_); }

void TensorFile::open_header() {
  struct stat about {};
  if (::fstat(fd_, &about) != 0 || !S_ISREG(about.st_mode)) throw Error{hob::invalid, "it is not a file"};
  size_ = static_cast<std::uint64_t>(about.st_size);
  unsigned char first[8];
  if (size_ < sizeof first) throw broken("it has only " + std::to_string(size_) + " bytes");
  read(0, first);
  const auto length = load<std::uint64_t>(first);
  if (length > kMaxHeader) throw broken("its header is said to have " + std::to_string(length) + " bytes");
  if (length > size_ - sizeof first) throw broken("its header is longer than the file");
  header_.resize(length);
  read(sizeof first, {reinterpret_cast<unsigned char*>(header_.data()), header_.size()});
  auto tensors = read_header(header_, size_ - sizeof first - length);
  tensors_.insert(std::make_move_iterator(tensors.begin()), std::make_move_iterator(tensors.end()));
}

const Tensor* TensorFile::find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

void TensorFile::read(std::uint64_t offset, std::span<unsigned char> out) const {
  while (!out.empty()) {
    const ssize_t got = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error{hob::unavailable, "read " + path_ + ": " + std::strerror(errno)};
    if (got == 0) throw Error{hob::unavailable, "read " + path_ + ": it has become shorter since it was opened"};
    offset += static_cast<std::uint64_t>(got);
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

}  // namespace embedder_static

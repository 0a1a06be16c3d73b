#include "base/id.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <vector>

namespace hobd {
namespace {

void fill_random(unsigned char* out, std::size_t size) {
  while (size > 0) {
    const ssize_t got = ::getrandom(out, size, 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      throw std::runtime_error("getrandom failed: the kernel gives no random bytes");
    }
    out += got;
    size -= std::size_t(got);
  }
}

std::string to_hex(const unsigned char* bytes, std::size_t size) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(size * 2);
  for (std::size_t i = 0; i < size; ++i) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

/// The last millisecond and 12-bit counter handed out; together they only ever rise.
struct Sequence {
  std::mutex mutex;
  std::uint64_t last = 0;             // milliseconds << 12 | counter
  std::array<unsigned char, 512> pool{};  // random bytes, refilled when used up
  std::size_t used = 512;
};

Sequence& sequence() {
  static Sequence instance;
  return instance;
}

}  // namespace

std::string make_id(std::string_view kind) {
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
  std::array<unsigned char, 16> id;
  {
    Sequence& s = sequence();
    const std::lock_guard lock(s.mutex);
    s.last = std::max(s.last + 1, std::uint64_t(now) << 12);
    const std::uint64_t millis = s.last >> 12;
    for (int i = 0; i < 6; ++i) id[std::size_t(i)] = static_cast<unsigned char>(millis >> (40 - 8 * i));
    id[6] = static_cast<unsigned char>(0x70 | ((s.last >> 8) & 0x0f));
    id[7] = static_cast<unsigned char>(s.last);
    if (s.used + 8 > s.pool.size()) {
      fill_random(s.pool.data(), s.pool.size());
      s.used = 0;
    }
    for (std::size_t i = 8; i < 16; ++i) id[i] = s.pool[s.used++];
  }
  id[8] = static_cast<unsigned char>(0x80 | (id[8] & 0x3f));
  std::string text(kind);
  text += '_';
  text += to_hex(id.data(), id.size());
  return text;
}

std::string random_hex(std::size_t bytes) {
  std::vector<unsigned char> buffer(bytes);
  fill_random(buffer.data(), bytes);
  return to_hex(buffer.data(), bytes);
}

}  // namespace hobd

#include "net/address_policy.hpp"

#include <array>
#include <cstdint>

namespace hobd {

namespace {

namespace ip = boost::asio::ip;

struct Range {
  std::uint32_t network;
  int bits;
};

constexpr std::uint32_t v4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

constexpr std::array<Range, 14> kNotPublic{{
    {v4(0, 0, 0, 0), 8},      {v4(10, 0, 0, 0), 8},     {v4(100, 64, 0, 0), 10},  {v4(127, 0, 0, 0), 8},
    {v4(169, 254, 0, 0), 16}, {v4(172, 16, 0, 0), 12},  {v4(192, 0, 0, 0), 24},   {v4(192, 0, 2, 0), 24},
    {v4(192, 168, 0, 0), 16}, {v4(198, 18, 0, 0), 15},  {v4(198, 51, 100, 0), 24}, {v4(203, 0, 113, 0), 24},
    {v4(224, 0, 0, 0), 4},    {v4(240, 0, 0, 0), 4},
}};

bool is_public_v4(std::uint32_t address) noexcept {
  for (const auto& range : kNotPublic)
    if ((address ^ range.network) >> (32 - range.bits) == 0) return false;
  return true;
}

bool is_public_v6(const ip::address_v6::bytes_type& b) noexcept {
  const auto embedded = [&](std::size_t at) { return is_public_v4(v4(b[at], b[at + 1], b[at + 2], b[at + 3])); };
  bool zero_80 = true;
  for (std::size_t i = 0; i < 10; ++i) zero_80 = zero_80 && b[i] == 0;
  if (zero_80) return b[10] == 0xff && b[11] == 0xff && embedded(12);  // mapped; else ::, ::1, compatible
  if (b[0] == 0x00 && b[1] == 0x64 && b[2] == 0xff && b[3] == 0x9b)    // NAT64; 64:ff9b:1::/48 is local
    return b[4] == 0 && b[5] == 0 && embedded(12);
  if (b[0] == 0x20 && b[1] == 0x02) return embedded(2);                                      // 6to4
  if (b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0d && b[3] == 0xb8) return false;            // documentation
  if (b[0] == 0x20 && b[1] == 0x01 && (b[2] & 0xfe) == 0) return false;                      // 2001::/23, Teredo too
  return (b[0] & 0xe0) == 0x20;  // 2000::/3 is all the global unicast there is
}

}  // namespace

bool is_public_address(const ip::address& address) noexcept {
  return address.is_v4() ? is_public_v4(address.to_v4().to_uint()) : is_public_v6(address.to_v6().to_bytes());
}

}  // namespace hobd

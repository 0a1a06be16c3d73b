// Which addresses a request from a plugin or a model may reach. Pure; thread: any.
#pragma once

#include <boost/asio/ip/address.hpp>

namespace hobd {

/// False for every address that is not one of the open Internet's unicast ones: loopback, private, link-local,
/// carrier NAT, documentation, benchmark, multicast, reserved, and IPv6 forms that embed such an IPv4 address
/// (IANA special-purpose registries).
bool is_public_address(const boost::asio::ip::address& address) noexcept;

}  // namespace hobd

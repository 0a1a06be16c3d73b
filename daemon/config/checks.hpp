// What certain texts of hob.yaml must look like. Each returns "" or what to write instead.
#pragma once

#include "config/config.hpp"

#include <string>
#include <string_view>

namespace hobd {

std::string check_time_of_day(std::string_view text);   // "03:30"
std::string check_quiet_hours(std::string_view text);   // "22:00-08:00", or empty
std::string check_time_zone(std::string_view text);     // a name of the system's zone database
std::string check_public_url(std::string_view text);    // http(s)://host..., or empty
std::string check_origin(std::string_view text);        // "https://app.example.org"
std::string check_absolute_path(std::string_view text);
std::string check_plugin_id(std::string_view text);     // "provider_openai", "org.example.dice"
std::string check_instance_name(std::string_view text); // "local", "discord"
std::string check_word(std::string_view text);          // "card"
std::string check_filled(std::string_view text);        // anything but empty

/// "127.0.0.1:8787", "[::1]:0" -> address without brackets, port. invalid: says what to write.
struct ListenAddress {
  std::string address;
  std::uint16_t port = 0;
};
Result<ListenAddress> parse_listen(std::string_view text);

/// 127.0.0.0/8, ::1 and the first as an IPv4-mapped IPv6 address. `address` is numeric.
bool is_loopback(const std::string& address);

}  // namespace hobd

#include "config/checks.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>

namespace hobd {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_alpha(char c) { return is_lower(c) || (c >= 'A' && c <= 'Z'); }

template <class Predicate>
bool all(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

bool is_time_of_day(std::string_view t) {
  if (t.size() != 5 || t[2] != ':' || !is_digit(t[0]) || !is_digit(t[1]) || !is_digit(t[3]) ||
      !is_digit(t[4]))
    return false;
  return (t[0] - '0') * 10 + (t[1] - '0') < 24 && t[3] < '6';
}

/// "http://" or "https://" and a host; the rest behind it, or nullopt.
std::optional<std::string_view> behind_scheme(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!text.starts_with(scheme)) continue;
    const std::string_view rest = text.substr(scheme.size());
    if (rest.empty() || rest.starts_with('/') || rest.find_first_of(" \t\"<>") != std::string_view::npos)
      return std::nullopt;
    return rest;
  }
  return std::nullopt;
}

}  // namespace

std::string check_time_of_day(std::string_view text) {
  return is_time_of_day(text) ? "" : "write a time of day from \"00:00\" to \"23:59\"";
}

std::string check_quiet_hours(std::string_view text) {
  if (text.empty()) return {};
  const bool is_span = text.size() == 11 && text[5] == '-' && is_time_of_day(text.substr(0, 5)) &&
                       is_time_of_day(text.substr(6));
  return is_span ? "" : "write \"22:00-08:00\", or \"\" for none";
}

std::string check_time_zone(std::string_view text) {
  static const std::filesystem::path kZones = "/usr/share/zoneinfo";
  std::string advice =
      "write a time zone's name, such as Europe/Berlin or UTC (`timedatectl list-timezones`)";
  const bool is_name = !text.empty() && is_alpha(text[0]) && text.find("..") == std::string_view::npos &&
                       all(text, [](char c) {
                         return is_alpha(c) || is_digit(c) || c == '/' || c == '_' || c == '-' || c == '+';
                       });
  if (!is_name) return advice;
  // A minimal system may have no zone database; then the name alone has to do.
  std::error_code ignored;
  if (text == "UTC" || !std::filesystem::is_directory(kZones, ignored)) return {};
  return std::filesystem::is_regular_file(kZones / text, ignored) ? "" : advice;
}

std::string check_public_url(std::string_view text) {
  return text.empty() || behind_scheme(text)
             ? ""
             : "write the address that others reach Hob at, such as https://hob.example.org";
}

std::string check_origin(std::string_view text) {
  const auto rest = behind_scheme(text);
  const bool is_origin = rest && rest->find_first_of("/?#*@") == std::string_view::npos;
  return is_origin
             ? ""
             : "write scheme, host and port only, such as https://app.example.org (\"*\" is not allowed)";
}

std::string check_absolute_path(std::string_view text) {
  return text.starts_with('/') ? "" : "write an absolute path";
}

std::string check_plugin_id(std::string_view text) {
  const bool is_id =
      !text.empty() && text.size() <= 128 && is_alpha(text[0]) && text.find("..") == std::string_view::npos &&
      all(text, [](char c) { return is_alpha(c) || is_digit(c) || c == '_' || c == '-' || c == '.'; });
  return is_id ? "" : "write a plugin's id, such as provider_openai or org.example.dice";
}

std::string check_instance_name(std::string_view text) {
  const bool is_name = !text.empty() && text.size() <= 64 && is_alpha(text[0]) &&
                       all(text, [](char c) { return is_alpha(c) || is_digit(c) || c == '_' || c == '-'; });
  return is_name ? "" : "write a name of letters, digits, _ and - that begins with a letter";
}

std::string check_word(std::string_view text) {
  const bool is_word =
      !text.empty() && all(text, [](char c) { return is_lower(c) || is_digit(c) || c == '_'; });
  return is_word ? "" : "write a name in lower case, such as card, iban or ssn";
}

std::string check_filled(std::string_view text) { return text.empty() ? "it must not be empty" : ""; }

Result<ListenAddress> parse_listen(std::string_view text) {
  const Error wrong{
      Code::invalid,
      "write ADDRESS:PORT with a numeric address, such as 127.0.0.1:8787, 0.0.0.0:8787 or [::1]:8787 "
      "(port 0: any free one)"};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong;
  std::string_view address = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  ListenAddress listen;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), listen.port);
  if (fault == std::errc::result_out_of_range)
    return Error{Code::invalid, "the port is too big: write 1 to 65535, or 0 for any free one"};
  if (digits.empty() || fault != std::errc{} || end != digits.data() + digits.size()) return wrong;
  const bool is_bracketed = address.starts_with('[') && address.ends_with(']') && address.size() > 2;
  if (is_bracketed) address = address.substr(1, address.size() - 2);
  listen.address = address;
  in6_addr parsed{};
  if (::inet_pton(is_bracketed ? AF_INET6 : AF_INET, listen.address.c_str(), &parsed) != 1) return wrong;
  return listen;
}

bool is_loopback(const std::string& address) {
  in_addr v4{};
  if (::inet_pton(AF_INET, address.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  if (::inet_pton(AF_INET6, address.c_str(), &v6) != 1) return false;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

}  // namespace hobd

#include "config/url_mask.hpp"

#include "base/log.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace hobd {
namespace {

/// The parts of "scheme://userinfo@host/path?query#fragment" as positions in the text.
struct UrlParts {
  bool is_url = false;
  std::size_t authority = 0;                      // behind "://"
  std::size_t at = std::string_view::npos;        // the "@" behind the userinfo
  std::size_t query = std::string_view::npos;     // behind "?"
  std::size_t end = 0;                            // of the query
};

UrlParts split_url(std::string_view text) {
  UrlParts parts;
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0) return parts;
  const bool is_scheme = std::all_of(text.begin(), text.begin() + std::ptrdiff_t(colon), [](unsigned char c) {
    return std::isalnum(c) || c == '+' || c == '-' || c == '.';
  });
  if (!is_scheme || text.find_first_of(" \n\t") != std::string_view::npos) return parts;
  parts.is_url = true;
  parts.authority = colon + 3;
  parts.end = std::min(text.find('#', parts.authority), text.size());
  const std::size_t question = text.find('?', parts.authority);
  if (question < parts.end) parts.query = question + 1;
  const std::size_t path = std::min(text.find_first_of("/?#", parts.authority), text.size());
  const std::size_t at = text.substr(0, path).rfind('@');
  if (at != std::string_view::npos && at >= parts.authority) parts.at = at;
  return parts;
}

bool is_reference(std::string_view text) { return text.find("${") != std::string_view::npos; }
std::string masked(std::string_view text) { return text.empty() || is_reference(text) ? std::string(text) : "***"; }

constexpr std::size_t kLeastHidden = 8;  // a short query value ("2024", "true") would blot out innocent lines

}  // namespace

bool has_userinfo(std::string_view url) {
  const UrlParts parts = split_url(url);
  return parts.is_url && parts.at != std::string_view::npos;
}

std::string masked_url(std::string_view text) {
  const UrlParts parts = split_url(text);
  if (!parts.is_url) return std::string(text);
  std::string out(text.substr(0, parts.authority));
  std::size_t rest = parts.authority;
  if (parts.at != std::string_view::npos) {
    const std::string_view userinfo = text.substr(parts.authority, parts.at - parts.authority);
    out += masked(userinfo);
    rest = parts.at;
  }
  if (parts.query == std::string_view::npos) return out.append(text.substr(rest));
  out.append(text.substr(rest, parts.query - rest));
  bool first = true;
  for (const std::string_view pair : split(text.substr(parts.query, parts.end - parts.query), '&')) {
    if (!first) out += '&';
    first = false;
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos)
      out += pair;
    else
      out.append(pair.substr(0, equals + 1)).append(masked(pair.substr(equals + 1)));
  }
  return out.append(text.substr(parts.end));
}

void hide_url_secrets(std::string_view url) {
  const UrlParts parts = split_url(url);
  if (!parts.is_url) return;
  if (parts.at != std::string_view::npos) {
    const std::string_view userinfo = url.substr(parts.authority, parts.at - parts.authority);
    log::hide(std::string(userinfo));
    if (const std::size_t colon = userinfo.find(':'); colon != std::string_view::npos)
      log::hide(std::string(userinfo.substr(colon + 1)));
  }
  if (parts.query == std::string_view::npos) return;
  for (const std::string_view pair : split(url.substr(parts.query, parts.end - parts.query), '&')) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view value = pair.substr(equals + 1);
    if (value.size() >= kLeastHidden) log::hide(std::string(value));
  }
}

}  // namespace hobd

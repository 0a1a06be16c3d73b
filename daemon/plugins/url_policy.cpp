#include "plugins/url_policy.hpp"

#include "base/text.hpp"
#include "net/http_types.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

#include <fmt/format.h>

namespace hobd {
namespace {

/// Host and port of a URL of any scheme; false when it has none.
bool host_of(std::string_view url, std::string& host, std::uint16_t& port) {
  const auto parsed = boost::urls::parse_uri(url);
  if (parsed.has_error() || !parsed->has_authority()) return false;
  host = to_lower_ascii(parsed->host());
  const std::string_view scheme = parsed->scheme();
  port = parsed->has_port() ? parsed->port_number() : (scheme == "https" || scheme == "wss") ? 443 : 80;
  return !host.empty();
}

}  // namespace

UrlPolicy::UrlPolicy(const Manifest& manifest, json::object settings)
    : file_(manifest.file.string()),
      bundled_(manifest.bundled),
      permissions_(manifest.permissions),
      schema_(manifest.config_schema),
      settings_(std::move(settings)) {}

bool UrlPolicy::matches(std::string_view pattern, const Target& target, bool& may_be_private) const {
  if (pattern.starts_with("config:")) {
    const std::string_view key = pattern.substr(7);
    std::string_view url = string_or(settings_, key);
    bool by_owner = !url.empty();
    if (!by_owner && schema_.is_object()) {
      // The owner wrote none: the schema's default stands. Only what ships with Hob may default to a private one.
      const json::object* properties = object_at(schema_.get_object(), "properties");
      const json::object* property = properties ? object_at(*properties, key) : nullptr;
      if (property) url = string_or(*property, "default");
      by_owner = bundled_;
    }
    std::string host;
    std::uint16_t port = 0;
    if (!host_of(url, host, port) || host != target.host || port != target.port) return false;
    may_be_private = may_be_private || by_owner;
    return true;
  }
  const std::string wanted = to_lower_ascii(pattern);
  if (wanted.starts_with("*."))
    return target.host.size() > wanted.size() - 1 && target.host.ends_with(std::string_view(wanted).substr(1));
  return wanted == target.host || wanted == fmt::format("{}:{}", target.host, target.port);
}

bool UrlPolicy::any(const std::vector<std::string>& patterns, const Target& target, bool& may_be_private) const {
  bool found = false;
  for (const std::string& pattern : patterns) found = matches(pattern, target, may_be_private) || found;
  return found;
}

Result<UrlPolicy::Target> UrlPolicy::check(std::string_view url, std::string_view plain_scheme,
                                           std::string_view secure_scheme) const {
  const auto parsed = boost::urls::parse_uri(url);
  if (parsed.has_error() || !parsed->has_authority())
    return Error{Code::invalid, "the request's url isn't an absolute URL"};
  boost::urls::url normal(*parsed);
  normal.normalize_scheme();
  normal.normalize_authority();
  normal.remove_fragment();
  Target target;
  target.scheme = normal.scheme();
  if (target.scheme != plain_scheme && target.scheme != secure_scheme)
    return Error{Code::invalid, fmt::format("the request's url begins with {}:, not {}: or {}:", target.scheme, plain_scheme,
                                            secure_scheme)};
  // Two parsers see this URL, ours and the client's: leave nothing in the authority to disagree about.
  if (normal.has_userinfo()) return Error{Code::invalid, "the request's url has a user name in it; use a header"};
  if (std::string_view(normal.encoded_host()).find('%') != std::string_view::npos || normal.host().empty())
    return Error{Code::invalid, "the request's url has no plain host name"};
  target.host = to_lower_ascii(normal.host());
  target.port = normal.has_port() ? normal.port_number() : target.scheme == secure_scheme ? 443 : 80;
  target.url = std::string(normal.buffer());
  bool may_be_private = false;
  if (!any(permissions_.http, target, may_be_private))
    return Error{Code::denied, fmt::format("{} is not granted to this plugin; to grant it, add \"permissions\": {{\"http\": "
                                           "[\"{}\"]}} to {}", target.host, target.host, file_)};
  target.public_only = !may_be_private;
  return target;
}

Result<void> UrlPolicy::check_secrets(const std::set<std::string>& secrets, const Target& target) const {
  for (const std::string& name : secrets) {
    const auto found = permissions_.secrets.find(name);
    bool ignored = false;
    if (found == permissions_.secrets.end() || !any(found->second, target, ignored))
      return Error{Code::denied, fmt::format("secret {} may not go to {}; to grant it, add \"permissions\": {{\"secrets\": "
                                             "{{\"{}\": [\"{}\"]}}}} to {}", name, target.host, name, target.host, file_)};
  }
  return {};
}

Result<std::string> UrlPolicy::secret(std::string_view name) const {
  if (!permissions_.secrets.contains(std::string(name)))
    return Error{Code::denied, fmt::format("secret {} is not granted to this plugin; to grant it, add \"permissions\": "
                                           "{{\"secrets\": {{\"{}\": [HOSTS]}}}} to {}", name, name, file_)};
  const std::string_view value = string_or(settings_, name);
  if (value.empty()) return Error{Code::not_found, fmt::format("the setting {} is empty, and the request needs it", name)};
  return std::string(value);
}

Result<std::string> UrlPolicy::fill(const json::value& text, Place place, std::set<std::string>& used) const {
  if (const json::object* reference = text.if_object()) {
    const std::string name(string_or(*reference, "$secret"));
    if (name.empty() || reference->size() != 1)
      return Error{Code::invalid, "a header value or url is a string or {\"$secret\": \"name\"}"};
    used.insert(name);
    return secret(name);
  }
  if (!text.is_string()) return Error{Code::invalid, "a header value or url is a string or {\"$secret\": \"name\"}"};
  std::string_view rest = text.get_string();
  std::string out;
  constexpr std::string_view kOpen = "${secret:";
  for (std::size_t at = rest.find(kOpen); at != std::string_view::npos; at = rest.find(kOpen)) {
    const std::size_t end = rest.find('}', at);
    if (end == std::string_view::npos) return Error{Code::invalid, "a ${secret:...} is not closed"};
    const std::string name(rest.substr(at + kOpen.size(), end - at - kOpen.size()));
    const std::string value = TRY(secret(name));
    used.insert(name);
    out += rest.substr(0, at);
    out += place == Place::url ? percent_encode(value) : value;
    rest.remove_prefix(end + 1);
  }
  out += rest;
  return out;
}

std::string UrlPolicy::conceal(std::string text, const std::set<std::string>& used) const {
  for (const std::string& name : used) {
    const std::string raw(string_or(settings_, name));
    const std::string shown = fmt::format("${{secret:{}}}", name);
    for (const std::string& value : {raw, percent_encode(raw)}) {
      if (value.empty()) continue;
      for (std::size_t at = text.find(value); at != std::string::npos; at = text.find(value, at + shown.size()))
        text.replace(at, value.size(), shown);
    }
  }
  return text;
}

json::object withhold_secrets(const Manifest& manifest, const json::object& settings) {
  json::object out = settings;
  const auto withhold = [&](const std::string& name) {
    json::value* value = out.if_contains(name);
    if (value && value->is_string() && !value->get_string().empty()) *value = json::object{{"$secret", name}};
  };
  for (const auto& [name, hosts] : manifest.permissions.secrets) withhold(name);
  for (const std::string& name : manifest.permissions.secrets_read) withhold(name);
  return out;
}

}  // namespace hobd

// Which hosts a plugin may reach and which secrets may go there, from its manifest and its settings.
#pragma once

#include "base/json.hpp"
#include "plugins/manifest.hpp"

#include <set>
#include <string>
#include <string_view>

namespace hobd {

class UrlPolicy {
 public:
  /// `settings` with secrets resolved.
  UrlPolicy(const Manifest& manifest, json::object settings);

  struct Target {
    std::string url;   // in normal form: what was checked is what is sent
    std::string scheme, host;
    std::uint16_t port = 0;
    bool public_only = true;
  };
  /// invalid: not such a URL. denied: names the line to add to the manifest.
  Result<Target> check(std::string_view url, std::string_view plain_scheme, std::string_view secure_scheme) const;
  /// denied: one of `secrets` isn't paired with the host; names the line.
  Result<void> check_secrets(const std::set<std::string>& secrets, const Target& target) const;

  enum class Place { header, url };
  /// A header value or URL with {"$secret": name} and ${secret:name} filled in; adds the names to `used`.
  Result<std::string> fill(const json::value& text, Place place, std::set<std::string>& used) const;
  /// Takes the values of `used` out of a text that goes back to the plugin.
  std::string conceal(std::string text, const std::set<std::string>& used) const;

 private:
  bool matches(std::string_view pattern, const Target& target, bool& may_be_private) const;
  bool any(const std::vector<std::string>& patterns, const Target& target, bool& may_be_private) const;
  Result<std::string> secret(std::string_view name) const;

  std::string file_;
  bool bundled_;
  Permissions permissions_;
  json::value schema_;
  json::object settings_;
};

/// The settings as the plugin gets them: secrets that are set read {"$secret": name}.
json::object withhold_secrets(const Manifest& manifest, const json::object& settings);

}  // namespace hobd

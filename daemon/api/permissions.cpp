#include "api/permissions.hpp"

#include <fmt/format.h>

namespace hobd {
namespace {

std::string joined(const std::vector<std::string>& texts) {
  return texts.empty() ? std::string("none") : fmt::format("{}", fmt::join(texts, ", "));
}

std::string paired(const std::map<std::string, std::vector<std::string>>& secrets) {
  std::string text;
  for (const auto& [name, hosts] : secrets) text += fmt::format("{}{} to {}", text.empty() ? "" : "; ", name, joined(hosts));
  return text.empty() ? "none" : text;
}

}  // namespace

json::array permissions_json(const Manifest& manifest, std::string_view isolation) {
  const bool is_process = isolation == "process";
  const bool is_walled = is_process || manifest.language == Manifest::Language::lua;
  const std::string promise =
      fmt::format("a library inside hobd could go around it; plugins.isolation: {{{}: process}} would enforce it", manifest.id);
  json::array rows;
  const auto add = [&](std::string_view permission, std::string granted, std::string_view wall) {
    rows.push_back(json::object{{"permission", permission},
                                {"granted", std::move(granted)},
                                {"standing", is_walled ? "enforced" : "promised"},
                                {"by", is_walled ? wall : std::string_view(promise)}});
  };
  const Permissions& granted = manifest.permissions;
  std::vector<std::string> tools;
  for (const auto& [name, tool] : manifest.tools) tools.push_back(name);
  add("http", joined(granted.http), "hobd makes every request and follows no redirect elsewhere");
  add("secrets", paired(granted.secrets), "hobd fills them in for these hosts; the plugin never holds them");
  add("secrets.read", joined(granted.secrets_read), "hobd hands over these values alone");
  add("kv", granted.kv ? fmt::format("{} bytes", granted.kv) : "none", "hobd keeps the store and counts");
  add("methods", joined(granted.methods), "hobd checks the scope of each call");
  // Kept by hobd whatever the plugin is: it asks nobody else for a tool.
  rows.push_back(json::object{{"permission", "tools"}, {"granted", joined(tools)}, {"standing", "enforced"},
                              {"by", "hobd offers no tool that the manifest doesn't list"}});
  add("files, processes, network", "none",
      is_process ? "its process is confined by the kernel" : "the Lua sandbox has no way to them");
  return rows;
}

}  // namespace hobd

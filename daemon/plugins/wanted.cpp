#include "plugins/wanted.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

namespace hobd {
namespace {

constexpr std::string_view kOffline = "provider_offline";

/// A property's default stands where the config says nothing, so that plugin, routes and permissions see one value.
/// Not for a host that the permissions name: the owner didn't write that one, which UrlPolicy tells apart.
void fill_defaults(const Manifest& manifest, json::object& settings) {
  const json::object* schema = manifest.config_schema.if_object();
  const json::object* properties = schema ? object_at(*schema, "properties") : nullptr;
  if (!properties) return;
  for (const auto& [name, rule] : *properties) {
    const json::object* property = rule.if_object();
    const json::value* standard = property ? property->if_contains("default") : nullptr;
    const auto& hosts = manifest.permissions.http;
    const bool is_host = std::find(hosts.begin(), hosts.end(), "config:" + std::string(name)) != hosts.end();
    if (standard && !settings.contains(name) && (!is_host || manifest.bundled)) settings[name] = *standard;
  }
}

/// The route's path with each {config:KEY} as the setting says; one segment of a URL.
Result<std::string> resolve_path(const RouteManifest& route, const json::object& settings) {
  std::string out;
  std::string_view rest = route.pattern.empty() ? route.path : route.pattern;
  constexpr std::string_view kOpen = "{config:";
  for (std::size_t at = rest.find(kOpen); at != std::string_view::npos; at = rest.find(kOpen)) {
    const std::size_t end = rest.find('}', at);
    const std::string_view key = rest.substr(at + kOpen.size(), end - at - kOpen.size());
    const std::string_view value = string_or(settings, key);
    const bool is_segment = !value.empty() && value != "." && value != ".." && std::all_of(value.begin(), value.end(), [](unsigned char c) {
      return std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == '~';
    });
    if (!is_segment)
      return Error{Code::invalid, fmt::format("{}: it is a part of the path {}: write letters, digits, - and _", key, route.pattern)};
    out.append(rest.substr(0, at)).append(value);
    rest.remove_prefix(end + 1);
  }
  return out.append(rest);
}

Result<std::vector<RouteManifest>> resolve_routes(const Manifest& manifest, const json::object& settings) {
  std::vector<RouteManifest> routes = manifest.routes;
  for (RouteManifest& route : routes) route.path = TRY(resolve_path(route, settings));
  return routes;
}

/// What to take instead of a plugin that Hob is known to have one day; "" for any other name.
std::string_view not_shipped(std::string_view id) {
  if (id.starts_with("provider_")) return "provider_openai with base_url speaks to any server with OpenAI's chat completions";
  if (id == "channel_discord" || id == "channel_twilio" || id == "channel_sms") return "channel_webhook connects any program";
  return {};
}

class Collector {
 public:
  Collector(const Config& config, const Discovery& found, const std::set<std::string>& switched_off)
      : config_(config), found_(found), switched_off_(switched_off) {
    for (const auto& [id, unused] : found.plugins) ids_.push_back(id);
  }

  Wanted collect() {
    for (const auto& [name, settings] : config_.models.providers)
      configured(settings, "models.providers." + name, {"provider", "embedder"});
    for (const auto& [name, settings] : config_.channels) configured(settings, "channels." + name, {"channel"});
    if (const auto offline = found_.plugins.find(std::string(kOffline));
        offline != found_.plugins.end() && !taken_.contains("offline") && !disabled(offline->first) && !off("offline", offline->first))
      add("offline", offline->second, settings_of(offline->second), {});
    for (const auto& [id, manifest] : found_.plugins)
      if (runs_by_itself(manifest)) add(id, manifest, settings_of(manifest), {});
    for (const auto& [name, settings] : config_.tools.settings) unused_settings("tools." + name, settings, "tool_" + name);
    for (const auto& [id, settings] : config_.plugins.settings) unused_settings("plugins.config." + id, settings, id);
    for (const std::string& id : config_.plugins.disabled) {
      if (found_.plugins.contains(id))
        wanted_.missing.emplace_back(id, Error{Code::unavailable, "plugins.disabled lists it"});
      else
        fault(config_.plugins.mark_disabled, "plugins.disabled", unknown_plugin(id));
    }
    for (const std::string& name : switched_off_)
      if (found_.plugins.contains(name) && !disabled(name) && !is_missing(name))
        wanted_.missing.emplace_back(name, switched_off_error(name));
    for (const auto& path : config_.plugins.paths) check_folder(path);
    std::sort(wanted_.instances.begin(), wanted_.instances.end(),
              [](const WantedInstance& a, const WantedInstance& b) { return a.name < b.name; });
    return std::move(wanted_);
  }

 private:
  bool disabled(const std::string& id) const {
    return std::find(config_.plugins.disabled.begin(), config_.plugins.disabled.end(), id) != config_.plugins.disabled.end();
  }
  bool off(const std::string& instance, const std::string& id) const {
    return switched_off_.contains(instance) || switched_off_.contains(id);
  }
  static Error switched_off_error(const std::string& name) {
    return Error{Code::unavailable, fmt::format("switched off; hobctl plugin enable {} brings it back", name)};
  }
  bool is_missing(const std::string& name) const {
    return std::any_of(wanted_.missing.begin(), wanted_.missing.end(), [&](const auto& entry) { return entry.first == name; });
  }
  /// A tier may name an embedder plugin directly: "embed: [embedder_static]".
  bool named_as_embedder(const Manifest& manifest) const {
    const auto tier = config_.models.tiers.find("embed");
    return manifest.has_kind("embedder") && tier != config_.models.tiers.end() &&
           std::find(tier->second.begin(), tier->second.end(), manifest.id) != tier->second.end();
  }
  bool runs_by_itself(const Manifest& manifest) const {
    return (manifest.has_kind("tool") || manifest.autostart || named_as_embedder(manifest)) && !disabled(manifest.id) &&
           !off(manifest.id, manifest.id) && !plugins_in_use_.contains(manifest.id);
  }

  const PluginSettings* settings_of(const Manifest& manifest) const {
    if (manifest.id.starts_with("tool_")) {
      const auto found = config_.tools.settings.find(manifest.id.substr(5));
      if (found != config_.tools.settings.end()) return &found->second;
    }
    const auto found = config_.plugins.settings.find(manifest.id);
    return found == config_.plugins.settings.end() ? nullptr : &found->second;
  }

  void check_folder(const std::filesystem::path& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) return;
    std::vector<std::string> beside;
    for (const auto& entry : std::filesystem::directory_iterator(path.parent_path(), error)) beside.push_back(entry.path().filename().string());
    const std::string_view near = nearest(path.filename().string(), beside);
    fault(config_.plugins.mark_paths, "plugins.paths",
          fmt::format("{} is not a folder{}", path.string(),
                      near.empty() ? std::string() : fmt::format(", did you mean {}?", (path.parent_path() / near).string())));
  }

  void fault(const SourceMark& mark, std::string key, std::string message) {
    wanted_.faults.push_back({mark, std::move(key), std::move(message)});
  }
  std::string unknown_plugin(const std::string& id) const {
    const std::string_view near = nearest(id, ids_);
    if (const std::string_view instead = near.empty() ? not_shipped(id) : std::string_view{}; !instead.empty())
      return fmt::format("{} is not part of this version; {}", id, instead);
    return fmt::format("no plugin \"{}\" was found{}", id,
                       near.empty() ? std::string("; see plugins.paths") : fmt::format(", did you mean \"{}\"?", near));
  }

  void configured(const PluginSettings& settings, const std::string& key, const std::vector<std::string>& kinds) {
    const auto found = found_.plugins.find(settings.plugin);
    if (found == found_.plugins.end()) {
      const std::string why = unknown_plugin(settings.plugin);
      fault(settings.mark, key + ".plugin", why);
      wanted_.missing.emplace_back(settings.name, Error{Code::not_found, fmt::format("{}: {}", settings.mark.text(), why)});
      return;
    }
    const Manifest& manifest = found->second;
    if (std::none_of(kinds.begin(), kinds.end(), [&](const std::string& kind) { return manifest.has_kind(kind); })) {
      const std::string why = fmt::format("plugin \"{}\" is no {}", settings.plugin, fmt::join(kinds, " or "));
      fault(settings.mark, key + ".plugin", why);
      wanted_.missing.emplace_back(settings.name, Error{Code::invalid, fmt::format("{}: {}", settings.mark.text(), why)});
      return;
    }
    if (disabled(settings.plugin)) {
      wanted_.missing.emplace_back(settings.name,
                                   Error{Code::unavailable, fmt::format("plugins.disabled lists {}", settings.plugin)});
      return;
    }
    if (off(settings.name, settings.plugin)) {
      const bool by_name = switched_off_.contains(settings.name);
      wanted_.missing.emplace_back(settings.name, switched_off_error(by_name ? settings.name : settings.plugin));
      return;
    }
    add(settings.name, manifest, &settings, key);
  }

  void add(const std::string& name, const Manifest& manifest, const PluginSettings* settings, std::string key) {
    const SourceMark mark = settings ? settings->mark : SourceMark{};
    if (key.empty()) key = settings && config_.plugins.settings.contains(manifest.id) ? "plugins.config." + manifest.id
                           : manifest.id.starts_with("tool_")                         ? "tools." + manifest.id.substr(5)
                                                              : "plugins.config." + manifest.id;
    if (!taken_.insert(name).second) {
      const std::string why = fmt::format("the name \"{}\" is taken by another plugin instance; choose another", name);
      fault(mark, key, why);
      wanted_.missing.emplace_back(name, Error{Code::invalid, why});
      return;
    }
    plugins_in_use_.insert(manifest.id);
    json::object values = settings ? settings->settings : json::object{};
    const auto fits = check_settings(manifest, values, key);
    if (fits.has_error()) {
      const std::string place = mark.file.empty() ? std::string() : mark.text() + ": ";
      fault(mark, key, fits.error().message);
      wanted_.missing.emplace_back(name, Error{Code::invalid, place + fits.error().message});
      return;
    }
    fill_defaults(manifest, values);
    auto routes = resolve_routes(manifest, values);
    const Result<void> free = routes.has_error() ? Result<void>(routes.error()) : take_paths(name, *routes, settings != nullptr);
    if (free.has_error()) {
      fault(mark, key, free.error().message);
      wanted_.missing.emplace_back(name, Error{Code::invalid, free.error().message});
      return;
    }
    wanted_.instances.push_back({name, &manifest, *std::move(routes), std::move(values), mark, std::move(key)});
  }

  /// invalid: another instance has one of the paths. Plugins that the config doesn't speak of don't fail here: the
  /// registry leaves such a route out.
  Result<void> take_paths(const std::string& name, const std::vector<RouteManifest>& routes, bool is_configured) {
    for (const RouteManifest& route : routes)
      for (const std::string& method : route.methods) {
        const auto [place, fresh] = paths_.try_emplace(method + " " + route.path, name);
        if (!fresh && is_configured)
          return Error{Code::invalid, fmt::format("{} {} is served by {} already; {}", method, route.path, place->second,
                                                  route.path == route.pattern ? "a plugin with fixed paths runs once"
                                                                              : "give this one another path")};
      }
    return {};
  }

  static Result<void> check_settings(const Manifest& manifest, const json::object& values, const std::string& key) {
    if (manifest.config_schema.is_object()) return manifest.config_check.check(json::value(values), key);
    if (values.empty()) return {};
    return Error{Code::invalid, fmt::format("{}: plugin {} takes no settings", key, manifest.id)};
  }

  void unused_settings(const std::string& key, const PluginSettings& settings, const std::string& id) {
    if (!found_.plugins.contains(id)) fault(settings.mark, key, unknown_plugin(id));
  }

  const Config& config_;
  const Discovery& found_;
  const std::set<std::string>& switched_off_;
  std::vector<std::string> ids_;
  std::set<std::string> taken_, plugins_in_use_;
  std::map<std::string, std::string> paths_;  // "POST /hooks/a" -> the instance that serves it
  Wanted wanted_;
};

}  // namespace

Wanted wanted_instances(const Config& config, const Discovery& found, const std::set<std::string>& switched_off) {
  return Collector(config, found, switched_off).collect();
}

}  // namespace hobd

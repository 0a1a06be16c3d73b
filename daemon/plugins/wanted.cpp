#include "plugins/wanted.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace hobd {
namespace {

constexpr std::string_view kOffline = "provider_offline";

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
    for (const std::string& id : config_.plugins.disabled)
      if (found_.plugins.contains(id))
        wanted_.missing.emplace_back(id, Error{Code::unavailable, "plugins.disabled lists it"});
    for (const std::string& name : switched_off_)
      if (found_.plugins.contains(name) && !disabled(name) && !is_missing(name))
        wanted_.missing.emplace_back(name, switched_off_error(name));
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

  void fault(const SourceMark& mark, std::string key, std::string message) {
    wanted_.faults.push_back({mark, std::move(key), std::move(message)});
  }
  std::string unknown_plugin(const std::string& id) const {
    const std::string_view near = nearest(id, ids_);
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
    wanted_.instances.push_back({name, &manifest, std::move(values), mark, std::move(key)});
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
  Wanted wanted_;
};

}  // namespace

Wanted wanted_instances(const Config& config, const Discovery& found, const std::set<std::string>& switched_off) {
  return Collector(config, found, switched_off).collect();
}

}  // namespace hobd

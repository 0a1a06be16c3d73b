// Names of models: the tiers of the configuration, what a caller's word stands for, and which providers there are.
#pragma once

#include "config/config.hpp"
#include "plugins/registry.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hobd {

constexpr std::string_view kProviderExtension = "hob.provider/1";
constexpr std::string_view kOfflineModel = "offline/offline";
constexpr std::string_view kChatTiers[] = {"fast", "smart"};

/// "<provider>/<model>": the first '/' splits.
struct ModelName {
  std::string provider, model;
};
ModelName split_model_name(std::string_view name);

/// Thread: core.
class Tiers {
 public:
  Tiers(Registry& registry, std::shared_ptr<const Config> config) : registry_(registry), config_(std::move(config)) {}
  void set_config(std::shared_ptr<const Config> config) { config_ = std::move(config); }

  /// The models of a tier as the configuration names them; none: an unknown or empty tier.
  const std::vector<std::string>& of(std::string_view tier) const;
  /// Those of the other chat tier when it is empty, the offline one when both are.
  std::vector<std::string> of_or_fallback(std::string_view tier) const;
  /// What "tier/<tier>" or "<provider>/<model>" stands for. not_found: neither, and what there is; invalid: too long.
  Result<std::vector<std::string>> named(std::string_view model) const;
  /// "" for a model of no chat tier.
  std::string tier_of(std::string_view name) const;
  /// The models of all chat tiers, each once.
  std::vector<std::string> all() const;

  /// Whether the model's provider runs.
  bool is_up(std::string_view name) const;
  /// not_found: names the providers there are, and the one that may be meant.
  Error unknown_provider(const std::string& provider) const;

 private:
  std::vector<std::string> providers() const;

  Registry& registry_;
  std::shared_ptr<const Config> config_;  // shared with all who read it over a reload
};

}  // namespace hobd

#include "models/tiers.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace hobd {
namespace {

constexpr std::size_t kMaxModelName = 256;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text.empty() ? "none" : text;
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

ModelName split_model_name(std::string_view name) {
  const std::size_t slash = name.find('/');
  ModelName parts;
  parts.provider = name.substr(0, slash);
  if (slash != std::string_view::npos) parts.model = name.substr(slash + 1);
  return parts;
}

const std::vector<std::string>& Tiers::of(std::string_view tier) const {
  static const std::vector<std::string> kNone;
  const auto at = config_->models.tiers.find(std::string(tier));
  return at == config_->models.tiers.end() ? kNone : at->second;
}

std::vector<std::string> Tiers::of_or_fallback(std::string_view tier) const {
  for (const std::string_view name : {tier, tier == "fast" ? std::string_view("smart") : std::string_view("fast")})
    if (const auto& models = of(name); !models.empty()) return models;
  return {std::string(kOfflineModel)};
}

Result<std::vector<std::string>> Tiers::named(std::string_view model) const {
  if (model.starts_with("tier/")) {
    const std::string_view tier = model.substr(5);
    if (std::find(std::begin(kChatTiers), std::end(kChatTiers), tier) == std::end(kChatTiers))
      return Error{Code::not_found, "there is no tier \"" + std::string(tier) + "\" that answers: tier/fast, tier/smart"};
    return of_or_fallback(tier);
  }
  if (model.size() > kMaxModelName) return Error{Code::invalid, "a model's name has at most 256 bytes"};
  const ModelName name = split_model_name(model);
  if (name.model.empty())
    return Error{Code::not_found, "\"" + std::string(model) + "\" is not a model: write tier/fast, tier/smart or "
                                                              "<provider>/<model>; providers: " + joined(providers())};
  const Instance* instance = registry_.find(name.provider);
  if ((!instance || !instance->offers(kProviderExtension)) && !config_->models.providers.contains(name.provider))
    return unknown_provider(name.provider);
  return std::vector<std::string>{std::string(model)};
}

std::string Tiers::tier_of(std::string_view name) const {
  for (const std::string_view tier : kChatTiers)
    if (contains(of(tier), name)) return std::string(tier);
  return {};
}

std::vector<std::string> Tiers::all() const {
  std::vector<std::string> names;
  for (const std::string_view tier : kChatTiers)
    for (const std::string& name : of(tier))
      if (!contains(names, name)) names.push_back(name);
  return names;
}

bool Tiers::is_up(std::string_view name) const {
  const Instance* instance = registry_.find(split_model_name(name).provider);
  return instance && instance->state() == InstanceState::ready && instance->offers(kProviderExtension);
}

std::vector<std::string> Tiers::providers() const {
  std::vector<std::string> names;
  for (const Instance* instance : registry_.with_extension(kProviderExtension)) names.push_back(instance->name());
  return names;
}

Error Tiers::unknown_provider(const std::string& provider) const {
  const std::vector<std::string> names = providers();
  const std::string_view near = nearest(provider, names);
  std::string message = "there is no provider \"" + provider + "\"";
  if (!near.empty()) message += ", did you mean \"" + std::string(near) + "\"?";
  return {Code::not_found, message + "; providers: " + joined(names)};
}

}  // namespace hobd

#include "config/sections.hpp"

#include "base/text.hpp"
#include "config/checks.hpp"
#include "config/url_mask.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace hobd {
namespace {

using namespace std::chrono_literals;

/// The provider that is there without being configured: it needs no model.
constexpr std::string_view kOfflineProvider = "offline";
constexpr std::string_view kOfflineModel = "offline/offline";

/// One instance. `plugin` empty: the member must name its plugin. The plugin's own schema checks the settings
/// later.
std::optional<PluginSettings> read_instance(Section& parent, const YamlMember& member, std::string plugin,
                                            std::string_view example) {
  Reader& reader = parent.reader();
  const std::string path = parent.dotted(member.name);
  if (const std::string wrong = check_instance_name(member.name); !wrong.empty()) {
    parent.fault(member, wrong);
    return std::nullopt;
  }
  if (member.value.kind != YamlNode::Kind::map && member.value.kind != YamlNode::Kind::null) {
    parent.fault(member, fmt::format("must hold keys, such as {{plugin: {}}}", example));
    return std::nullopt;
  }
  const YamlMember* named = member.value.find("plugin");
  if (named) plugin = named->value.kind == YamlNode::Kind::scalar ? named->value.text : "";
  if (const std::string wrong = check_plugin_id(plugin); !wrong.empty()) {
    reader.fault(
        named ? named->line : member.line, path + ".plugin",
        named ? wrong : fmt::format("missing; write which plugin it is, such as plugin: {}", example));
    return std::nullopt;
  }
  json::object shown;
  shown["plugin"] = plugin;
  PluginSettings instance{member.name, plugin, {}, {reader.file, member.line}};
  for (const YamlMember& setting : member.value.members) {
    if (&setting == named) continue;
    json::value setting_shown;
    instance.settings[setting.name] = reader.to_json(setting.value, path + "." + setting.name, setting_shown);
    shown[setting.name] = std::move(setting_shown);
    const json::string* text = instance.settings[setting.name].if_string();
    if (text && setting.name == "base_url" && has_userinfo(*text))
      reader.fault(setting.line, path + ".base_url",
                   "holds a user name or password; put the key into api_key: \"${env:NAME}\" or \"${file:/path}\" and leave it out here");
  }
  parent.shown()[member.name] = std::move(shown);
  return instance;
}

void read_instances(Section& parent, std::map<std::string, PluginSettings>& out, std::string_view example) {
  parent.rest([&](const YamlMember& member) {
    if (auto instance = read_instance(parent, member, "", example))
      out.emplace(member.name, *std::move(instance));
  });
}

/// Those that models may be named of.
std::vector<std::string> provider_names(const Config::Models& models) {
  std::vector<std::string> names;
  for (const auto& [name, instance] : models.providers) names.push_back(name);
  if (!models.providers.contains(std::string(kOfflineProvider))) names.emplace_back(kOfflineProvider);
  return names;
}

/// "" when it is one of `names`.
std::string check_provider(std::string_view provider, const std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), provider) != names.end()) return {};
  const std::string_view near = nearest(provider, names);
  return fmt::format("no provider \"{}\" under models.providers{}", provider,
                     near.empty() ? fmt::format("; known: {}", fmt::join(names, ", ")) : fmt::format(", did you mean \"{}\"?", near));
}

/// "<provider>/<model>" of a provider that is there, or, for embeddings, an embedder plugin's id.
std::string check_tier_entry(std::string_view entry, bool is_embed,
                             const std::vector<std::string>& providers) {
  const std::size_t slash = entry.find('/');
  if (slash == std::string_view::npos) {
    if (is_embed && entry.starts_with("embedder_")) return check_plugin_id(entry);
    return is_embed ? "write <provider>/<model> or an embedder plugin's id, such as embedder_static"
                    : "write <provider>/<model>, such as offline/offline";
  }
  const std::string_view provider = entry.substr(0, slash);
  if (provider.empty() || slash + 1 == entry.size())
    return "write <provider>/<model>, such as offline/offline";
  return check_provider(provider, providers);
}

void read_tier(Section& tiers, std::string_view name, const std::vector<std::string>& providers,
               Config::Models& out) {
  const YamlMember* member = tiers.take(name);
  if (!member) return;
  Reader& reader = tiers.reader();
  const bool is_embed = name == "embed";
  if (member->value.kind != YamlNode::Kind::list)
    return tiers.fault(*member, fmt::format("must be a list, such as [{}]", kOfflineModel));
  if (!is_embed && member->value.items.empty())
    return tiers.fault(*member,
                       fmt::format("needs at least one model; write [{}] to do without", kOfflineModel));
  std::vector<std::string> entries;
  for (std::size_t i = 0; i < member->value.items.size(); ++i) {
    const YamlNode& item = member->value.items[i];
    const std::string wrong = item.kind == YamlNode::Kind::scalar
                                  ? check_tier_entry(item.text, is_embed, providers)
                                  : "write <provider>/<model>";
    if (wrong.empty())
      entries.push_back(item.text);
    else
      reader.fault(item.line, fmt::format("{}[{}]", tiers.dotted(name), i),
                   item.text.empty() ? wrong : fmt::format("\"{}\" is wrong: {}", item.text, wrong));
  }
  out.tiers.emplace(name, std::move(entries));
}

void read_tiers(Section tiers, Config::Models& out) {
  const std::vector<std::string> providers = provider_names(out);
  for (const std::string_view name : {"fast", "smart", "embed"}) read_tier(tiers, name, providers, out);
  tiers.done();
  // One of the two alone serves both, so that a single line is enough to connect a model.
  const auto fill = [&](const char* tier, const char* other) {
    if (out.tiers.contains(tier)) return;
    const auto it = out.tiers.find(other);
    out.tiers[tier] =
        it != out.tiers.end() ? it->second : std::vector<std::string>{std::string(kOfflineModel)};
  };
  fill("fast", "smart");
  fill("smart", "fast");
  out.tiers.try_emplace("embed");
  for (const auto& [name, entries] : out.tiers)
    tiers.shown()[name] = json::array(entries.begin(), entries.end());
}

void read_background(Section background, Config::Models& out) {
  background.flag("enabled", out.background.enabled);
  background.text("tier", out.background.tier);
  const std::string& tier = out.background.tier;
  const std::size_t slash = tier.find('/');
  std::string wrong;
  if (slash != std::string::npos) wrong = check_tier_entry(tier, false, provider_names(out));
  else if (tier != "fast" && tier != "smart") wrong = "write fast, smart or <provider>/<model>";
  if (!wrong.empty()) background.reader().fault(background.line_of("tier"), background.dotted("tier"), fmt::format("\"{}\" is wrong: {}", tier, wrong));
  background.number("share", out.background.share, {0, 1});
  background.whole("concurrent", out.background.concurrent, {1, 16});
  background.done();
}

/// A price is of "<provider>/<model>", or of a model of any provider, whose own name may have slashes too: one that no tier
/// knows either is likely mistyped.
void warn_of_unknown_provider(Section& prices, const YamlMember& member, const Config::Models& models) {
  const std::string& name = member.name;
  const std::size_t slash = name.find('/');
  if (slash == std::string::npos || name.starts_with("embedder_")) return;
  const std::string unknown = check_provider(std::string_view(name).substr(0, slash), provider_names(models));
  if (unknown.empty()) return;
  for (const auto& [tier, entries] : models.tiers)
    for (const std::string& entry : entries)
      if (entry.ends_with("/" + name)) return;
  prices.reader().warn(member.line, prices.dotted(name), fmt::format("{}; as it stands it is the price of a model called \"{}\" of any provider", unknown, name));
}

void read_prices(Section prices, Config::Models& models) {
  std::map<std::string, Config::Price>& out = models.prices;
  prices.rest([&](const YamlMember& member) {
    warn_of_unknown_provider(prices, member, models);
    json::object shown;
    Section price(prices.reader(), &member.value, prices.dotted(member.name), shown);
    Config::Price& usd = out[member.name];
    constexpr Range<double> kUsd = {0, 10'000};
    price.number("input", usd.input, kUsd);
    price.number("output", usd.output, kUsd);
    usd.has_input = member.value.find("input");
    usd.has_output = member.value.find("output");
    const auto optional = [&](std::string_view key, std::optional<double>& value) {
      if (!member.value.find(key)) return;
      double given = 0;
      price.number(key, given, kUsd);
      value = given;
    };
    optional("cached", usd.cached);
    optional("cache_write", usd.cache_write);
    price.whole("context_window", usd.context_window, {0, 100'000'000});
    price.whole("max_output", usd.max_output, {0, 100'000'000});
    price.done();
    prices.shown()[member.name] = std::move(shown);
  });
}

void read_isolation(Section isolation, Config::Plugins& out) {
  const auto choose = [&](std::string_view key, Isolation& value) {
    isolation.choice(key, value, {{"none", Isolation::none}, {"process", Isolation::process}});
  };
  choose("default", out.isolation_default);
  choose("bundled", out.isolation_bundled);
  std::vector<std::string> ids;
  isolation.rest([&](const YamlMember& member) {
    if (const std::string wrong = check_plugin_id(member.name); !wrong.empty())
      return isolation.fault(member, wrong);
    ids.push_back(member.name);
  });
  for (const std::string& id : ids) {
    Isolation chosen = Isolation::process;
    choose(id, chosen);
    out.isolation_of.emplace(id, chosen);
  }
}

}  // namespace

void read_models(Section models, Config::Models& out) {
  Section providers = models.section("providers");
  read_instances(providers, out.providers, "provider_openai");
  if (const auto taken = out.providers.find(std::string(kOfflineProvider)); taken != out.providers.end())
    models.reader().fault(taken->second.mark.line, "models.providers.offline",
                          "the name is taken by the provider that is there by itself; choose another");
  read_tiers(models.section("tiers"), out);

  Section router = models.section("router");
  router.choice("mode", out.router.mode,
                {{"auto", RouterMode::automatic}, {"fast", RouterMode::fast}, {"smart", RouterMode::smart}});
  router.flag("ask_model", out.router.ask_model);
  router.flag("escalate", out.router.escalate);
  router.done();

  Section times = models.section("times");
  times.duration("first_token", out.times.first_token, {std::chrono::milliseconds(100), std::chrono::minutes(30)});
  times.duration("stall", out.times.stall, {std::chrono::milliseconds(100), std::chrono::minutes(30)});
  times.whole("retries", out.times.retries, {0, 10});
  times.done();

  read_background(models.section("background"), out);

  models.whole("max_tokens", out.max_tokens, {16, 1'000'000});

  read_prices(models.section("prices"), out);

  Section budget = models.section("budget");
  constexpr Range<double> kUsd = {0, 1'000'000};
  constexpr Range<std::uint32_t> kTokens = {0, 4'000'000'000};
  budget.number("daily", out.budget.daily, kUsd);
  budget.number("monthly", out.budget.monthly, kUsd);
  budget.number("per_user_daily", out.budget.per_user_daily, kUsd);
  budget.number("per_user_monthly", out.budget.per_user_monthly, kUsd);
  budget.number("per_channel_daily", out.budget.per_channel_daily, kUsd);
  budget.number("per_job_daily", out.budget.per_job_daily, kUsd);
  budget.whole("daily_tokens", out.budget.daily_tokens, kTokens);
  budget.whole("monthly_tokens", out.budget.monthly_tokens, kTokens);
  budget.whole("per_user_daily_tokens", out.budget.per_user_daily_tokens, kTokens);
  budget.whole("per_channel_daily_tokens", out.budget.per_channel_daily_tokens, kTokens);
  budget.whole("per_job_daily_tokens", out.budget.per_job_daily_tokens, kTokens);
  budget.number("warn_at", out.budget.warn_at, {0, 1});
  budget.choice("on_limit", out.budget.on_limit,
                {{"downgrade", OnLimit::downgrade}, {"queue", OnLimit::queue}, {"deny", OnLimit::deny}});
  budget.done();
  models.done();
}

void read_channels(Section channels, std::map<std::string, PluginSettings>& out) {
  read_instances(channels, out, "channel_discord");
}

void read_tools(Section tools, Config::Tools& out) {
  tools.choice("approval", out.approval,
               {{"ask", Approval::ask}, {"never", Approval::never}, {"deny", Approval::deny}});
  tools.rest([&](const YamlMember& member) {
    if (nearest(member.name, std::vector<std::string>{"approval"}) == "approval" &&
        member.value.kind == YamlNode::Kind::scalar)
      return tools.fault(member, "unknown key, did you mean \"approval\"?");
    if (auto instance = read_instance(tools, member, "tool_" + member.name, "tool_" + member.name))
      out.settings.emplace(member.name, *std::move(instance));
  });
}

void read_plugins(Section plugins, Config::Plugins& out) {
  std::vector<std::string> paths;
  plugins.texts("paths", paths, check_absolute_path);
  out.paths.assign(paths.begin(), paths.end());
  plugins.texts("disabled", out.disabled, check_plugin_id);
  out.mark_paths = {plugins.reader().file, plugins.line_of("paths")};
  out.mark_disabled = {plugins.reader().file, plugins.line_of("disabled")};
  read_isolation(plugins.section("isolation"), out);

  Section config = plugins.section("config");
  config.rest([&](const YamlMember& member) {
    if (const std::string wrong = check_plugin_id(member.name); !wrong.empty())
      return config.fault(member, wrong);
    if (member.value.kind != YamlNode::Kind::map && member.value.kind != YamlNode::Kind::null)
      return config.fault(member,
                          "must hold the plugin's settings, such as {base_url: \"http://127.0.0.1:9000\"}");
    json::value shown;
    json::value settings = config.reader().to_json(member.value, config.dotted(member.name), shown);
    if (settings.is_null()) settings.emplace_object();
    if (shown.is_null()) shown.emplace_object();
    config.shown()[member.name] = std::move(shown);
    out.settings.emplace(
        member.name,
        PluginSettings{
            member.name, member.name, std::move(settings).as_object(), {config.reader().file, member.line}});
  });
  plugins.done();
}

}  // namespace hobd

// The parts of hob.yaml that are more than plain keys: plugin instances and the models that refer to them.
#pragma once

#include "config/reader.hpp"

namespace hobd {

/// models: providers, tiers, router, prices, budget.
void read_models(Section models, Config::Models& out);
/// channels: one instance a member.
void read_channels(Section channels, std::map<std::string, PluginSettings>& out);
/// tools: approval, and the settings of one tool plugin a member.
void read_tools(Section tools, Config::Tools& out);
/// plugins: paths, disabled, isolation, config.
void read_plugins(Section plugins, Config::Plugins& out);

}  // namespace hobd

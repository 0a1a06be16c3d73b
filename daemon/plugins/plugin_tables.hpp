// The extension tables that a plugin offers, and how a call enters them.
#pragma once

#include "hob/ext/channel.h"
#include "hob/ext/config.h"
#include "hob/ext/embedder.h"
#include "hob/ext/executor.h"
#include "hob/ext/method.h"
#include "hob/ext/provider.h"
#include "hob/ext/routes.h"
#include "hob/ext/timer.h"
#include "hob/ext/tool.h"

#include <cstdint>
#include <string_view>

namespace hobd {

/// Copies, cut to what the plugin's struct_size covers: a function beyond it, or one that is missing, is null.
struct PluginTables {
  hob_ext_tool tool{};
  hob_ext_provider provider{};
  hob_ext_embedder embedder{};
  hob_ext_channel channel{};
  hob_ext_routes routes{};
  hob_ext_method method{};
  hob_ext_config config{};
  hob_ext_operation operation{};
  hob_ext_timer timer{};
  hob_ext_executor executor{};

  bool offers(std::string_view extension) const;
};

/// Asks the plugin for each extension.
PluginTables read_tables(hob_plugin* plugin);

/// The texts of a call; which ones matter depends on the function (see PluginCall).
struct CallText {
  std::string_view name, payload, extra;
};

/// One function of one extension.
struct PluginFunction {
  const char* extension;
  const char* function;
  const char* log_name;
  bool (*present)(const PluginTables& tables);
  void (*enter)(const PluginTables& tables, hob_plugin* plugin, hob_id id, const CallText& call);
};
/// Null when the ABI has no such function.
const PluginFunction* find_function(std::string_view extension, std::string_view function);

/// A function's place in the table of all, which is how frames name it.
std::uint16_t function_place(const PluginFunction& function);
const PluginFunction* function_at(std::uint16_t place);
/// The functions that a plugin has, as a bit a place.
std::uint64_t functions_of(const PluginTables& tables);
/// Whether one of these belongs to `extension`.
bool offers_extension(std::uint64_t functions, std::string_view extension);

inline hob_str to_hob(std::string_view text) { return hob_str{text.data(), text.size()}; }

}  // namespace hobd

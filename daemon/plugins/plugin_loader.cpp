#include "plugins/plugin_loader.hpp"

#include "plugins/lua_runtime.hpp"
#include "plugins/native_library.hpp"
#include "plugins/plugin_error.hpp"

#include <fmt/format.h>

namespace hobd {

Result<hob_plugin*> load_plugin(const PluginCode& code, const hob_host* host) {
  if (code.language == PluginCode::Language::native) return load_native_plugin(code.file, code.id, host);
  hob_plugin* plugin = TRY(load_lua_plugin(code.file.string(), code.id, host));
  TRY(check_plugin(plugin));
  return plugin;
}

Result<void> activate_plugin(hob_plugin* plugin, std::string_view config) {
  hob_status status = HOB_INTERNAL;
  try {
    status = plugin->activate(plugin, hob_str{config.data(), config.size()});
  } catch (const std::exception& e) {
    return Error{Code::internal, fmt::format("activate() threw: {}", e.what())};
  } catch (...) {
    return Error{Code::internal, "activate() threw"};
  }
  if (status == HOB_OK) return {};
  const Code code = plugin_error(status, {}).code;
  return Error{code, fmt::format("activate() failed: {}; the log lines before this one say why", code_name(code))};
}

}  // namespace hobd

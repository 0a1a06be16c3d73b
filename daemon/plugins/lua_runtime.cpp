// The doors of the ABI: every function here catches everything and hands on to LuaPlugin.
#include "plugins/lua_runtime.hpp"

#include "plugins/lua_plugin.hpp"

#include "hob/ext/config.h"
#include "hob/ext/embedder.h"
#include "hob/ext/provider.h"
#include "hob/ext/routes.h"
#include "hob/ext/tool.h"

#include <cstring>
#include <memory>

namespace hobd {
namespace {

/// Runs `body`; nothing may cross the C ABI. What remains is want of memory: the caller's deadline ends the call.
template <class Body>
void shielded(Body body) noexcept {
  try {
    body();
  } catch (...) {
  }
}

void start(hob_plugin* plugin, hob_id call, const char* function,
           std::initializer_list<LuaPlugin::Argument> arguments) noexcept {
  shielded([&] { LuaPlugin::of(plugin).start_call(call, function, arguments); });
}

const hob_ext_operation kOperation = {
    sizeof(hob_ext_operation), 0,
    [](hob_plugin* plugin, hob_id operation, std::uint32_t kind, hob_str data) {
      shielded([&] { LuaPlugin::of(plugin).letter(operation, kind, from_hob(data)); });
    },
    [](hob_plugin* plugin, hob_id operation, hob_status status, hob_str result) {
      shielded([&] { LuaPlugin::of(plugin).end(operation, code_from_number(status), from_hob(result)); });
    }};

const hob_ext_timer kTimer = {sizeof(hob_ext_timer), 0, [](hob_plugin* plugin, hob_id timer) {
                                shielded([&] { LuaPlugin::of(plugin).fire(timer); });
                              }};

const hob_ext_tool kTool = {
    sizeof(hob_ext_tool), 0, [](hob_plugin* plugin, hob_id call) { start(plugin, call, "tool_describe", {}); },
    [](hob_plugin* plugin, hob_id call, hob_str name, hob_str arguments, hob_str context) {
      start(plugin, call, "tool_invoke", {from_hob(name), from_hob(arguments), from_hob(context)});
    }};

const hob_ext_provider kProvider = {
    sizeof(hob_ext_provider), 0,
    [](hob_plugin* plugin, hob_id call, hob_str request) {
      start(plugin, call, "provider_complete", {from_hob(request)});
    },
    [](hob_plugin* plugin, hob_id call) { start(plugin, call, "provider_models", {}); }};

const hob_ext_embedder kEmbedder = {
    sizeof(hob_ext_embedder), 0,
    [](hob_plugin* plugin, hob_id call) { start(plugin, call, "embedder_describe", {}); },
    [](hob_plugin* plugin, hob_id call, hob_str request) {
      start(plugin, call, "embedder_embed", {from_hob(request)});
    }};

const hob_ext_channel kChannel = {
    sizeof(hob_ext_channel), 0, [](hob_plugin* plugin, hob_id call) { start(plugin, call, "channel_start", {}); },
    [](hob_plugin* plugin, hob_id call) { start(plugin, call, "channel_stop", {}); },
    [](hob_plugin* plugin, hob_id call, hob_str message) {
      start(plugin, call, "channel_send", {from_hob(message)});
    }};

const hob_ext_routes kRoutes = {
    sizeof(hob_ext_routes), 0,
    [](hob_plugin* plugin, hob_id call, hob_str head, hob_str body) {
      start(plugin, call, "routes_request", {from_hob(head), from_hob(body)});
    },
    [](hob_plugin* plugin, hob_id call, std::int32_t is_text, hob_str data) {
      shielded([&] { LuaPlugin::of(plugin).message(call, is_text != 0, from_hob(data)); });
    }};

const hob_ext_method kMethod = {
    sizeof(hob_ext_method), 0,
    [](hob_plugin* plugin, hob_id call, hob_str method, hob_str params, hob_str user) {
      start(plugin, call, "method_invoke", {from_hob(method), from_hob(params), from_hob(user)});
    }};

const hob_ext_config kConfig = {sizeof(hob_ext_config), 0, [](hob_plugin* plugin, hob_id call, hob_str config) {
                                  start(plugin, call, "configure", {from_hob(config)});
                                }};

struct Offer {
  const char* id;
  const void* table;
};

const Offer kOffers[] = {{HOB_EXT_OPERATION, &kOperation}, {HOB_EXT_TIMER, &kTimer},       {HOB_EXT_TOOL, &kTool},
                         {HOB_EXT_PROVIDER, &kProvider},   {HOB_EXT_EMBEDDER, &kEmbedder}, {HOB_EXT_CHANNEL, &kChannel},
                         {HOB_EXT_ROUTES, &kRoutes},       {HOB_EXT_METHOD, &kMethod},     {HOB_EXT_CONFIG, &kConfig}};

hob_status activate(hob_plugin* plugin, hob_str config) {
  hob_status status = HOB_INTERNAL;
  shielded([&] { status = LuaPlugin::of(plugin).activate(from_hob(config)); });
  return status;
}

void cancel(hob_plugin* plugin, hob_id call) {
  shielded([&] { LuaPlugin::of(plugin).cancel(call); });
}

void destroy(hob_plugin* plugin) {
  shielded([&] { delete &LuaPlugin::of(plugin); });
}

const void* get_extension(hob_plugin* plugin, const char* id) {
  const void* table = nullptr;
  shielded([&] {
    for (const Offer& offer : kOffers)
      if (std::strcmp(offer.id, id) == 0 && LuaPlugin::of(plugin).offers(id)) table = offer.table;
  });
  return table;
}

}  // namespace

LuaPlugin::LuaPlugin(const hob_host* host, LuaLimits limits, std::filesystem::path folder)
    : abi_{sizeof(hob_plugin), HOB_ABI_MAJOR, HOB_ABI_MINOR, 0, this, hobd::activate, hobd::cancel, hobd::destroy,
           hobd::get_extension},
      host_(host),
      folder_(std::move(folder)),
      state_(limits),
      offers_{HOB_EXT_OPERATION, HOB_EXT_TIMER} {}

Result<hob_plugin*> load_lua_plugin(const std::string& file, const std::string& expected_id, const hob_host* host,
                                    LuaLimits limits) {
  try {
    const std::filesystem::path path(file);
    auto plugin = std::make_unique<LuaPlugin>(host, limits, path.parent_path());
    TRY(plugin->load(path, expected_id));
    return plugin.release()->abi();
  } catch (const std::bad_alloc&) {
    return Error{Code::overloaded, "load " + file + ": not enough memory"};
  }
}

}  // namespace hobd

#include "plugins/plugin_tables.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace hobd {
namespace {

template <class Table>
void read_table(hob_plugin* plugin, const char* id, Table& out) {
  const void* found = plugin->get_extension(plugin, id);
  if (!found) return;
  std::uint32_t size = 0;
  std::memcpy(&size, found, sizeof size);
  std::memcpy(static_cast<void*>(&out), found, std::min<std::size_t>(size, sizeof out));
}

// clang-format off
#define HOB_FUNCTION(id, table, function, ...)                                              \
  {id, #function, id " " #function, [](const PluginTables& t) { return t.table.function != nullptr; }, \
   [](const PluginTables& t, hob_plugin* p, hob_id call, [[maybe_unused]] const CallText& c) { t.table.function(p, call __VA_OPT__(,) __VA_ARGS__); }}

constexpr PluginFunction kFunctions[] = {
    HOB_FUNCTION(HOB_EXT_TOOL, tool, describe),
    HOB_FUNCTION(HOB_EXT_TOOL, tool, invoke, to_hob(c.name), to_hob(c.payload), to_hob(c.extra)),
    HOB_FUNCTION(HOB_EXT_PROVIDER, provider, complete, to_hob(c.payload)),
    HOB_FUNCTION(HOB_EXT_PROVIDER, provider, models),
    HOB_FUNCTION(HOB_EXT_EMBEDDER, embedder, describe),
    HOB_FUNCTION(HOB_EXT_EMBEDDER, embedder, embed, to_hob(c.payload)),
    HOB_FUNCTION(HOB_EXT_CHANNEL, channel, start),
    HOB_FUNCTION(HOB_EXT_CHANNEL, channel, stop),
    HOB_FUNCTION(HOB_EXT_CHANNEL, channel, send, to_hob(c.payload)),
    HOB_FUNCTION(HOB_EXT_ROUTES, routes, request, to_hob(c.payload), to_hob(c.extra)),
    HOB_FUNCTION(HOB_EXT_METHOD, method, invoke, to_hob(c.name), to_hob(c.payload), to_hob(c.extra)),
    HOB_FUNCTION(HOB_EXT_CONFIG, config, configure, to_hob(c.payload)),
};
#undef HOB_FUNCTION
// clang-format on

}  // namespace

PluginTables read_tables(hob_plugin* plugin) {
  PluginTables tables;
  read_table(plugin, HOB_EXT_TOOL, tables.tool);
  read_table(plugin, HOB_EXT_PROVIDER, tables.provider);
  read_table(plugin, HOB_EXT_EMBEDDER, tables.embedder);
  read_table(plugin, HOB_EXT_CHANNEL, tables.channel);
  read_table(plugin, HOB_EXT_ROUTES, tables.routes);
  read_table(plugin, HOB_EXT_METHOD, tables.method);
  read_table(plugin, HOB_EXT_CONFIG, tables.config);
  read_table(plugin, HOB_EXT_OPERATION, tables.operation);
  read_table(plugin, HOB_EXT_TIMER, tables.timer);
  read_table(plugin, HOB_EXT_EXECUTOR, tables.executor);
  return tables;
}

bool PluginTables::offers(std::string_view extension) const { return offers_extension(functions_of(*this), extension); }

std::uint16_t function_place(const PluginFunction& function) { return std::uint16_t(&function - kFunctions); }

const PluginFunction* function_at(std::uint16_t place) {
  return place < std::size(kFunctions) ? &kFunctions[place] : nullptr;
}

std::uint64_t functions_of(const PluginTables& tables) {
  static_assert(std::size(kFunctions) <= 64);
  std::uint64_t out = 0;
  for (std::size_t place = 0; place < std::size(kFunctions); ++place)
    if (kFunctions[place].present(tables)) out |= std::uint64_t{1} << place;
  return out;
}

bool offers_extension(std::uint64_t functions, std::string_view extension) {
  for (std::size_t place = 0; place < std::size(kFunctions); ++place)
    if ((functions >> place & 1) && extension == kFunctions[place].extension) return true;
  return false;
}

const PluginFunction* find_function(std::string_view extension, std::string_view function) {
  for (const PluginFunction& entry : kFunctions)
    if (extension == entry.extension && function == entry.function) return &entry;
  return nullptr;
}

}  // namespace hobd

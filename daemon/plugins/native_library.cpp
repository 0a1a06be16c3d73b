#include "plugins/native_library.hpp"

#include "plugins/plugin_error.hpp"

#include <boost/dll/shared_library.hpp>
#include <dlfcn.h>
#include <fmt/format.h>

#include <cstddef>

namespace hobd {
namespace {

template <class Member>
constexpr std::size_t end_of(std::size_t offset) {
  return offset + sizeof(Member);
}

Result<const hob_entry*> load_entry(const std::filesystem::path& file) {
  namespace dll = boost::dll;
  try {
    dll::shared_library library(file, dll::load_mode::rtld_now | dll::load_mode::rtld_local);
    // Unloading is a no-op in most g++ builds and a crash in the rest: keep the library for good.
    if (!::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE | RTLD_NOLOAD))
      return Error{Code::unavailable, ::dlerror()};
    if (!library.has(HOB_ENTRY_SYMBOL))
      return Error{Code::invalid, "it exports no " HOB_ENTRY_SYMBOL "; define  const hob_entry hob_plugin_entry"};
    return &library.get<const hob_entry>(HOB_ENTRY_SYMBOL);
  } catch (const std::exception& e) {
    return Error{Code::unavailable, fmt::format("can't be loaded: {}", e.what())};
  }
}

Result<void> check_abi(std::uint32_t major, std::string_view what) {
  if (major == HOB_ABI_MAJOR) return {};
  return Error{Code::unsupported, fmt::format("its {} is of plugin ABI {}; this Hob speaks {}", what, major, HOB_ABI_MAJOR)};
}

Result<hob_plugin*> load(const std::filesystem::path& file, std::string_view expected_id, const hob_host* host) {
  const hob_entry* entry = TRY(load_entry(file));
  if (entry->struct_size < end_of<decltype(entry->create)>(offsetof(hob_entry, create)))
    return Error{Code::invalid, fmt::format("its hob_entry has struct_size {}, shorter than the {} of ABI 1",
                                            entry->struct_size, sizeof(hob_entry))};
  TRY(check_abi(entry->abi_major, "entry"));
  const std::string_view id = entry->plugin_id ? entry->plugin_id : "";
  if (id != expected_id)
    return Error{Code::invalid, fmt::format("it calls itself \"{}\", its manifest \"{}\"; make them equal", id, expected_id)};
  if (!entry->create) return Error{Code::invalid, "its hob_entry has no create()"};
  hob_plugin* plugin = nullptr;
  hob_status status = HOB_INTERNAL;
  try {
    status = entry->create(host, &plugin);
  } catch (const std::exception& e) {
    return Error{Code::internal, fmt::format("create() threw: {}", e.what())};
  } catch (...) {
    return Error{Code::internal, "create() threw"};
  }
  if (status != HOB_OK) {
    const Code code = plugin_error(status, {}).code;
    return Error{code, fmt::format("create() failed: {}", code_name(code))};
  }
  const auto whole = check_plugin(plugin);
  if (whole.has_error()) return whole.error();
  return plugin;
}

}  // namespace

Result<void> check_plugin(const hob_plugin* plugin) {
  if (!plugin) return Error{Code::invalid, "create() gave no plugin"};
  if (plugin->struct_size < end_of<decltype(plugin->get_extension)>(offsetof(hob_plugin, get_extension)))
    return Error{Code::invalid, fmt::format("its hob_plugin has struct_size {}, shorter than the {} of ABI 1",
                                            plugin->struct_size, sizeof(hob_plugin))};
  TRY(check_abi(plugin->abi_major, "hob_plugin"));
  if (!plugin->activate || !plugin->cancel || !plugin->destroy || !plugin->get_extension)
    return Error{Code::invalid, "its hob_plugin lacks one of activate, cancel, destroy, get_extension"};
  return {};
}

Result<hob_plugin*> load_native_plugin(const std::filesystem::path& file, std::string_view id, const hob_host* host) {
  auto plugin = load(file, id, host);
  if (plugin.has_error()) return plugin.error().with_context(file.string());
  return plugin;
}

}  // namespace hobd

// The library, its entry and its life from create() to destroy().
#include "plugin_kit/check.hpp"
#include "plugin_kit/elf.hpp"
#include "plugin_kit/probe.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

namespace hobd::kit {
namespace {

bool is_native(const Subject& subject) { return subject.manifest.language == Manifest::Language::native; }
Verdict only_native() { return skip("a script has no library"); }

Result<const hob_entry*> entry_of(const Subject& subject) {
  try {
    return hob::test::Host::entry_of(subject.manifest.code.string());
  } catch (const std::exception& e) {
    return Error{Code::invalid, e.what()};
  }
}

Result<Verdict> manifest_whole(const Subject& subject) {
  const Manifest& m = subject.manifest;
  if (m.description.empty()) return warn("\"description\" is empty: hobctl plugin list shows it");
  return pass(fmt::format("{} {}, kind {}", m.id, m.version, fmt::join(m.kinds, ", ")));
}

Result<Verdict> exports(const Subject& subject) {
  if (!is_native(subject)) return only_native();
  const DynamicSymbols symbols = TRY(read_dynamic_symbols(subject.manifest.code));
  std::vector<std::string> more;
  bool has_entry = false;
  for (const std::string& name : symbols.exported) {
    if (name == HOB_ENTRY_SYMBOL) has_entry = true;
    else more.push_back(name);
  }
  if (!has_entry) return fail("it exports no " HOB_ENTRY_SYMBOL ": define it with HOB_PLUGIN or HOB_EXPORT");
  if (more.empty()) return pass("exports " HOB_ENTRY_SYMBOL " alone");
  more.resize(std::min<std::size_t>(more.size(), 3));
  return fail(fmt::format("exports {} symbols besides its entry ({}): build with hob_add_plugin(), which hides them", symbols.exported.size() - 1, fmt::join(more, ", ")));
}

Result<Verdict> unique(const Subject& subject) {
  if (!is_native(subject)) return only_native();
  const DynamicSymbols symbols = TRY(read_dynamic_symbols(subject.manifest.code));
  if (symbols.unique.empty()) return pass("no symbol is shared with other plugins");
  return fail(fmt::format("{} is STB_GNU_UNIQUE: two plugins would share it; build with hob_add_plugin()", symbols.unique.front()));
}

Result<Verdict> imports(const Subject& subject) {
  if (!is_native(subject)) return only_native();
  static constexpr std::string_view kForbidden[] = {"fork", "vfork", "posix_spawn", "posix_spawnp", "system", "popen", "execv", "execve", "execvp", "execl", "execlp",
                                                    "exit", "_exit", "_Exit", "quick_exit", "chdir", "fchdir", "setlocale", "umask", "signal", "sigaction", "daemon"};
  const DynamicSymbols symbols = TRY(read_dynamic_symbols(subject.manifest.code));
  std::vector<std::string> found;
  for (const std::string& name : symbols.imported)
    if (std::find(std::begin(kForbidden), std::end(kForbidden), name) != std::end(kForbidden)) found.push_back(name);
  if (found.empty()) return pass("links none of fork, exec, exit, chdir, setlocale, umask, signal");
  return warn(fmt::format("links {}: such calls change the whole daemon, and kill the plugin in a process of its own", fmt::join(found, ", ")));
}

Result<Verdict> entry(const Subject& subject) {
  if (!is_native(subject)) return only_native();
  const hob_entry* found = TRY(entry_of(subject));
  if (found->struct_size < sizeof(hob_entry)) return fail(fmt::format("struct_size is {}, shorter than the {} of ABI 1", found->struct_size, sizeof(hob_entry)));
  if (found->abi_major != HOB_ABI_MAJOR) return fail(fmt::format("abi_major is {}, this Hob speaks {}", found->abi_major, HOB_ABI_MAJOR));
  if (!found->create) return fail("create is null");
  if (!found->plugin_id || subject.manifest.id != found->plugin_id)
    return fail(fmt::format("plugin_id is \"{}\", the manifest's id \"{}\"; make them equal", found->plugin_id ? found->plugin_id : "", subject.manifest.id));
  if (found->reserved != 0) return fail("reserved is not 0");
  return pass(fmt::format("ABI {}.{}, id {}", found->abi_major, found->abi_minor, found->plugin_id));
}

Result<Verdict> create_destroy(const Subject& subject) {
  Bench bench(subject);
  TRY(bench.create());
  bench.host.destroy();
  return pass("created and destroyed without being activated");
}

Result<Verdict> plugin_struct(const Subject& subject) {
  Bench bench(subject);
  TRY(bench.create());  // the loader checks sizes and functions
  const hob_plugin* plugin = bench.host.plugin();
  if (plugin->reserved != 0) return fail("reserved is not 0");
  return pass(fmt::format("struct_size {}, all four functions are there", plugin->struct_size));
}

Result<Verdict> life(const Subject& subject) {
  Bench bench(subject);
  TRY(bench.start());
  bench.host.run();
  bench.host.destroy();
  return pass("created, activated, destroyed");
}

Result<Verdict> twice(const Subject& subject) {
  Bench first(subject), second(subject);
  TRY(first.start());
  TRY(second.start());
  if (first.host.plugin() == second.host.plugin()) return fail("create() gave the same plugin twice: it keeps global state");
  first.host.destroy();
  for (const Probe& probe : TRY(probes_of(second))) TRY(well_formed(probe, settled(second.host, probe)));
  if (first.host.second_answers + first.host.stray_answers > 0) return fail("the second instance answered through the first one's host");
  return pass("two instances in one process keep apart");
}

Result<Verdict> again(const Subject& subject) {
  for (int i = 0; i < 20; ++i) {
    Bench bench(subject);
    TRY(bench.start());
  }
  return pass("started and stopped 20 times in one process");
}

Result<Verdict> newer_host(const Subject& subject) {
  Bench bench(subject);
  bench.host.raw().struct_size += 64;
  bench.host.raw().abi_minor = 7;
  const auto started = bench.start();
  if (started.has_error()) return fail("a host of a later minor version was refused: " + started.error().message);
  return pass("a host of a later minor version is as good");
}

Result<Verdict> wrong_host(const Subject& subject) {
  if (!is_native(subject)) return skip("the Lua runtime comes with the host");
  Bench bench(subject);
  bench.host.raw().abi_major = 2;
  const auto created = bench.create();
  if (created.has_error()) return pass("a host of another major version is refused");
  return warn("create() does not look at the host's abi_major");
}

Result<Verdict> poor_host(const Subject& subject) {
  hob::test::Options options = Bench::options_for(subject);
  options.withheld = {HOB_HOST_HTTP, HOB_HOST_WEBSOCKET, HOB_HOST_KV, HOB_HOST_SECRET, HOB_HOST_METHOD, HOB_HOST_CHANNEL, HOB_HOST_TIMER, HOB_HOST_EXECUTOR, HOB_HOST_CLOCK, HOB_HOST_LOG};
  Bench bench(subject, std::move(options));
  const auto started = bench.start();
  if (started.has_error()) return pass("without any service it refuses to start, in order: " + started.error().message);
  const auto probes = probes_of(bench);
  if (probes.has_error()) return pass("without any service it says so: " + probes.error().message);
  for (const Probe& probe : *probes) {
    const auto& answer = settled(bench.host, probe);
    if (!answer.done) return fail(probe.name + ": no answer when a service is null");
  }
  return pass("services that are null are errors, not crashes");
}

Result<Verdict> unknown_extension(const Subject& subject) {
  Bench bench(subject);
  TRY(bench.create());
  for (const char* id : {"hob.nothing/1", "hob.tool/999", "", "hob.tool", "hob.host.http/1"})
    if (bench.host.offers<void>(id)) return fail(fmt::format("get_extension(\"{}\") is not null", id));
  return pass("extensions it does not know are null");
}

struct TableRule {
  const char* kind;
  const char* id;
  std::size_t functions;  // pointers after the two words of the head that must be there
};
constexpr TableRule kTables[] = {{"tool", HOB_EXT_TOOL, 2},       {"provider", HOB_EXT_PROVIDER, 2}, {"embedder", HOB_EXT_EMBEDDER, 2},
                                 {"channel", HOB_EXT_CHANNEL, 3}, {"routes", HOB_EXT_ROUTES, 1},     {"method", HOB_EXT_METHOD, 1},
                                 {"", HOB_EXT_CONFIG, 1},         {"", HOB_EXT_OPERATION, 2},        {"", HOB_EXT_TIMER, 1},
                                 {"", HOB_EXT_EXECUTOR, 2}};

Result<Verdict> tables(const Subject& subject) {
  Bench bench(subject);
  TRY(bench.create());
  int count = 0;
  for (const TableRule& rule : kTables) {
    const void* table = bench.host.offers<void>(rule.id);
    if (!table) continue;
    ++count;
    std::uint32_t size = 0;
    std::memcpy(&size, table, sizeof size);
    const std::size_t wanted = 2 * sizeof(std::uint32_t) + rule.functions * sizeof(void*);
    if (size < wanted) return fail(fmt::format("{}: struct_size is {}, shorter than {}", rule.id, size, wanted));
    for (std::size_t i = 0; i < rule.functions; ++i) {
      void* function = nullptr;
      std::memcpy(&function, static_cast<const char*>(table) + 2 * sizeof(std::uint32_t) + i * sizeof(void*), sizeof function);
      if (!function) return fail(fmt::format("{}: function {} is null", rule.id, i + 1));
    }
    if (bench.host.offers<void>(rule.id) != table) return fail(fmt::format("{}: another table on the second time of asking", rule.id));
  }
  return pass(fmt::format("{} tables, whole", count));
}

Result<Verdict> kinds(const Subject& subject) {
  Bench bench(subject);
  TRY(bench.start());
  for (const TableRule& rule : kTables) {
    if (!*rule.kind) continue;
    const bool offered = bench.host.offers<void>(rule.id) != nullptr, listed = subject.manifest.has_kind(rule.kind);
    if (offered && !listed) return fail(fmt::format("the code offers {}, \"kind\" in the manifest lacks \"{}\"", rule.id, rule.kind));
    if (!offered && listed) return fail(fmt::format("\"kind\" lists \"{}\", the code does not offer {}", rule.kind, rule.id));
  }
  return pass("the manifest's kinds are what the code offers");
}

constexpr Check kChecks[] = {
    {"manifest.whole", "plugin.json says what the plugin is", manifest_whole},
    {"manifest.kinds", "\"kind\" and the code agree", kinds},
    {"library.exports", "hob_plugin_entry is the one exported symbol", exports},
    {"library.unique", "no symbol is shared over all libraries of the process", unique},
    {"library.imports", "nothing is linked that a plugin must not call", imports},
    {"library.entry", "the entry's sizes, version and id are right", entry},
    {"life.struct", "the plugin's struct is whole", plugin_struct},
    {"life.create", "a plugin that is never activated is destroyed in order", create_destroy},
    {"life.activate", "create, activate, destroy", life},
    {"life.twice", "two instances live in one process", twice},
    {"life.again", "starting and stopping can be repeated", again},
    {"host.newer", "a host of a later minor version is accepted", newer_host},
    {"host.major", "a host of another major version is refused", wrong_host},
    {"host.poor", "a service that is null is handled", poor_host},
    {"extension.unknown", "an unknown extension is null", unknown_extension},
    {"extension.tables", "tables have their size and functions", tables},
};

}  // namespace

std::span<const Check> load_checks() { return kChecks; }

}  // namespace hobd::kit

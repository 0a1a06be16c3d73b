// The plugin that the kit works on: found on disk, its manifest read, with the author's own samples (check.json).
//
// check.json lies beside plugin.json, in the project or in the folder that is checked. All members may be absent:
//   {"config": {...},                         what activate() gets; made up from config_schema without it
//    "secrets": {"name": "value"},            what a granted raw secret reads
//    "tools": {"forecast": {"town":"Oslo"}},  arguments that a tool answers well
//    "http": [{"url":"https://api.example.org/*", "method"?, "status":200, "headers":{}, "body":"..." or any JSON, "file":"recorded.sse"}],
//    "chat": {...}, "message": {...}, "texts": ["..."],   a provider's request, a channel's message, an embedder's input
//    "routes": [{"route":"/hooks/{name}", "method":"POST", "path":"/hooks/home", "params":{}, "query":{}, "headers":{}, "body":"..."}],
//    "methods": {"weather.now": {...}},       params of provided methods
//    "answers": {"memory.search": {...}}}     what the daemon's methods answer
// An "url" that ends with * stands for all that begin so; the first entry that fits answers, again and again.
#pragma once

#include "plugins/manifest.hpp"

#include <hob/testkit.hpp>

#include <filesystem>
#include <optional>
#include <string>

namespace hobd::kit {

/// Whether the plugin is held to the rules of those that ship with Hob or to a stranger's (routes, scopes).
enum class Origin { stranger, bundled };

struct Subject {
  Manifest manifest;
  std::filesystem::path folder;  // of the manifest
  json::object samples;          // check.json
  std::filesystem::path samples_folder;
  json::object config;           // what activate() gets
};

/// The manifest that belongs to `path`: a .so, a .lua, a plugin.json, or a folder that holds one (also a project whose build
/// folder holds it). not_found: says where it looked.
Result<std::filesystem::path> find_manifest(const std::filesystem::path& path);

/// Reads all of it. `samples`: another check.json; empty: the one beside. Errors name the file.
Result<Subject> read_subject(const std::filesystem::path& path, Origin origin, const std::filesystem::path& samples);

/// The services that this manifest is not granted, as the daemon withholds them.
std::set<std::string> withheld_services(const Manifest& manifest);

/// Loads the library or runs the script, with a host of the caller's. Blocks.
Result<hob_plugin*> load_plugin(const Manifest& manifest, const hob_host* host);

/// A plugin with its scripted host, in this process.
class Bench {
 public:
  explicit Bench(const Subject& subject) : Bench(subject, options_for(subject)) {}
  Bench(const Subject& subject, hob::test::Options options);
  static hob::test::Options options_for(const Subject& subject);

  /// Loads it; the error says why it could not be.
  Result<void> create();
  /// create() and activate() with the subject's config.
  Result<void> start();
  /// The last line that the plugin logged, as ": text"; empty if there is none.
  std::string last_words() const;

  const Subject& subject;
  hob::test::Host host;
};

/// Reads a file of at most 16 MiB.
Result<std::string> read_file(const std::filesystem::path& file);

}  // namespace hobd::kit

// plugin.json: what a plugin is, offers and wants, known without running its code.
//
// The document's full form is written down in sdk/README.md ("The manifest"). A Lua plugin is a folder
// with plugin.json and main.lua, or one file NAME.lua with NAME.json beside it.
#pragma once

#include "base/json.hpp"
#include "base/schema.hpp"

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hobd {

enum class ToolEffect { read, write, external };
std::string_view tool_effect_name(ToolEffect effect) noexcept;

struct ToolManifest {
  std::string name, description;
  json::value parameters;  // JSON Schema of an object; null: describe() tells
  ToolEffect effect = ToolEffect::external;
  bool idempotent = false;
  std::chrono::milliseconds deadline{30'000};
};

struct RouteManifest {
  std::string path;  // "/chat/conversations/{id}"; of an instance: with its settings filled in
  std::vector<std::string> methods;
  /// local: none on a loopback listener, for a caller from this machine; user anywhere else.
  enum class Auth { user, admin, none, local } auth = Auth::user;
  enum class Errors { hob, openai } errors = Errors::hob;
  bool rate_limited = true;
  bool websocket = false;
  // For people and the OpenAPI document; nothing is checked against them.
  std::string summary = {};
  json::value request = {};  // schema of the body; null: not told
  json::object query = {};   // name -> what it is for
  std::string pattern = {};  // the path as the manifest wrote it: what the plugin knows the route by; "": the path
};

struct MethodManifest {
  std::string name, scope, doc;
  json::value params, result;  // JSON Schemas
  bool streaming = false;
};

struct ChannelManifest {
  std::size_t max_message = 0;  // 0: no limit
  std::string count = "codepoints";  // utf16 | codepoints | bytes
  std::string markdown = "commonmark";  // none | discord | commonmark
  bool idempotent_send = false;
  double per_second = 0;  // 0: no limit
  /// Two transports of one account may be open at once: a reload then opens the new one before it shuts the old one.
  bool overlap = false;
};

struct Permissions {
  std::vector<std::string> http;  // host patterns and "config:KEY"
  std::map<std::string, std::vector<std::string>> secrets;  // config key -> host patterns
  std::vector<std::string> secrets_read;
  std::uint64_t kv = 0;  // quota in bytes; 0: no kv
  std::vector<std::string> methods;  // scopes; "*" only for bundled plugins
};

struct Manifest {
  enum class Language { native, lua } language = Language::native;
  std::string id, version, description;
  std::uint32_t abi_major = 1, abi_minor = 0;
  std::vector<std::string> kinds;  // tool channel provider embedder routes method
  std::map<std::string, ToolManifest> tools;
  std::vector<RouteManifest> routes;
  std::vector<MethodManifest> methods;
  std::optional<ChannelManifest> channel;
  Permissions permissions;
  json::value config_schema;
  Schema config_check;
  bool autostart = false;  // loaded without a config entry; tool plugins always are
  bool bundled = false;    // lies in a folder that ships with Hob
  std::filesystem::path file;  // plugin.json
  std::filesystem::path code;  // the .so or .lua

  bool has_kind(std::string_view kind) const;
};

/// Whether `name` is what people call the plugin `id` for short: what stands behind the last dot of "org.example.count".
bool is_short_name(std::string_view name, std::string_view id) noexcept;

/// Reads and checks one manifest. invalid: names the file, the member and what to write instead. denied: the
/// manifest or the code is world-writable or owned by someone other than root or this user.
Result<Manifest> read_manifest(const std::filesystem::path& file, bool bundled);

struct Discovery {
  std::map<std::string, Manifest> plugins;  // by id; the first path wins
  std::vector<Error> faults;                // one a manifest that was refused; the others still load
  std::map<std::filesystem::path, Error> refused;  // those of the faults that belong to a manifest, by its file
};

/// Finds the manifests below each folder: DIR/*/plugin.json and DIR/*.json beside a .lua or .so.
Discovery discover_plugins(const std::vector<std::filesystem::path>& bundled,
                           const std::vector<std::filesystem::path>& others);

}  // namespace hobd

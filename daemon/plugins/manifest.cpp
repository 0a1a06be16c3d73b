#include "plugins/manifest.hpp"

#include "plugins/manifest_reader.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace hobd {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxManifest = 1 << 20;  // bytes

bool is_name(std::string_view text, std::string_view extra, std::size_t most) {
  if (text.empty() || text.size() > most) return false;
  return std::all_of(text.begin(), text.end(), [&](unsigned char c) {
    return std::isalnum(c) || extra.find(char(c)) != std::string_view::npos;
  });
}

/// Someone else could change what the daemon would run.
Result<void> check_owner(const fs::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return Error{Code::not_found, path.string() + ": no such file"};
  if (info.st_uid != 0 && info.st_uid != ::geteuid())
    return Error{Code::denied, fmt::format("{}: belongs to user {}; it must belong to root or to the daemon's user",
                                           path.string(), info.st_uid)};
  if ((info.st_mode & S_IWOTH) && !(S_ISDIR(info.st_mode) && (info.st_mode & S_ISVTX)))
    return Error{Code::denied, fmt::format("{}: everyone may write it; run chmod o-w on it", path.string())};
  return {};
}

Result<json::value> read_schema(const ManifestObject& from, std::string_view key) {
  const json::object* object = TRY(from.object(key));
  if (!object) return json::value(nullptr);
  json::value document(*object);
  const auto compiled = Schema::compile(document);
  if (compiled.has_error()) return from.fault(key, compiled.error().message);
  return document;
}

Result<void> read_tools(const ManifestObject& top, Manifest& manifest) {
  const json::object* tools = TRY(top.object("tools"));
  if (!tools) return {};
  const ManifestObject list(*tools, "tools");
  for (const auto& [key, value] : *tools) {
    const std::string name(key);
    if (!is_name(name, "_-", 64)) return list.fault(name, "a tool's name is 1 to 64 letters, digits, _ and -");
    const json::object* object = TRY(list.object(name));
    const ManifestObject entry(*object, list.at(name));
    TRY(entry.only({"description", "parameters", "effect", "idempotent", "deadline_s"}));
    ToolManifest tool;
    tool.name = name;
    tool.description = TRY(entry.text("description"));
    tool.parameters = TRY(read_schema(entry, "parameters"));
    const std::string effect = TRY(entry.choice("effect", {"external", "read", "write"}));
    tool.effect = effect == "read" ? ToolEffect::read : effect == "write" ? ToolEffect::write : ToolEffect::external;
    tool.idempotent = TRY(entry.flag("idempotent", false));
    const double deadline = TRY(entry.number("deadline_s", 30, 0.001, 86'400));
    tool.deadline = std::chrono::milliseconds(std::int64_t(deadline * 1000));
    manifest.tools.emplace(name, std::move(tool));
  }
  return {};
}

bool has_setting(const Manifest& manifest, std::string_view name) {
  const json::object* schema = manifest.config_schema.if_object();
  const json::object* properties = schema ? object_at(*schema, "properties") : nullptr;
  return properties && properties->contains(name);
}

Result<void> check_route_path(const ManifestObject& entry, const std::string& path, const Manifest& manifest) {
  if (path.empty() || path.front() != '/') return entry.fault("path", "must begin with /");
  if (!manifest.bundled && !path.starts_with("/hooks/"))
    return entry.fault("path", fmt::format("\"{}\": a plugin that doesn't ship with Hob gets paths below /hooks/ only", path));
  const auto segments = split(std::string_view(path).substr(1), '/');
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const std::string_view s = segments[i];
    if (s.find_first_of("{}") == std::string_view::npos) continue;
    const bool whole = s.size() > 2 && s.front() == '{' && s.back() == '}';
    std::string_view name = whole ? s.substr(1, s.size() - 2) : std::string_view{};
    if (name.starts_with("config:")) {
      name.remove_prefix(7);
      if (has_setting(manifest, name)) continue;
      return entry.fault("path", fmt::format("\"{}\": config_schema has no property \"{}\"", s, name));
    }
    if (name.ends_with('*') && i + 1 == segments.size()) name.remove_suffix(1);
    if (!is_name(name, "_", 64))
      return entry.fault("path", fmt::format("\"{}\" is not a parameter; write {{name}}, {{config:KEY}}, or {{name*}} as the last segment", s));
  }
  return {};
}

Result<void> read_routes(const ManifestObject& top, Manifest& manifest) {
  const json::value* routes = top.json().if_contains("routes");
  if (!routes) return {};
  if (!routes->is_array()) return top.fault("routes", "must be an array");
  for (std::size_t i = 0; i < routes->get_array().size(); ++i) {
    const json::value& value = routes->get_array()[i];
    const std::string place = fmt::format("routes[{}]", i);
    if (!value.is_object()) return top.fault(place, "must be an object");
    const ManifestObject entry(value.get_object(), place);
    TRY(entry.only({"path", "methods", "auth", "errors", "rate_limited", "websocket", "summary", "request", "query"}));
    RouteManifest route;
    route.path = TRY(entry.text("path"));
    TRY(check_route_path(entry, route.path, manifest));
    route.pattern = route.path;
    route.methods = TRY(entry.texts("methods"));
    if (route.methods.empty()) return entry.fault("methods", "must name at least one method, as [\"GET\"]");
    for (const std::string& method : route.methods)
      if (method.empty() || !std::all_of(method.begin(), method.end(), [](char c) { return c >= 'A' && c <= 'Z'; }))
        return entry.fault("methods", fmt::format("\"{}\" is not a method in capital letters", method));
    const std::string auth = TRY(entry.choice("auth", {"user", "admin", "none", "local"}));
    route.auth = auth == "admin" ? RouteManifest::Auth::admin
                 : auth == "none" ? RouteManifest::Auth::none
                 : auth == "local" ? RouteManifest::Auth::local
                                  : RouteManifest::Auth::user;
    const std::string errors = TRY(entry.choice("errors", {"hob", "openai"}));
    route.errors = errors == "openai" ? RouteManifest::Errors::openai : RouteManifest::Errors::hob;
    route.rate_limited = TRY(entry.flag("rate_limited", true));
    route.websocket = TRY(entry.flag("websocket", false));
    route.summary = TRY(entry.text("summary"));
    if (const json::object* request = TRY(entry.object("request"))) route.request = *request;
    if (const json::object* query = TRY(entry.object("query"))) route.query = *query;
    manifest.routes.push_back(std::move(route));
  }
  return {};
}

Result<void> read_methods(const ManifestObject& top, Manifest& manifest) {
  const json::object* provides = TRY(top.object("provides"));
  if (!provides) return {};
  const ManifestObject outer(*provides, "provides");
  TRY(outer.only({"methods"}));
  const json::object* methods = TRY(outer.object("methods"));
  if (!methods) return {};
  const ManifestObject list(*methods, "provides.methods");
  for (const auto& [key, value] : *methods) {
    const std::string name(key);
    if (!is_name(name, "._", 100) || name.find('.') == std::string::npos)
      return list.fault(name, "a method's name is group.verb");
    const json::object* object = TRY(list.object(name));
    const ManifestObject entry(*object, list.at(name));
    TRY(entry.only({"scope", "doc", "params", "result", "streaming"}));
    MethodManifest method;
    method.name = name;
    method.scope = TRY(entry.text("scope"));
    method.doc = TRY(entry.text("doc"));
    method.params = TRY(read_schema(entry, "params"));
    method.result = TRY(read_schema(entry, "result"));
    method.streaming = TRY(entry.flag("streaming", false));
    manifest.methods.push_back(std::move(method));
  }
  return {};
}

Result<void> read_channel(const ManifestObject& top, Manifest& manifest) {
  const json::object* object = TRY(top.object("channel"));
  if (!object) {
    if (manifest.has_kind("channel")) manifest.channel.emplace();
    return {};
  }
  const ManifestObject entry(*object, "channel");
  TRY(entry.only({"max_message", "count", "markdown", "idempotent_send", "per_second", "overlap"}));
  ChannelManifest channel;
  channel.max_message = std::size_t(TRY(entry.number("max_message", 0, 0, 1e9)));
  channel.count = TRY(entry.choice("count", {"codepoints", "utf16", "bytes"}));
  channel.markdown = TRY(entry.choice("markdown", {"commonmark", "none", "discord"}));
  channel.idempotent_send = TRY(entry.flag("idempotent_send", false));
  channel.per_second = TRY(entry.number("per_second", 0, 0, 1e6));
  channel.overlap = TRY(entry.flag("overlap", false));
  manifest.channel = std::move(channel);
  return {};
}

/// A host ("api.example.org", "localhost:8080"), "*.example.org" or "config:KEY".
Result<void> check_pattern(const ManifestObject& entry, std::string_view key, std::string_view pattern,
                           const json::object* properties) {
  if (pattern.starts_with("config:")) {
    const std::string_view name = pattern.substr(7);
    if (properties && properties->contains(name)) return {};
    return entry.fault(key, fmt::format("\"{}\": config_schema has no property \"{}\"", pattern, name));
  }
  std::string_view host = pattern.starts_with("*.") ? pattern.substr(2) : pattern;
  if (is_name(host, ".-_:[]", 253)) return {};
  return entry.fault(key, fmt::format("\"{}\" is not a host, \"*.host\" or \"config:KEY\"; leave scheme and path out", pattern));
}

Result<void> read_permissions(const ManifestObject& top, Manifest& manifest) {
  const json::object* object = TRY(top.object("permissions"));
  if (!object) return {};
  const ManifestObject entry(*object, "permissions");
  TRY(entry.only({"http", "secrets", "secrets.read", "kv", "methods"}));
  Permissions& permissions = manifest.permissions;
  const json::object* properties =
      manifest.config_schema.is_object() ? object_at(manifest.config_schema.get_object(), "properties") : nullptr;
  permissions.http = TRY(entry.texts("http"));
  for (const std::string& pattern : permissions.http) TRY(check_pattern(entry, "http", pattern, properties));
  if (const json::object* secrets = TRY(entry.object("secrets"))) {
    const ManifestObject list(*secrets, "permissions.secrets");
    for (const auto& [key, value] : *secrets) {
      if (!properties || !properties->contains(key)) return list.fault(key, "config_schema has no such property");
      std::vector<std::string> hosts = TRY(list.texts(key));
      for (const std::string& pattern : hosts) TRY(check_pattern(list, key, pattern, properties));
      permissions.secrets.emplace(key, std::move(hosts));
    }
  }
  permissions.secrets_read = TRY(entry.texts("secrets.read"));
  for (const std::string& name : permissions.secrets_read)
    if (!properties || !properties->contains(name))
      return entry.fault("secrets.read", fmt::format("\"{}\": config_schema has no such property", name));
  const std::string quota = TRY(entry.text("kv"));
  if (!quota.empty()) {
    const auto size = parse_size(quota);
    if (size.has_error()) return entry.fault("kv", size.error().message);
    permissions.kv = *size;
  }
  permissions.methods = TRY(entry.texts("methods"));
  for (const std::string& scope : permissions.methods) {
    if (scope == "*" && !manifest.bundled)
      return entry.fault("methods", "\"*\" is for plugins that ship with Hob; list the scopes");
    if (scope != "*" && !is_name(scope, ":_.-", 64)) return entry.fault("methods", fmt::format("\"{}\" is not a scope", scope));
  }
  return {};
}

Result<void> read_abi(const ManifestObject& top, Manifest& manifest) {
  const std::string text = TRY(top.text("abi", "1.0"));
  const auto parts = split(text, '.');
  const auto number = [](std::string_view part, std::uint32_t& out) {
    if (part.empty() || part.size() > 5 || part.find_first_not_of("0123456789") != std::string_view::npos) return false;
    out = std::uint32_t(std::stoul(std::string(part)));
    return true;
  };
  if (parts.size() != 2 || !number(parts[0], manifest.abi_major) || !number(parts[1], manifest.abi_minor))
    return top.fault("abi", "must be \"MAJOR.MINOR\", as \"1.0\"");
  if (manifest.abi_major != 1)
    return Error{Code::unsupported,
                 fmt::format("abi: the plugin was made for plugin ABI {}; this Hob speaks 1", manifest.abi_major)};
  return {};
}

/// The library or script that belongs to a manifest: the member "code", else main.lua, FOLDER.so or the only .so
/// beside plugin.json; for NAME.json NAME.lua or NAME.so.
Result<fs::path> find_code(const ManifestObject& top, const fs::path& file) {
  const fs::path folder = file.parent_path();
  const std::string named = TRY(top.text("code"));
  if (!named.empty()) {
    if (named.find('/') != std::string::npos) return top.fault("code", "must be a file beside the manifest");
    if (!fs::is_regular_file(folder / named)) return top.fault("code", fmt::format("{} is not there", (folder / named).string()));
    return folder / named;
  }
  std::vector<fs::path> candidates;
  if (file.filename() == "plugin.json")
    candidates = {folder / "main.lua", folder / (folder.filename().string() + ".so")};
  else
    candidates = {fs::path(file).replace_extension(".lua"), fs::path(file).replace_extension(".so")};
  std::error_code ignored;
  for (const fs::path& candidate : candidates)
    if (fs::is_regular_file(candidate, ignored)) return candidate;
  if (file.filename() == "plugin.json") {
    std::vector<fs::path> libraries;
    for (const auto& entry : fs::directory_iterator(folder, ignored))
      if (entry.path().extension() == ".so") libraries.push_back(entry.path());
    if (libraries.size() == 1) return libraries.front();
    if (libraries.size() > 1) return top.fault("code", "several .so files lie here; name the one to load");
  }
  return Error{Code::not_found, fmt::format("no code beside it: neither {} nor {} is there", candidates[0].string(),
                                            candidates[1].string())};
}

Result<Manifest> read(const fs::path& file, bool bundled) {
  TRY(check_owner(file.parent_path()));
  TRY(check_owner(file));
  std::error_code error;
  if (fs::file_size(file, error) > kMaxManifest || error)
    return Error{Code::invalid, "not a readable file of at most 1 MiB"};
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) return Error{Code::unavailable, "can't be read"};
  const json::object document = TRY(parse_json_object(text.str()));
  const ManifestObject top(document, "");
  TRY(top.only({"id", "version", "description", "abi", "kind", "code", "tools", "routes", "provides", "channel",
                "permissions", "config_schema", "autostart"}));

  Manifest manifest;
  manifest.file = file;
  manifest.bundled = bundled;
  manifest.id = TRY(top.text("id"));
  if (!is_name(manifest.id, "._-", 100)) return top.fault("id", "must be 1 to 100 letters, digits, '.', '_' and '-'");
  manifest.version = TRY(top.text("version"));
  if (manifest.version.empty()) return top.fault("version", "is missing, write one as \"1.0.0\"");
  manifest.description = TRY(top.text("description"));
  TRY(read_abi(top, manifest));
  if (!document.contains("kind")) return top.fault("kind", "is missing, write one as [\"tool\"]");
  manifest.kinds = TRY(top.texts("kind"));
  const std::vector<std::string> kinds = {"tool", "channel", "provider", "embedder", "routes", "method"};
  for (const std::string& kind : manifest.kinds)
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) {
      const std::string_view near = nearest(kind, kinds);
      return top.fault("kind", fmt::format("\"{}\" is not one of {}{}", kind, fmt::join(kinds, ", "),
                                           near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near)));
    }
  manifest.config_schema = TRY(read_schema(top, "config_schema"));
  if (manifest.config_schema.is_object()) manifest.config_check = TRY(Schema::compile(manifest.config_schema));
  TRY(read_tools(top, manifest));
  TRY(read_routes(top, manifest));
  TRY(read_methods(top, manifest));
  TRY(read_channel(top, manifest));
  TRY(read_permissions(top, manifest));
  manifest.autostart = TRY(top.flag("autostart", false));
  const auto needs = [&](std::string_view kind, bool has, std::string_view member) -> Result<void> {
    if (manifest.has_kind(kind) == has) return {};
    return has ? top.fault("kind", fmt::format("\"{}\" is given, so kind must hold \"{}\"", member, kind))
               : top.fault(member, fmt::format("is missing, kind holds \"{}\"", kind));
  };
  TRY(needs("tool", !manifest.tools.empty(), "tools"));
  TRY(needs("routes", !manifest.routes.empty(), "routes"));
  TRY(needs("method", !manifest.methods.empty(), "provides"));
  TRY(needs("channel", manifest.channel.has_value(), "channel"));
  manifest.code = TRY(find_code(top, file));
  TRY(check_owner(manifest.code));
  manifest.language = manifest.code.extension() == ".lua" ? Manifest::Language::lua : Manifest::Language::native;
  return manifest;
}

}  // namespace

std::string_view tool_effect_name(ToolEffect effect) noexcept {
  switch (effect) {
    case ToolEffect::read: return "read";
    case ToolEffect::write: return "write";
    case ToolEffect::external: break;
  }
  return "external";
}

bool Manifest::has_kind(std::string_view kind) const {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

bool is_short_name(std::string_view name, std::string_view id) noexcept {
  const std::size_t dot = id.rfind('.');
  return dot != std::string_view::npos && id.substr(dot + 1) == name;
}

Result<Manifest> read_manifest(const fs::path& file, bool bundled) {
  auto manifest = read(fs::absolute(file), bundled);
  if (manifest.has_error()) return manifest.error().with_context(file.string());
  return manifest;
}

}  // namespace hobd

#include "plugin_kit/subject.hpp"

#include "plugin_kit/check.hpp"
#include "plugin_kit/sample.hpp"
#include "plugins/plugin_loader.hpp"
#include "plugins/url_policy.hpp"

#include <fmt/format.h>

#include <fstream>
#include <sstream>

namespace hobd::kit {
namespace fs = std::filesystem;
namespace {

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

/// A built plugin below a project's build folder: build/NAME/plugin.json with NAME.so beside it.
std::optional<fs::path> find_built(const fs::path& project) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(project / "build", ignored)) {
    const fs::path manifest = entry.path() / "plugin.json";
    if (is_file(manifest) && is_file(entry.path() / (entry.path().filename().string() + ".so"))) return manifest;
  }
  return std::nullopt;
}

bool fits(std::string_view pattern, std::string_view url) {
  if (pattern.ends_with('*')) return url.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == url;
}

hob::test::HttpReply recorded(const Subject& subject, const hob::test::HttpRequest& request) {
  if (const json::array* list = array_at(subject.samples, "http")) {
    for (const json::value& value : *list) {
      const json::object* entry = value.if_object();
      if (!entry || !fits(string_or(*entry, "url"), request.url)) continue;
      if (entry->contains("method") && string_or(*entry, "method") != request.method) continue;
      hob::test::HttpReply reply;
      reply.status = int(int_or(*entry, "status", 200));
      if (const json::object* headers = object_at(*entry, "headers")) reply.headers = json::serialize(*headers);
      if (const json::value* body = entry->if_contains("body"))
        reply.body = body->is_string() ? std::string(std::string_view(body->get_string())) : json::serialize(*body);
      if (entry->contains("file"))
        if (auto bytes = read_file(subject.samples_folder / std::string(string_or(*entry, "file")))) reply.body = *std::move(bytes);
      return reply;
    }
  }
  return {.status = 0, .end = HOB_UNAVAILABLE, .error = "check.json has no \"http\" entry for " + request.method + " " + request.url};
}

hob::test::MethodReply method_answer(const Subject& subject, const hob::test::MethodCall& call) {
  const json::object* answers = object_at(subject.samples, "answers");
  if (const json::value* answer = answers ? answers->if_contains(call.method) : nullptr) return {.result = json::serialize(*answer)};
  return {.status = HOB_UNAVAILABLE, .result = "check.json has no \"answers\" entry for " + call.method};
}

}  // namespace

Result<std::string> read_file(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  if (error) return Error{Code::not_found, file.string() + ": " + error.message()};
  if (size > (16u << 20)) return Error{Code::invalid, file.string() + ": larger than 16 MiB"};
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) return Error{Code::unavailable, file.string() + ": can't be read"};
  return text.str();
}

Result<fs::path> find_manifest(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    const fs::path manifest = path / "plugin.json";
    const bool has_code = is_file(path / "main.lua") || is_file(path / (fs::absolute(path).lexically_normal().filename().string() + ".so"));
    if (is_file(manifest) && has_code) return manifest;
    if (const auto built = find_built(path)) return *built;
    if (is_file(manifest)) return manifest;
    return Error{Code::not_found, fmt::format("{}: neither plugin.json nor build/NAME/plugin.json is there; build it first: hobctl plugin build {}", path.string(), path.string())};
  }
  if (!is_file(path)) return Error{Code::not_found, path.string() + ": no such file"};
  if (path.extension() == ".json") return path;
  const fs::path own = fs::path(path).replace_extension(".json"), shared = path.parent_path() / "plugin.json";
  if (is_file(own)) return own;
  if (is_file(shared)) return shared;
  return Error{Code::not_found, fmt::format("{}: no manifest beside it, neither {} nor {}", path.string(), shared.string(), own.string())};
}

Result<Subject> read_subject(const fs::path& path, Origin origin, const fs::path& samples) {
  Subject subject;
  const fs::path manifest = TRY(find_manifest(path));
  subject.folder = manifest.parent_path();
  subject.manifest = TRY(read_manifest(manifest, origin == Origin::bundled));
  fs::path file = samples;
  std::error_code ignored;
  for (const fs::path& candidate : {subject.folder / "check.json", fs::is_directory(path, ignored) ? path / "check.json" : fs::path()})
    if (file.empty() && !candidate.empty() && is_file(candidate)) file = candidate;
  if (!file.empty()) {
    auto document = parse_json_object(TRY(read_file(file)));
    if (document.has_error()) return document.error().with_context(file.string());
    subject.samples = *std::move(document);
    subject.samples_folder = file.parent_path();
  }
  if (const json::object* config = object_at(subject.samples, "config")) {
    subject.config = *config;
  } else if (subject.manifest.config_schema.is_object()) {
    const json::value made = sample_of(subject.manifest.config_schema);
    if (made.is_object()) subject.config = made.get_object();
  }
  if (const auto fit = subject.manifest.config_check.check(subject.config, "config"); fit.has_error())
    return Error{Code::invalid, fmt::format("{}: \"config\" in check.json must fit config_schema: {}", manifest.string(), fit.error().message)};
  return subject;
}

std::set<std::string> withheld_services(const Manifest& manifest) {
  std::set<std::string> withheld;
  const Permissions& granted = manifest.permissions;
  if (granted.http.empty()) withheld.insert({HOB_HOST_HTTP, HOB_HOST_WEBSOCKET});
  if (granted.kv == 0) withheld.insert(HOB_HOST_KV);
  if (granted.secrets_read.empty()) withheld.insert(HOB_HOST_SECRET);
  if (granted.methods.empty()) withheld.insert(HOB_HOST_METHOD);
  if (!manifest.has_kind("channel")) withheld.insert(HOB_HOST_CHANNEL);
  return withheld;
}

Result<hob_plugin*> load_plugin(const Manifest& manifest, const hob_host* host) {
  const auto language = manifest.language == Manifest::Language::native ? PluginCode::Language::native : PluginCode::Language::lua;
  return hobd::load_plugin(PluginCode{manifest.code, manifest.id, language}, host);
}

hob::test::Options Bench::options_for(const Subject& subject) {
  hob::test::Options options;
  options.file.clear();
  options.config = json::serialize(withhold_secrets(subject.manifest, subject.config));
  options.withheld = withheld_services(subject.manifest);
  if (subject.manifest.permissions.kv > 0) options.kv_quota = subject.manifest.permissions.kv;
  for (const std::string& name : subject.manifest.permissions.secrets_read) options.secrets[name] = "secret-of-" + name;
  if (const json::object* secrets = object_at(subject.samples, "secrets"))
    for (const auto& [name, value] : *secrets) options.secrets[std::string(name)] = std::string(string_or(*secrets, name));
  return options;
}

Bench::Bench(const Subject& s, hob::test::Options options) : subject(s), host(std::move(options)) {
  host.on_enter = note_phase;
  host.on_http = [this](const hob::test::HttpRequest& request) { return recorded(subject, request); };
  host.on_method = [this](const hob::test::MethodCall& call) { return method_answer(subject, call); };
}

Result<void> Bench::create() {
  std::optional<Error> fault;
  host.create([&](const hob_host* raw, hob_plugin** out) {
    auto loaded = load_plugin(subject.manifest, raw);
    if (loaded.has_error()) {
      fault = loaded.error();
      return hob_status(fault->code);
    }
    *out = *loaded;
    return hob_status(HOB_OK);
  });
  if (fault) return Error{fault->code, fault->message + last_words()};
  return {};
}

Result<void> Bench::start() {
  TRY(create());
  const hob_status status = host.activate(host.options().config);
  if (status == HOB_OK) return {};
  host.destroy();
  return Error{code_from_number(status), fmt::format("activate() answered {}{}", code_name(code_from_number(status)), last_words())};
}

std::string Bench::last_words() const { return host.log.empty() ? std::string() : ": " + host.log.back().text; }

}  // namespace hobd::kit

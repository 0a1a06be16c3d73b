#include "config/config.hpp"

#include "base/text.hpp"
#include "config/checks.hpp"
#include "config/reader.hpp"
#include "config/secrets.hpp"
#include "config/sections.hpp"

#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>
#include <cstdlib>

namespace hobd {
namespace {

using namespace std::chrono_literals;
using Milliseconds = Config::Milliseconds;

constexpr Milliseconds kDay = 24h;
constexpr std::uint32_t kMany = 1'000'000;

std::string listen_text(const Config::Http& http) {
  const bool is_v6 = http.address.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", is_v6 ? "[" : "", http.address, is_v6 ? "]" : "", http.port);
}

void read_log(Section section, Config::Log& log) {
  section.choice("level", log.level,
                 {{"trace", log::Level::trace},
                  {"debug", log::Level::debug},
                  {"info", log::Level::info},
                  {"warn", log::Level::warn},
                  {"error", log::Level::error},
                  {"off", log::Level::off}});
  section.choice(
      "format", log.format,
      {{"text", log::Format::text}, {"json", log::Format::json}, {"journal", log::Format::journal}});
  section.done();
}

void read_http(Section section, Config::Http& http) {
  std::string listen = listen_text(http);
  section.text("listen", listen, [](std::string_view text) {
    const auto parsed = parse_listen(text);
    return parsed.has_value() ? std::string{} : parsed.error().message;
  });
  if (auto parsed = parse_listen(listen); parsed.has_value()) {
    http.address = std::move(parsed->address);
    http.port = parsed->port;
  }
  section.text("public_url", http.public_url, check_public_url);
  section.texts("cors_origins", http.cors_origins, check_origin);
  section.size("max_body", http.max_body, {1 << 10, 1 << 30});
  section.whole("max_connections", http.max_connections, {1, kMany});
  section.duration("idle_timeout", http.idle_timeout, {1s, 1h});
  section.duration("request_timeout", http.request_timeout, {1s, 1h});
  section.done();
}

void read_auth(Section section, Config::Auth& auth, const Config::Http& http) {
  section.choice("mode", auth.mode, {{"keys", AuthMode::keys}, {"none", AuthMode::none}});
  section.text("jwt_secret", auth.jwt_secret, [](std::string_view text) -> std::string {
    return text.empty() || text.size() >= 32
               ? ""
               : "it needs at least 32 bytes (`openssl rand -hex 32`), or \"\" to have one made";
  });
  section.duration("access_ttl", auth.access_ttl, {1min, kDay});
  section.duration("refresh_ttl", auth.refresh_ttl, {1min, 400 * kDay});
  if (auth.mode == AuthMode::none && !is_loopback(http.address))
    section.reader().fault(
        section.line_of("mode"), section.dotted("mode"),
        fmt::format("\"none\" lets anyone in who reaches {}; write \"keys\", or listen on a loopback "
                    "address (http.listen: 127.0.0.1:{})",
                    http.address, http.port));
  section.done();
}

void read_limits(Section section, Config::Limits& limits) {
  section.whole("requests_per_minute", limits.requests_per_minute, {0, kMany});
  section.whole("burst", limits.burst, {1, kMany});
  section.duration("turn_timeout", limits.turn_timeout, {1s, 1h});
  section.whole("tool_rounds", limits.tool_rounds, {1, 100});
  section.done();
}

void read_memory(Section section, Config::Memory& memory) {
  section.whole("buffer_messages", memory.buffer_messages, {0, 1000});
  section.whole("buffer_tokens", memory.buffer_tokens, {100, kMany});
  section.duration("buffer_ttl", memory.buffer_ttl, {0s, 3'650 * kDay});
  section.whole("recall_top_k", memory.recall_top_k, {0, 100});
  section.number("recall_threshold", memory.recall_threshold, {0, 1});
  section.duration("half_life", memory.half_life, {1h, 36'500 * kDay});
  section.choice("learn", memory.learn,
                 {{"auto", MemoryLearn::automatic}, {"model", MemoryLearn::model}, {"rules", MemoryLearn::rules}, {"off", MemoryLearn::off}});
  Section consolidate = section.section("consolidate");
  consolidate.duration("idle", memory.consolidate_idle, {1min, 30 * kDay});
  consolidate.text("at", memory.consolidate_at, check_time_of_day);
  consolidate.done();
  Section pii = section.section("pii");
  pii.flag("detect", memory.pii_detect);
  pii.texts("redact", memory.pii_redact, check_word);
  const std::pair<std::string_view, std::vector<std::string>*> sinks[] = {{"redact_model", &memory.pii_redact_model},
                                                                          {"redact_vault", &memory.pii_redact_vault},
                                                                          {"redact_log", &memory.pii_redact_log},
                                                                          {"redact_export", &memory.pii_redact_export}};
  for (const auto& [key, classes] : sinks) {
    *classes = memory.pii_redact;
    pii.texts(key, *classes, check_word);
  }
  pii.done();
  section.done();
}

void read_vault(Section section, Config::Vault& vault) {
  section.text("path", vault.path, check_filled);
  section.text("remote", vault.remote);
  section.text("branch", vault.branch, check_filled);
  section.flag("push", vault.push);
  section.flag("pull", vault.pull);
  section.duration("debounce", vault.debounce, {0ms, kDay});
  section.done();
}

void read_backup(Section section, Config::Backup& backup) {
  section.text("at", backup.at, check_time_of_day);
  Section keep = section.section("keep");
  keep.whole("daily", backup.keep_daily, {0, 10'000});
  keep.whole("weekly", backup.keep_weekly, {0, 10'000});
  keep.whole("monthly", backup.keep_monthly, {0, 10'000});
  keep.done();
  Section s3 = section.section("s3");
  s3.text("endpoint", backup.s3_endpoint);
  s3.text("bucket", backup.s3_bucket);
  s3.text("region", backup.s3_region);
  s3.text("access_key", backup.s3_access_key);
  s3.text("secret_key", backup.s3_secret_key);
  s3.done();
  section.text("encrypt_to", backup.encrypt_to);
  section.done();
}

void read_proactive(Section section, Config::Proactive& proactive) {
  section.text("timezone", proactive.timezone, check_time_zone);
  section.text("quiet_hours", proactive.quiet_hours, check_quiet_hours);
  section.whole("max_per_day", proactive.max_per_day, {0, 1000});
  section.done();
}

/// Instances of all kinds live in one table by their name.
void check_names(Reader& reader, const Config& config) {
  for (const auto& [name, channel] : config.channels) {
    const auto provider = config.models.providers.find(name);
    if (provider == config.models.providers.end()) continue;
    reader.fault(channel.mark.line, "channels." + name,
                 fmt::format("models.providers has a \"{}\" too, on line {}; give one of them another name",
                             name, provider->second.mark.line));
  }
}

void read_all(Section root, Config& config) {
  root.path("state_dir", config.state_dir);
  root.path("runtime_dir", config.runtime_dir);
  read_log(root.section("log"), config.log);
  read_http(root.section("http"), config.http);
  read_auth(root.section("auth"), config.auth, config.http);
  read_limits(root.section("limits"), config.limits);
  root.text("persona", config.persona);
  read_models(root.section("models"), config.models);
  read_memory(root.section("memory"), config.memory);
  read_channels(root.section("channels"), config.channels);
  read_tools(root.section("tools"), config.tools);
  read_plugins(root.section("plugins"), config.plugins);
  read_vault(root.section("vault"), config.vault);
  read_backup(root.section("backup"), config.backup);
  read_proactive(root.section("proactive"), config.proactive);
  root.done();
  check_names(root.reader(), config);
}

/// Keys that are checked, and kept for the part that will read them, but change nothing in this version.
constexpr std::string_view kIdleKeys[] = {
    "auth.jwt_secret", "auth.access_ttl", "auth.refresh_ttl", "vault", "backup", "proactive.quiet_hours", "proactive.max_per_day"};

/// One warning for all of them that the file sets.
void warn_of_idle_keys(Reader& reader, const YamlNode& root) {
  std::vector<std::string_view> set;
  int line = 0;
  for (const std::string_view key : kIdleKeys) {
    const YamlNode* node = &root;
    const YamlMember* member = nullptr;
    for (const std::string_view part : split(key, '.')) {
      member = node ? node->find(part) : nullptr;
      node = member ? &member->value : nullptr;
    }
    if (!member) continue;
    set.push_back(key);
    line = line == 0 ? member->line : std::min(line, member->line);
  }
  if (!set.empty()) reader.warn(line, {}, fmt::format("without effect in this version: {}", fmt::join(set, ", ")));
}

void apply(const ConfigOverrides& overrides, Config& config) {
  if (!overrides.state_dir.empty()) {
    config.state_dir = overrides.state_dir;
    config.shown["state_dir"] = config.state_dir.string();
  }
  if (!overrides.runtime_dir.empty()) {
    config.runtime_dir = overrides.runtime_dir;
    config.shown["runtime_dir"] = config.runtime_dir.string();
  }
  if (overrides.log_level) {
    config.log.level = *overrides.log_level;
    if (json::value* log = config.shown.if_contains("log"))
      log->as_object()["level"] = log::level_name(config.log.level);
  }
}

}  // namespace

std::string ConfigFault::text() const {
  return key.empty() ? fmt::format("{}: {}", mark.text(), message)
                     : fmt::format("{}: {}: {}", mark.text(), key, message);
}

SecretSources SecretSources::from_process() {
  SecretSources sources;
  for (char** entry = environ; entry && *entry; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    sources.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  const auto directory = sources.environment.find("CREDENTIALS_DIRECTORY");
  if (directory != sources.environment.end()) sources.credentials_dir = directory->second;
  return sources;
}

ConfigLoad load_config(const std::filesystem::path& file, const SecretSources& secrets,
                       const ConfigOverrides& overrides) {
  auto text = read_bounded_file(file, kMaxYamlBytes);
  if (text.has_value()) return parse_config(*text, file.string(), secrets, overrides);
  std::string message = text.error().message;
  if (text.error().code == Code::not_found)
    message += "; write one (an empty file takes every default) or name another with --config";
  if (text.error().code == Code::denied) message += "; make it readable by the user that hobd runs as";
  return {nullptr, {{{file.string(), 0}, {}, std::move(message)}}, {}};
}

ConfigLoad parse_config(std::string_view yaml, const std::string& name, const SecretSources& secrets,
                        const ConfigOverrides& overrides) {
  Reader reader{name, secrets, {}};
  const YamlTree tree = read_yaml(yaml);
  for (const YamlFault& fault : tree.faults) reader.fault(fault.line, fault.key, fault.message);
  const auto config = std::make_shared<Config>();
  config->state_dir = "/var/lib/hob";
  config->runtime_dir = "/run/hob";
  read_all(Section(reader, &tree.root, "", config->shown), *config);
  if (reader.faults.empty()) {
    apply(overrides, *config);
    warn_of_idle_keys(reader, tree.root);
    return {config, {}, std::move(reader.warnings)};
  }
  std::stable_sort(reader.faults.begin(), reader.faults.end(),
                   [](const ConfigFault& a, const ConfigFault& b) { return a.mark.line < b.mark.line; });
  return {nullptr, std::move(reader.faults), {}};
}

std::vector<std::string> restart_keys(const Config& before, const Config& after) {
  std::vector<std::string> keys;
  const auto compare = [&](const char* key, bool is_same) {
    if (!is_same) keys.emplace_back(key);
  };
  compare("state_dir", before.state_dir == after.state_dir);
  compare("runtime_dir", before.runtime_dir == after.runtime_dir);
  compare("http.listen", before.http.address == after.http.address && before.http.port == after.http.port);
  compare("http.max_body", before.http.max_body == after.http.max_body);
  compare("http.max_connections", before.http.max_connections == after.http.max_connections);
  compare("http.idle_timeout", before.http.idle_timeout == after.http.idle_timeout);
  compare("http.request_timeout", before.http.request_timeout == after.http.request_timeout);
  // Was checked against an address that a running daemon doesn't change: to take it at once could open the
  // old one.
  compare("auth.mode", before.auth.mode == after.auth.mode);
  return keys;
}

}  // namespace hobd

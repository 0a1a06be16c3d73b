// The daemon's configuration: one YAML file, read whole, checked whole, then immutable.
//
// load() reads the file, resolves secrets, checks every key and gives back either a Config or all the
// faults, each with file, line and what to do. Nothing of a faulty file ever applies. A reload makes a
// second Config; holders of the old one keep it until they take the new.
//
// Secrets are written as references: ${env:NAME}, ${file:/path}, ${credential:name} (the file of that
// name in $CREDENTIALS_DIRECTORY). Their values are registered with log::hide().
#pragma once

#include "base/json.hpp"
#include "base/log.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hobd {

/// A place in a config file, for messages: "hob.yaml:12".
struct SourceMark {
  std::string file;
  int line = 0;  // 0: the file as a whole
  std::string text() const { return line > 0 ? file + ":" + std::to_string(line) : file; }
};

/// One configured plugin instance: a provider, a channel or a tool's settings. `settings` is all keys but
/// `plugin`, secrets resolved; the plugin's own config_schema checks them.
struct PluginSettings {
  std::string name;    // the key: "local", "discord"
  std::string plugin;  // "provider_openai"
  json::object settings;
  SourceMark mark;
};

enum class AuthMode { keys, none };
enum class RouterMode { automatic, fast, smart };
/// Who proposes what to remember: a model of the fast tier, rules, the first that there is, or nobody.
enum class MemoryLearn { automatic, model, rules, off };
enum class OnLimit { downgrade, queue, deny };
enum class Approval { ask, never, deny };
enum class Isolation { none, process };

struct Config {
  using Milliseconds = std::chrono::milliseconds;

  struct Log {
    log::Level level = log::Level::info;
    log::Format format = log::Format::text;
  };
  struct Http {
    std::string address = "127.0.0.1";
    std::uint16_t port = 8787;  // 0: any free one
    std::string public_url;
    std::vector<std::string> cors_origins;
    std::uint64_t max_body = 1 << 20;      // bytes
    std::uint32_t max_connections = 10'000;
    Milliseconds idle_timeout{60'000};     // a kept-alive connection without a request
    Milliseconds request_timeout{30'000};  // from the first byte of a request to its last
  };
  struct Auth {
    AuthMode mode = AuthMode::keys;
    std::string jwt_secret;  // empty: made at first start and kept in state_dir
    Milliseconds access_ttl{15 * 60'000};
    Milliseconds refresh_ttl{std::int64_t{30} * 86'400'000};
  };
  struct Limits {
    std::uint32_t requests_per_minute = 30;  // a user; 0: no limit
    std::uint32_t burst = 10;
    Milliseconds turn_timeout{120'000};
    std::uint32_t tool_rounds = 12;
  };
  struct Budget {  // USD and tokens; 0: no such limit
    double daily = 0.50, monthly = 2.00, per_user_daily = 0, per_user_monthly = 0, per_channel_daily = 0, per_job_daily = 0;
    std::uint32_t daily_tokens = 0, monthly_tokens = 0, per_user_daily_tokens = 0, per_channel_daily_tokens = 0, per_job_daily_tokens = 0;
    double warn_at = 0.8;
    OnLimit on_limit = OnLimit::downgrade;
  };
  struct Price {  // USD per million tokens; unset: as the table has it, else as `input`
    double input = 0, output = 0;
    std::optional<double> cached = {}, cache_write = {};
    std::uint32_t context_window = 0, max_output = 0;  // tokens; 0: as the table has it
    bool has_input = true, has_output = true;          // false: the file leaves it out; it costs what the table says
  };
  struct Router {
    RouterMode mode = RouterMode::automatic;
    bool ask_model = true;  // a tiny call to the fast tier where the score is unsure and it is worth its price
    bool escalate = true;   // an answer of the fast tier that isn't up to it is asked of the smart tier
  };
  struct ModelTimes {
    Milliseconds first_token{60'000}, stall{45'000};
    std::uint32_t retries = 2;  // of one model, before the next one is asked
  };
  struct Background {
    bool enabled = true;
    std::string tier = "fast";      // or a model
    double share = 0.3;             // of the daily and the monthly budget
    std::uint32_t concurrent = 1;
  };
  struct Models {
    std::map<std::string, PluginSettings> providers;
    /// "fast", "smart", "embed" -> "<provider>/<model>" (the first '/' splits), in order of preference.
    std::map<std::string, std::vector<std::string>> tiers;
    Router router;
    ModelTimes times;
    Background background;
    std::uint32_t max_tokens = 4096;  // of an answer, where the caller says nothing and the model costs money
    std::map<std::string, Price> prices;  // by "<provider>/<model>" or "<model>"
    Budget budget;
  };
  struct Memory {
    std::uint32_t buffer_messages = 10;
    std::uint32_t buffer_tokens = 6'000;  // and at most this many, four bytes each
    Milliseconds buffer_ttl{0};           // a session silent for longer begins afresh; 0: never
    std::uint32_t recall_top_k = 5;
    double recall_threshold = 0;
    Milliseconds half_life{std::int64_t{90} * 86'400'000};
    Milliseconds consolidate_idle{20 * 60'000};
    std::string consolidate_at = "03:30";
    MemoryLearn learn = MemoryLearn::automatic;
    bool pii_detect = true;
    std::vector<std::string> pii_redact = {"card", "iban", "ssn"};  // what each sink below redacts, unless it names its own
    std::vector<std::string> pii_redact_model = pii_redact, pii_redact_vault = pii_redact, pii_redact_log = pii_redact,
                             pii_redact_export = pii_redact;
  };
  struct Tools {
    Approval approval = Approval::ask;
    std::map<std::string, PluginSettings> settings;  // by tool name: "shell" is plugin tool_shell
  };
  struct Plugins {
    std::vector<std::filesystem::path> paths;  // besides the built-in ones
    std::vector<std::string> disabled;         // plugin ids
    SourceMark mark_paths, mark_disabled;      // where those two stand
    Isolation isolation_default = Isolation::process, isolation_bundled = Isolation::none;
    std::map<std::string, Isolation> isolation_of;  // by plugin id
    std::map<std::string, PluginSettings> settings; // plugins.config.<plugin id>: any other plugin's settings
  };
  struct Vault {
    std::string path = "vault", remote, branch = "main";
    bool push = true, pull = true;
    Milliseconds debounce{30'000};
  };
  struct Backup {
    std::string at = "02:30", encrypt_to;
    std::uint32_t keep_daily = 7, keep_weekly = 4, keep_monthly = 6;
    std::string s3_endpoint, s3_bucket, s3_region, s3_access_key, s3_secret_key;
  };
  struct Proactive {
    std::string timezone = "UTC", quiet_hours = "22:00-08:00";
    std::uint32_t max_per_day = 3;
  };

  std::filesystem::path state_dir, runtime_dir;
  Log log;
  Http http;
  Auth auth;
  Limits limits;
  std::string persona = "You are Hob, a helpful household assistant.";
  Models models;
  Memory memory;
  std::map<std::string, PluginSettings> channels;
  Tools tools;
  Plugins plugins;
  Vault vault;
  Backup backup;
  Proactive proactive;

  /// The file as written, references unresolved, defaults filled in: what `hobd --print-config` and
  /// config.get show. Holds no secret.
  json::object shown;
};

/// One fault of a config file. text(): "hob.yaml:12: models.teirs: unknown key, did you mean \"tiers\"?"
struct ConfigFault {
  SourceMark mark;
  std::string key;  // dotted path
  std::string message;
  std::string text() const;
};

struct ConfigLoad {
  std::shared_ptr<const Config> config;  // null when there are faults; shared by all who hold it over a reload
  std::vector<ConfigFault> faults;
  std::vector<ConfigFault> warnings = {};  // of a config that is in order: what it says without effect, or unwisely
};

/// Where secrets come from; tests give their own.
struct SecretSources {
  std::map<std::string, std::string> environment;  // empty in most tests
  std::filesystem::path credentials_dir;
  static SecretSources from_process();
};

/// Directories given on the command line or by systemd win over the file's.
struct ConfigOverrides {
  std::filesystem::path state_dir, runtime_dir;
  std::optional<log::Level> log_level;
};

/// Reads and checks `file`. Thread: any; reads the file and the secrets' files.
ConfigLoad load_config(const std::filesystem::path& file, const SecretSources& secrets,
                       const ConfigOverrides& overrides = {});

/// The same for a text, `name` standing for the file in messages.
ConfigLoad parse_config(std::string_view yaml, const std::string& name, const SecretSources& secrets,
                        const ConfigOverrides& overrides = {});

/// The dotted keys that differ between two configs and can't change while the daemon runs (state_dir,
/// runtime_dir, http.listen, ...): a reload says that they wait for a restart.
std::vector<std::string> restart_keys(const Config& before, const Config& after);

}  // namespace hobd

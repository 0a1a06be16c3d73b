#include "config/config.hpp"

#include "base/text.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include <sys/stat.h>

using namespace hobd;
using namespace std::chrono_literals;

namespace {

struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "hob-config-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  std::filesystem::path write(const std::string& name, const std::string& content) const {
    std::ofstream(path / name, std::ios::binary) << content;
    return path / name;
  }
};

std::string all_faults(const ConfigLoad& load) {
  std::string text;
  for (const ConfigFault& fault : load.faults) text += fault.text() + "\n";
  return text;
}

ConfigLoad parse(std::string_view yaml, const SecretSources& secrets = {}) {
  return parse_config(yaml, "hob.yaml", secrets);
}

/// The config of a text that must be right.
std::shared_ptr<const Config> good(std::string_view yaml, const SecretSources& secrets = {}) {
  ConfigLoad load = parse(yaml, secrets);
  INFO(all_faults(load));
  REQUIRE(load.config);
  return load.config;
}

std::string source_file(const char* name) { return std::string(HOB_SOURCE_DIR) + "/" + name; }

}  // namespace

TEST_CASE("an empty file is a whole config") {
  for (const char* text :
       {"", "\n", "# nothing\n", "---\n", "{}\n", "\xef\xbb\xbf# with a byte order mark\n"}) {
    const auto config = good(text);
    REQUIRE(config->state_dir == "/var/lib/hob");
    REQUIRE(config->runtime_dir == "/run/hob");
    REQUIRE(config->http.port == 8787);
    REQUIRE(config->models.tiers.at("fast") == std::vector<std::string>{"offline/offline"});
    REQUIRE(config->models.tiers.at("embed").empty());
  }
}

TEST_CASE("config/hob.yaml holds every key with its default") {
  const ConfigLoad file = load_config(source_file("config/hob.yaml"), {});
  INFO(all_faults(file));
  REQUIRE(file.config);
  REQUIRE(restart_keys(*file.config, *good("")).empty());
  const auto defaults = good("");
  const auto compare = [](const auto& self, const json::object& a, const json::object& b) -> void {
    REQUIRE(a.size() == b.size());
    for (const auto& [key, value] : a) {
      INFO(std::string(key));
      REQUIRE(b.contains(key));
      if (value.is_object())
        self(self, value.as_object(), b.at(key).as_object());
      else
        REQUIRE(json::serialize(value) == json::serialize(b.at(key)));
    }
  };
  compare(compare, file.config->shown, defaults->shown);
}

TEST_CASE("config/hob.yaml names every key that is read") {
  std::ifstream file(source_file("config/hob.yaml"));
  std::stringstream text;
  text << file.rdbuf();
  const auto search = [&](const auto& self, const json::object& object) -> void {
    for (const auto& [key, value] : object) {
      INFO(std::string(key));
      REQUIRE(text.str().find(std::string(key) + ":") != std::string::npos);
      if (value.is_object()) self(self, value.as_object());
    }
  };
  search(search, good("")->shown);
}

TEST_CASE("config/quickstart.yaml loads and listens on loopback without keys") {
  const ConfigLoad file = load_config(source_file("config/quickstart.yaml"), {});
  INFO(all_faults(file));
  REQUIRE(file.config);
  REQUIRE(file.config->auth.mode == AuthMode::none);
  REQUIRE(file.config->http.address == "127.0.0.1");
}

TEST_CASE("every kind of value is read") {
  const auto config = good(R"(
state_dir: /srv/hob
log: {level: debug, format: json}
http: {listen: "[::1]:0", cors_origins: ["https://app.example.org"], max_body: 64KiB, max_connections: 5, idle_timeout: 90s}
auth: {mode: none, access_ttl: 5m}
limits: {requests_per_minute: 0, tool_rounds: 0x10}
models:
  providers:
    local: {plugin: provider_openai, base_url: "http://127.0.0.1:1234/v1", temperature: 0.5, retries: 3, stream: true,
            note: "5", nothing: ~, stop: [a, 2], headers: {x: "y"}}
  tiers: {fast: [local/a/b, offline/offline], embed: [embedder_static, local/e]}
  router: {mode: smart}
  prices: {local/a: {input: 1, output: 2.5}}
  budget: {daily: 0, on_limit: queue}
memory: {consolidate: {idle: 2h, at: "04:00"}, pii: {detect: false, redact: []}}
channels: {discord: {plugin: channel_discord}}
tools: {approval: never, shell: {timeout: 5s}, dice: {plugin: org.example.dice}}
plugins: {paths: [/opt/plugins], disabled: [tool_shell], isolation: {default: none, tool_web: process}, config: {channel_http: {a: 1}}}
)");
  REQUIRE(config->state_dir == "/srv/hob");
  REQUIRE(config->log.level == log::Level::debug);
  REQUIRE(config->log.format == log::Format::json);
  REQUIRE(config->http.address == "::1");
  REQUIRE(config->http.port == 0);
  REQUIRE(config->http.max_body == 65536);
  REQUIRE(config->http.idle_timeout == 90s);
  REQUIRE(config->auth.access_ttl == 5min);
  REQUIRE(config->limits.tool_rounds == 16);
  const PluginSettings& local = config->models.providers.at("local");
  REQUIRE(local.plugin == "provider_openai");
  REQUIRE(local.mark.line == 9);
  REQUIRE(
      json::serialize(local.settings) ==
      R"({"base_url":"http://127.0.0.1:1234/v1","temperature":5E-1,"retries":3,"stream":true,"note":"5","nothing":null,"stop":["a",2],"headers":{"x":"y"}})");
  REQUIRE(config->models.tiers.at("fast").front() == "local/a/b");
  REQUIRE(config->models.tiers.at("smart") == config->models.tiers.at("fast"));
  REQUIRE(config->models.router.mode == RouterMode::smart);
  REQUIRE(config->models.prices.at("local/a").output == 2.5);
  REQUIRE_FALSE(config->models.prices.at("local/a").cached.has_value());
  REQUIRE(config->models.budget.on_limit == OnLimit::queue);
  REQUIRE(config->memory.consolidate_idle == 2h);
  REQUIRE(config->memory.pii_redact.empty());
  REQUIRE(config->tools.approval == Approval::never);
  REQUIRE(config->tools.settings.at("shell").plugin == "tool_shell");
  REQUIRE(config->tools.settings.at("dice").plugin == "org.example.dice");
  REQUIRE(config->plugins.isolation_default == Isolation::none);
  REQUIRE(config->plugins.isolation_of.at("tool_web") == Isolation::process);
  REQUIRE(config->plugins.settings.at("channel_http").settings.at("a") == 1);
}

TEST_CASE("anchors and aliases work within bounds") {
  const auto config = good("models: {tiers: {fast: &list [offline/offline], smart: *list}}\n");
  REQUIRE(config->models.tiers.at("smart").size() == 1);
}

TEST_CASE("directories and the level given to hobd win over the file's") {
  const ConfigLoad load =
      parse_config("state_dir: /a\nlog: {level: warn}\n", "hob.yaml", {},
                   {.state_dir = "/b", .runtime_dir = "/c", .log_level = log::Level::trace});
  REQUIRE(load.config->state_dir == "/b");
  REQUIRE(load.config->runtime_dir == "/c");
  REQUIRE(load.config->log.level == log::Level::trace);
  REQUIRE(load.config->shown.at("state_dir") == "/b");
  REQUIRE(load.config->shown.at("log").at("level") == "trace");
}

TEST_CASE("what a running daemon can't change is named") {
  const auto before = good("");
  REQUIRE(restart_keys(*before, *before).empty());
  REQUIRE(restart_keys(*before, *good("persona: x\nlimits: {burst: 3}\nlog: {level: debug}\n")).empty());
  REQUIRE(
      restart_keys(*before,
                   *good("state_dir: /x\nruntime_dir: /y\nhttp: {listen: 127.0.0.1:1}\nauth: {mode: none}\n"
                         "plugins: {paths: [/p], isolation: {default: none}}\n")) ==
      std::vector<std::string>{"state_dir", "runtime_dir", "http.listen", "auth.mode"});
}

TEST_CASE("all faults of a file are told at once, in order of their lines") {
  const ConfigLoad load = parse("persna: x\nlog: {level: loud}\nhttp:\n  listen: 8787\n  max_bdy: 1MiB\n");
  REQUIRE_FALSE(load.config);
  REQUIRE(load.faults.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) REQUIRE(load.faults[i].mark.line == std::vector<int>{1, 2, 4, 5}[i]);
}

TEST_CASE("a file that can't be read says why") {
  const Folder folder;
  const auto message = [](const std::filesystem::path& file) {
    const ConfigLoad load = load_config(file, {});
    REQUIRE_FALSE(load.config);
    REQUIRE(load.faults.size() == 1);
    return load.faults[0].text();
  };
  REQUIRE_THAT(message(folder.path / "none.yaml"),
               Catch::Contains("No such file") && Catch::Contains("--config"));
  REQUIRE_THAT(message(folder.path), Catch::Contains("is a directory"));
  const auto pipe = folder.path / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  REQUIRE_THAT(message(pipe), Catch::Contains("not a regular file"));
  REQUIRE_THAT(message(folder.write("big.yaml", std::string((1 << 20) + 1, '#'))),
               Catch::Contains("larger than 1024 KiB"));
  if (::geteuid() != 0) {  // root reads everything
    const auto locked = folder.write("locked.yaml", "");
    ::chmod(locked.c_str(), 0);
    REQUIRE_THAT(message(locked),
                 Catch::Contains("Permission denied") && Catch::Contains("readable by the user"));
  }
}

TEST_CASE("no mutilated file crashes the reader") {
  std::ifstream file(source_file("config/hob.yaml"));
  std::stringstream text;
  text << file.rdbuf();
  const std::string whole = text.str();
  const unsigned seed = 20261121;
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const std::string_view alphabet = "{}[]:,-?&*!|>'\"#%@` \n\t$x0\x04\xff";
  for (int round = 0; round < 1500; ++round) {
    std::string broken = whole.substr(0, random() % (whole.size() + 1));
    for (int i = 0; i < 8 && !broken.empty(); ++i)
      broken[random() % broken.size()] = alphabet[random() % alphabet.size()];
    const ConfigLoad load = parse(broken);
    REQUIRE((load.config != nullptr) == load.faults.empty());
  }
}

TEST_CASE("credentials inside URLs are shown to nobody") {
  const auto config = good(
      "models: {providers: {local: {plugin: provider_openai, proxy: \"https://ann:hunter22@proxy.example/x?key=abcdefghij&n=1\"}}}\n"
      "vault: {remote: \"https://bob:sesame99@git.example/v.git\"}\n");
  const std::string shown = json::serialize(config->shown);
  for (const char* secret : {"hunter22", "abcdefghij", "sesame99", "ann:", "bob:"}) {
    INFO(secret);
    REQUIRE(shown.find(secret) == std::string::npos);
  }
  REQUIRE(shown.find("https://***@proxy.example/x?key=***&n=***") != std::string::npos);
  REQUIRE(log::redact("to https://x/?key=abcdefghij") == "to https://x/?key=***");
  REQUIRE(log::redact("hunter22 sesame99") == "*** ***");
  REQUIRE(config->models.providers.at("local").settings.at("proxy").as_string().find("hunter22") != std::string_view::npos);
}

TEST_CASE("keys without effect are named in one warning, plain secrets in one each") {
  const ConfigLoad load = parse_config(
      "persona: x\nvault: {remote: y}\nproactive: {timezone: UTC, max_per_day: 1}\n"
      "channels: {c: {plugin: channel_webhook, secret: abcdefghijklmnopq}}\n",
      "hob.yaml", {});
  REQUIRE(load.config);
  REQUIRE(load.warnings.size() == 2);
  REQUIRE(load.warnings[0].text().find("hob.yaml:4: channels.c.secret: a secret in plain text") == 0);
  REQUIRE(load.warnings[1].text() == "hob.yaml:2: without effect in this version: vault, proactive.max_per_day");
  REQUIRE(parse_config("persona: x\nplugins: {isolation: {default: none}}\n", "hob.yaml", {}).warnings.empty());
}

TEST_CASE("a price of a provider that is not there is warned of, one of a model whose name has a slash is not") {
  const auto load = parse_config("models:\n"
                                 "  providers: {router: {plugin: provider_openai}}\n"
                                 "  tiers: {fast: [router/acme/brain]}\n"
                                 "  prices:\n"
                                 "    ruoter/acme/brain: {input: 1}\n"
                                 "    router/acme/brain: {input: 1}\n"
                                 "    acme/brain: {input: 1}\n"
                                 "    offline/offline: {input: 0}\n"
                                 "    brain: {input: 1}\n",
                                 "hob.yaml", {});
  REQUIRE(load.config);
  REQUIRE(load.warnings.size() == 1);
  REQUIRE(load.warnings[0].text() == "hob.yaml:5: models.prices.ruoter/acme/brain: no provider \"ruoter\" under models.providers, did you mean "
                                     "\"router\"?; as it stands it is the price of a model called \"ruoter/acme/brain\" of any provider");
}

TEST_CASE("a missing file is told without a line") {
  const ConfigLoad load = load_config("/nowhere/hob.yaml", {});
  REQUIRE(load.faults.at(0).text() ==
          "/nowhere/hob.yaml: open /nowhere/hob.yaml: No such file or directory; write one (an empty file takes every default) or name another with --config");
}

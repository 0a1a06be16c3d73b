// One fault a row: the file, and what its message must hold, place and advice included.
#include "config/config.hpp"

#include <catch2/catch.hpp>

using namespace hobd;

namespace {

struct Row {
  std::string yaml;
  std::vector<std::string> message;  // parts of the only fault's text
};

std::string repeated(const std::string& part, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += part;
  return text;
}

/// a: [x, ...], each further one ten times the one before.
std::string alias_bomb() {
  std::string text = "a0: &a0 [" + repeated("x, ", 10) + "x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + repeated(before + ", ", 9) +
            before + "]\n";
  }
  return text;
}

std::string long_alias_bomb() {
  return "a: &a \"" + std::string(100'000, 'x') + "\"\nb: [" + repeated("*a, ", 100) + "*a]\n";
}

const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      {"http: {listen: \"0.0.0.0:99999\"}", {"http.listen", "the port is too big: write 1 to 65535"}},
      {"models:\n\tproviders: {}", {"hob.yaml:2: a tab; YAML is indented with spaces"}},
      {"models:\n  providers:\n    offline: {plugin: provider_offline}",
       {"hob.yaml:3: models.providers.offline: the name is taken"}},
      {"models: {providers: {a: {plugin: provider_openai, base_url: \"https://me:pw@host/v1\"}}}",
       {"models.providers.a.base_url: holds a user name or password; put the key into api_key"}},
      // unknown keys, and keys twice
      {"persna: x", {"hob.yaml:1: persna: unknown key, did you mean \"persona\"?"}},
      {"models:\n  teirs: {}", {"hob.yaml:2: models.teirs: unknown key, did you mean \"tiers\"?"}},
      {"memory:\n  pii:\n    zzzzzzzz: 1",
       {"hob.yaml:3: memory.pii.zzzzzzzz: unknown key; known here: detect, redact, redact_model, redact_vault, redact_log, redact_export"}},
      {"tools: {aproval: ask}", {"tools.aproval: unknown key, did you mean \"approval\"?"}},
      {"models: {tiers: {fsat: [offline/offline]}}",
       {"models.tiers.fsat: unknown key, did you mean \"fast\"?"}},
      {"persona: a\npersona: b", {"hob.yaml:2: persona: given twice, first on line 1"}},
      {"http:\n  max_body: 1MiB\n  max_body: 2MiB",
       {"hob.yaml:3: http.max_body: given twice, first on line 2"}},
      {"channels: {a: {plugin: x, plugin: y}}", {"channels.a.plugin: given twice"}},
      // wrong types
      {"persona: 5", {"hob.yaml:1: persona: must be text; put it in quotes: \"5\""}},
      {"persona: [a]", {"persona: must be text, not a list"}},
      {"persona:", {"persona: must be text, not nothing"}},
      {"http: 8787", {"http: must hold keys", "not \"8787\""}},
      {"- a\n- b", {"must hold keys", "not a list"}},
      {"hello", {"must hold keys", "\"hello\""}},
      {"limits: {burst: many}", {"limits.burst: must be a whole number from 1 to 1000000, not \"many\""}},
      {"limits: {burst: \"3\"}", {"limits.burst: must be a whole number"}},
      {"limits: {burst: 1.5}", {"limits.burst: must be a whole number"}},
      {"vault: {push: yes}", {"vault.push: must be true or false, not \"yes\""}},
      {"http: {cors_origins: https://a.example}", {"http.cors_origins: must be a list, such as [one, two]"}},
      {"memory: {pii: {redact: [card, 5]}}", {"memory.pii.redact[1]: must be text, not \"5\""}},
      {"models: {tiers: {fast: offline/offline}}",
       {"models.tiers.fast: must be a list, such as [offline/offline]"}},
      {"models: {tiers: {fast: [[a]]}}", {"models.tiers.fast[0]: write <provider>/<model>"}},
      {"models: {prices: {m: 3}}", {"models.prices.m: must hold keys"}},
      {"models: {prices: {m: {inptu: 3}}}", {"models.prices.m.inptu: unknown key, did you mean \"input\"?"}},
      // ranges and forms
      {"limits: {burst: 0}", {"from 1 to 1000000, not \"0\""}},
      {"limits: {burst: 99999999999999999999}", {"limits.burst: must be a whole number"}},
      {"models: {budget: {warn_at: 1.5}}",
       {"models.budget.warn_at: must be a number from 0 to 1, not \"1.5\""}},
      {"models: {budget: {daily: -1}}", {"models.budget.daily: must be a number"}},
      {"models: {budget: {daily: .nan}}", {"models.budget.daily: must be a number"}},
      {"auth: {access_ttl: 15}",
       {"auth.access_ttl: must be a duration from 1m to 1d, such as 30s, 5m, 2h or 7d, not \"15\""}},
      {"limits: {turn_timeout: 2d}", {"limits.turn_timeout: must be a duration from 1s to 1h"}},
      {"http: {max_body: 1MB}", {"http.max_body: must be a size", "\"1MB\""}},
      {"log: {level: loud}", {"log.level: must be trace, debug, info, warn, error, off, not \"loud\""}},
      {"log: {level: wran}", {"did you mean \"warn\"?"}},
      {"auth: {mode: [keys]}", {"auth.mode: must be keys, none, not a list"}},
      {"models: {budget: {on_limit: dney}}", {"did you mean \"deny\"?"}},
      {"memory: {consolidate: {at: \"25:00\"}}",
       {"memory.consolidate.at: \"25:00\" is wrong: write a time of day"}},
      {"proactive: {quiet_hours: \"22-8\"}", {"write \"22:00-08:00\""}},
      {"proactive: {timezone: ../etc}", {"such as Europe/Berlin"}},
      {"http: {public_url: hob.example.org}", {"http.public_url", "https://hob.example.org"}},
      {"http: {cors_origins: [\"*\"]}", {"http.cors_origins[0]", "\"*\" is not allowed"}},
      {"http: {cors_origins: [\"https://a.example/path\"]}", {"scheme, host and port only"}},
      {"state_dir: hob", {"state_dir: \"hob\" is wrong: write an absolute path"}},
      {"plugins: {paths: [plugins]}", {"plugins.paths[0]", "absolute path"}},
      {"plugins: {isolation: {default: box}}", {"plugins.isolation.default: must be none, process"}},
      {"plugins: {isolation: {tool_web: box}}", {"plugins.isolation.tool_web: must be none, process"}},
      {"plugins: {config: {channel_http: 5}}",
       {"plugins.config.channel_http: must hold the plugin's settings"}},
      {"http: {listen: 8787}", {"http.listen: must be text"}},
      {"http: {listen: localhost:8787}", {"http.listen", "numeric address, such as 127.0.0.1:8787"}},
      {"http: {listen: \"::1:8787\"}", {"[::1]:8787"}},
      {"http: {listen: 127.0.0.1:port}", {"ADDRESS:PORT"}},
      {"http: {listen: \"127.0.0.1:\"}", {"ADDRESS:PORT"}},
      {"vault: {branch: \"\"}", {"vault.branch", "must not be empty"}},
      // what depends on something else
      {"auth: {mode: none}\nhttp: {listen: 0.0.0.0:8787}",
       {"hob.yaml:1: auth.mode: \"none\" lets anyone in who reaches 0.0.0.0"}},
      {"http: {listen: \"[::]:8787\"}\nauth: {mode: none}", {"hob.yaml:2: auth.mode", "loopback"}},
      {"models:\n  providers: {local: {plugin: provider_openai}}\n  tiers:\n    fast: [lcoal/m]",
       {"hob.yaml:4: models.tiers.fast[0]", "no provider \"lcoal\"", "did you mean \"local\"?"}},
      {"models:\n  background:\n    tier: samrt", {"hob.yaml:3: models.background.tier: \"samrt\" is wrong: write fast, smart or <provider>/<model>"}},
      {"models:\n  providers: {local: {plugin: provider_openai}}\n  background: {tier: lcoal/m}",
       {"hob.yaml:3: models.background.tier", "no provider \"lcoal\"", "did you mean \"local\"?"}},
      {"models: {background: {tier: \"\"}}", {"models.background.tier", "write fast, smart or"}},
      {"models: {tiers: {smart: [gpt]}}", {"\"gpt\" is wrong: write <provider>/<model>"}},
      {"models: {tiers: {smart: [offline/]}}", {"write <provider>/<model>"}},
      {"models: {tiers: {fast: [embedder_static]}}", {"write <provider>/<model>"}},
      {"models: {tiers: {embed: [static]}}", {"embedder_static"}},
      {"models: {tiers: {fast: []}}", {"needs at least one model; write [offline/offline]"}},
      {"models: {providers: {local: {base_url: x}}}",
       {"models.providers.local.plugin: missing", "plugin: provider_openai"}},
      {"models: {providers: {local: provider_openai}}",
       {"models.providers.local: must hold keys, such as {plugin: provider_openai}"}},
      {"models: {providers: {a/b: {plugin: x}}}", {"models.providers.a/b: write a name of letters"}},
      {"channels: {discord: {token: x}}", {"channels.discord.plugin: missing", "channel_discord"}},
      {"channels: {discord: {plugin: 'a b'}}", {"channels.discord.plugin: write a plugin's id"}},
      {"channels: {x: {plugin: a}}\nmodels: {providers: {x: {plugin: b}}}",
       {"hob.yaml:1: channels.x: models.providers has a \"x\" too, on line 2"}},
      {"tools: {shell: 5}", {"tools.shell: must hold keys"}},
      // secrets
      {"persona: \"${env:HOB_UNSET}\"",
       {"hob.yaml:1: persona: the environment variable HOB_UNSET is not set; export HOB_UNSET=..."}},
      {"tools: {web: {a: {b: [\"x ${env:HOB_UNSET} y\"]}}}",
       {"tools.web.a.b[0]: the environment variable HOB_UNSET"}},
      {"persona: \"${file:/nonexistent/key}\"",
       {"persona: /nonexistent/key is not there; write the secret into it"}},
      {"persona: \"${file:key}\"", {"needs an absolute path"}},
      {"persona: \"${file:/}\"", {"is a directory"}},
      {"persona: \"${credential:jwt}\"",
       {"the credential jwt is not set", "LoadCredential=jwt:/etc/hob/credentials/jwt"}},
      {"persona: \"${credential:../x}\"", {"not a credential's name"}},
      {"persona: \"${enf:X}\"", {"${enf:...} is not known; write ${env:NAME}"}},
      {"persona: \"${env:X\"", {"no closing brace"}},
      {"auth: {jwt_secret: short}", {"auth.jwt_secret: this is wrong: it needs at least 32 bytes"}},
      // not YAML, or too much of it
      {"http:\n  listen: \"127", {"hob.yaml:", "not YAML"}},
      {"a: b: c", {"hob.yaml:1", "not YAML"}},
      {"http: {listen: x", {"not YAML"}},
      {"http:\n\tlisten: x", {"hob.yaml:2", "a tab"}},
      {"persona: *nobody", {"hob.yaml:1", "not YAML"}},
      {"channels: &c {a: *c}", {"hob.yaml:1: an alias inside the value that it names"}},
      {"? [a]\n: b", {"a key must be a word"}},
      {"persona: !!binary aGk=", {"tag:yaml.org,2002:binary is not read here"}},
      {"persona: a\n---\npersona: b", {"hob.yaml:3: a second document"}},
      {"persona: \"\xff\"", {"hob.yaml:1: not UTF-8; save the file as UTF-8"}},
      {"# a\n# b\npersona: \xe2\x82", {"hob.yaml:3: not UTF-8"}},
      {std::string("\xff\xfe"
                   "a\0:\0",
                   6),
       {"not UTF-8"}},
      {"persona: a\nlog: \x04", {"hob.yaml:2: a control character (0x04)"}},
      {std::string("persona: \0", 10), {"a control character (0x00)"}},
      {"a: " + std::string(100'000, '['), {"hob.yaml:1: nested deeper than 32 levels"}},
      {"a: " + std::string(100'000, '{'), {"nested deeper than 32 levels"}},
      {repeated("- ", 100'000), {"nested deeper than 32 levels"}},
      {alias_bomb(), {"more than 20000 values, aliases followed"}},
      {long_alias_bomb(), {"more than 4 MiB of text, aliases followed"}},
      {"a: [" + repeated("x, ", 30'000) + "x]", {"more than 20000 values"}},
      {"a: [" + repeated("~,", 30'000) + "~]", {"more than 20000 values"}},
      {std::string((1 << 20) + 1, '#'), {"larger than 1 MiB"}},
      {"tools: {web: {x: .inf}}", {"tools.web.x: .inf is not a number that can be used"}},
      {"tools: {web: {x: 1e999}}", {"tools.web.x: 1e999 is too large"}},
  };
  return all;
}

}  // namespace

TEST_CASE("a file with one fault gets one message with its place and what to write") {
  for (const Row& row : rows()) {
    const ConfigLoad load = parse_config(row.yaml, "hob.yaml", {});
    INFO(row.yaml.substr(0, 200));
    REQUIRE_FALSE(load.config);
    for (const ConfigFault& fault : load.faults) UNSCOPED_INFO(fault.text());
    REQUIRE(load.faults.size() == 1);
    for (const std::string& part : row.message) REQUIRE_THAT(load.faults[0].text(), Catch::Contains(part));
  }
}

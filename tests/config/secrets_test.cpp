#include "config/config.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace hobd;

namespace {

struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "hob-secrets-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  void write(const std::string& name, const std::string& content) const {
    std::ofstream(path / name, std::ios::binary) << content;
  }
};

ConfigLoad parse(const std::string& yaml, const SecretSources& secrets) { return parse_config(yaml, "hob.yaml", secrets); }

}  // namespace

TEST_CASE("references are filled in, alone and inside a text, at any depth") {
  const Folder folder;
  folder.write("discord", "discord-token-1\n");
  folder.write("key", "file-secret-2\r\n");
  const SecretSources sources{{{"HOB_KEY", "env-secret-3"}}, folder.path};
  const auto load = parse("persona: \"a ${env:HOB_KEY} b ${env:HOB_KEY}\"\n"
                          "channels: {discord: {plugin: channel_discord, token: \"${credential:discord}\"}}\n"
                          "tools: {web: {headers: [{name: \"Bearer ${file:" + folder.path.string() + "/key}\"}]}}\n", sources);
  REQUIRE(load.config);
  REQUIRE(load.config->persona == "a env-secret-3 b env-secret-3");
  REQUIRE(load.config->channels.at("discord").settings.at("token") == "discord-token-1");
  REQUIRE(load.config->tools.settings.at("web").settings.at("headers").at(0).at("name") == "Bearer file-secret-2");
}

TEST_CASE("what is shown keeps the references and no secret") {
  const SecretSources sources{{{"HOB_KEY", "env-secret-4"}}, {}};
  const auto load = parse("persona: \"${env:HOB_KEY}\"\n"
                          "models: {providers: {a: {plugin: provider_openai, api_key: \"${env:HOB_KEY}\", token: literal-5}}}\n"
                          "backup: {s3: {secret_key: literal-6}}\n", sources);
  REQUIRE(load.config);
  const std::string shown = json::serialize(load.config->shown);
  REQUIRE_THAT(shown, !Catch::Contains("env-secret-4") && !Catch::Contains("literal-") && Catch::Contains("${env:HOB_KEY}"));
  REQUIRE(load.config->models.providers.at("a").settings.at("token") == "literal-5");
  REQUIRE(load.config->backup.s3_secret_key == "literal-6");
}

TEST_CASE("a secret never reaches the log") {
  const SecretSources sources{{{"HOB_KEY", "env-secret-7"}}, {}};
  REQUIRE(parse("tools: {web: {a: \"${env:HOB_KEY}\", password: literal-8}}\n", sources).config);
  REQUIRE(log::redact("x env-secret-7 literal-8 y") == "x *** *** y");
}

TEST_CASE("a fault about a secret's value does not hold it") {
  const SecretSources sources{{{"HOB_KEY", "not-an-address-9"}}, {}};
  const auto load = parse("http: {listen: \"${env:HOB_KEY}\"}\n", sources);
  REQUIRE(load.faults.size() == 1);
  REQUIRE_THAT(load.faults[0].text(), Catch::Contains("${env:HOB_KEY}") && !Catch::Contains("not-an-address-9"));
}

TEST_CASE("a reference in a secret's value is not followed") {
  const SecretSources sources{{{"OUTER", "${env:INNER}"}, {"INNER", "inner-10"}}, {}};
  REQUIRE(parse("persona: \"${env:OUTER}\"\n", sources).config->persona == "${env:INNER}");
}

TEST_CASE("a doubled dollar and other braces stay text") {
  REQUIRE(parse("persona: \"$${env:X} ${name} $ {} ${}\"\n", {}).config->persona == "${env:X} ${name} $ {} ${}");
}

TEST_CASE("an empty, binary or oversized secret is refused") {
  const Folder folder;
  folder.write("empty", "\n");
  folder.write("binary", "\xff\xfe");
  folder.write("large", std::string(70'000, 'x'));
  const SecretSources sources{{{"EMPTY", ""}}, folder.path};
  for (const auto& [reference, message] : std::initializer_list<std::pair<const char*, const char*>>{
           {"${env:EMPTY}", "is empty"}, {"${credential:empty}", "is empty"}, {"${credential:binary}", "not UTF-8"},
           {"${credential:large}", "larger than 64 KiB"}, {"${credential:none}", "LoadCredential=none"}}) {
    const auto load = parse(std::string("persona: \"") + reference + "\"\n", sources);
    REQUIRE(load.faults.size() == 1);
    REQUIRE_THAT(load.faults[0].text(), Catch::Contains(message));
  }
}

TEST_CASE("the process's own environment and credentials are the sources") {
  ::setenv("HOB_TEST_SECRET", "from-process-11", 1);
  ::setenv("CREDENTIALS_DIRECTORY", "/run/credentials/hobd.service", 1);
  const SecretSources sources = SecretSources::from_process();
  ::unsetenv("HOB_TEST_SECRET");
  ::unsetenv("CREDENTIALS_DIRECTORY");
  REQUIRE(sources.environment.at("HOB_TEST_SECRET") == "from-process-11");
  REQUIRE(sources.credentials_dir == "/run/credentials/hobd.service");
}

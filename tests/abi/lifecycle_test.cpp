// sdk/abi/lifecycle.yaml against the headers: every extension has its line, every line its extension.
#include <catch2/catch.hpp>
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace {

namespace fs = std::filesystem;

const fs::path kSdk = HOB_SDK;

std::string content(const fs::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::set<std::string> ids_in(const std::string& text) {
  static const std::regex kDefine(R"re(#define HOB_(?:EXT|HOST)_\w+ "(hob\.[^"]+)")re");
  std::set<std::string> out;
  for (std::sregex_iterator at(text.begin(), text.end(), kDefine), end; at != end; ++at) out.insert((*at)[1]);
  return out;
}

std::set<std::string> all_ids() {
  std::set<std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(kSdk / "include/hob"))
    if (entry.path().extension() == ".h") out.merge(ids_in(content(entry.path())));
  return out;
}

}  // namespace

TEST_CASE("every extension in the headers is in lifecycle.yaml, and no other") {
  const YAML::Node file = YAML::LoadFile((kSdk / "abi/lifecycle.yaml").string());
  std::set<std::string> listed;
  for (const auto& entry : file["extensions"]) listed.insert(entry.first.as<std::string>());
  CHECK(listed == all_ids());
}

TEST_CASE("each line of lifecycle.yaml is whole") {
  const YAML::Node file = YAML::LoadFile((kSdk / "abi/lifecycle.yaml").string());
  const std::set<std::string> states{"draft", "candidate", "stable", "deprecated", "removed"};
  for (const auto& entry : file["extensions"]) {
    const auto id = entry.first.as<std::string>();
    INFO(id);
    const YAML::Node& line = entry.second;
    CHECK(ids_in(content(kSdk / "include/hob" / line["header"].as<std::string>())).contains(id));
    CHECK(states.contains(line["state"].as<std::string>()));
    CHECK(line["side"].as<std::string>() == (id.starts_with("hob.host.") ? "host" : "plugin"));
    CHECK(std::regex_match(line["dated"].as<std::string>(), std::regex(R"(\d{4}-\d{2}-\d{2})")));
    CHECK_FALSE(line["since"].as<std::string>().empty());
    if (line["state"].as<std::string>() == "deprecated") CHECK(line["instead"]);
  }
}

TEST_CASE("a release that is named has its layout, headers and sums") {
  const YAML::Node file = YAML::LoadFile((kSdk / "abi/lifecycle.yaml").string());
  const auto release = file["abi"].as<std::string>();
  CHECK(fs::exists(kSdk / "abi" / ("layout-" + release + "-lp64.txt")));
  CHECK(fs::exists(kSdk / "abi" / release / "include/hob/plugin.h"));
  CHECK(fs::exists(kSdk / "abi" / release / "SHA256SUMS"));
  CHECK(content(kSdk / "CHANGELOG.md").find("## " + release) != std::string::npos);
}

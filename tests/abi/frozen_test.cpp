// Plugins of earlier releases in today's daemon: built now with the headers of then, and the binaries of then. Each must
// load, answer, stream, cancel and stop.
#include "plugins/house.hpp"

#include <catch2/catch.hpp>

#include <openssl/evp.h>

#include <sstream>

using namespace hobd;
namespace fs = std::filesystem;

namespace {

const fs::path kAbi = fs::path(HOB_SDK) / "abi";

struct Old {
  std::string release, name;
  fs::path library;
};

/// Every old plugin there is for this machine.
std::vector<Old> old_plugins() {
  std::vector<Old> out;
  for (const auto& release : fs::directory_iterator(kAbi)) {
    if (!release.is_directory()) continue;
    const std::string name = release.path().filename().string();
    out.push_back({name, "old_c", fs::path(HOB_BUILT_OLD) / name / "old_c/old_c.so"});
#if defined(__x86_64__)
    for (const auto& binary : fs::directory_iterator(release.path() / "x86_64"))
      out.push_back({name, binary.path().filename().string(), binary.path() / (binary.path().filename().string() + ".so")});
#endif
  }
  return out;
}

struct OldHouse : fakes::House {
  explicit OldHouse(const Old& old) : name(old.name) {
    const fs::path place = folder.path() / name;
    fs::create_directories(place);
    fs::copy_file(old.library, place / (name + ".so"));
    fs::copy_file(kAbi / old.release / "x86_64" / name / "plugin.json", place / "plugin.json");
    start();
  }
  Result<std::string> ask(const std::string& tool_name, const std::string& arguments = "{}") { return call(tool(tool_name, arguments), name); }
  const std::string name;
};

std::string sha256(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream bytes;
  bytes << in.rdbuf();
  const std::string text = bytes.str();
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

}  // namespace

TEST_CASE("the old binaries are the ones that were frozen") {
  int sums = 0;
  for (const auto& release : fs::directory_iterator(kAbi)) {
    std::ifstream list(release.path() / "SHA256SUMS");
    for (std::string sum, file; list >> sum >> file; ++sums) {
      INFO(file);
      CHECK(sha256(release.path() / file) == sum);
    }
  }
  CHECK(sums >= 2);
}

TEST_CASE("old plugins load, answer, stream, cancel and stop") {
#if !defined(__x86_64__)
  WARN("the binaries are for x86-64; what runs here is built with the old headers alone");
#endif
  for (const Old& old : old_plugins()) {
    INFO(old.release << " " << old.library);
    OldHouse house(old);
    REQUIRE(house.registry->find(old.name));
    CHECK(house.plugin(old.name).state() == InstanceState::ready);

    CHECK(house.ask("echo", R"({"a":1})").value() == R"({"a":1})");

    std::vector<std::string> chunks;
    PluginCall stream = house.tool("stream");
    stream.on_chunk = [&](std::string chunk) {
      chunks.push_back(std::move(chunk));
      return true;
    };
    CHECK(house.call(std::move(stream), old.name).value() == "\"done\"");
    CHECK(chunks == std::vector<std::string>{"one", "two"});

    PluginCall wait = house.tool("wait");
    wait.deadline = std::chrono::milliseconds(20);
    CHECK(house.call(std::move(wait), old.name).error().code == Code::timeout);

    std::optional<Result<std::string>> ended;
    const auto call = house.plugin(old.name).start_call(house.tool("wait"), [&](Result<std::string> result) { ended = std::move(result); });
    house.plugin(old.name).cancel_call(call);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!ended && std::chrono::steady_clock::now() < until) house.io.run_one_for(std::chrono::milliseconds(100)), house.io.restart();
    REQUIRE(ended);
    CHECK(ended->error().code == Code::cancelled);

    CHECK(house.ask("keep").value() == "\"value\"");
    CHECK(house.ask("none").error().code == Code::not_found);

    fakes::run(house.io, house.registry->stop(std::chrono::seconds(5)));
    CHECK(house.plugin(old.name).state() == InstanceState::stopped);
  }
}

// One tool in C++, C and Lua (the examples of the SDK): the same calls get answers of the same shape, and the same errors.
#include "plugin_kit/probe.hpp"

#include <catch2/catch.hpp>

using namespace hobd;
using namespace hobd::kit;

namespace {

Subject example(const std::string& name) {
  const std::filesystem::path folder = name == "dice_lua" ? std::filesystem::path(HOB_EXAMPLES) / name : std::filesystem::path(HOB_BUILT_EXAMPLES) / name;
  return read_subject(folder, Origin::stranger, {}).value();
}

struct Seen {
  hob_status status;
  std::string words;  // of an error
  json::value result;
  bool operator==(const Seen&) const = default;
};

/// What each of the three answers, by its name.
std::map<std::string, Seen> ask_all(const std::string& tool, const std::string& arguments) {
  std::map<std::string, Seen> out;
  for (const char* name : {"dice", "dice_c", "dice_lua"}) {
    const Subject subject = example(name);
    Bench bench(subject);
    REQUIRE_FALSE(bench.start().has_error());
    const hob::test::Answer& answer = bench.host.tool(tool, arguments);
    out[name] = {answer.status, answer.status == HOB_OK ? "" : answer.result, answer.status == HOB_OK ? parse_json(answer.result).value() : json::value()};
  }
  return out;
}

}  // namespace

TEST_CASE("a tool in C++, C and Lua describes itself alike") {
  std::vector<std::vector<DescribedTool>> all;
  for (const char* name : {"dice", "dice_c", "dice_lua"}) {
    const Subject subject = example(name);
    Bench bench(subject);
    REQUIRE_FALSE(bench.start().has_error());
    all.push_back(described_tools(bench).value());
  }
  for (auto& tools : all) {
    REQUIRE(tools.size() == 1);
    json::object& schema = tools[0].parameters.as_object();  // "required": [] says nothing
    if (const json::array* required = array_at(schema, "required"); required && required->empty()) schema.erase("required");
    CHECK(tools[0].name == all[0][0].name);
    CHECK(tools[0].description == all[0][0].description);
    CHECK(tools[0].parameters == all[0][0].parameters);
  }
}

TEST_CASE("a tool in C++, C and Lua answers alike") {
  for (const char* arguments : {R"({"sides":1})", R"({ "sides" : 1 })"})
    for (const auto& [name, seen] : ask_all("roll_die", arguments)) {
      INFO(name);
      CHECK(seen == Seen{HOB_OK, "", {{"value", 1}}});
    }
  for (const char* arguments : {"{}", R"({"sides":20})", R"({"sides":null})"})
    for (const auto& [name, seen] : ask_all("roll_die", arguments)) {
      INFO(name << " " << arguments);
      REQUIRE(seen.status == HOB_OK);
      REQUIRE(seen.result.as_object().size() == 1);
      const std::int64_t value = seen.result.at("value").as_int64();
      CHECK(value >= 1);
      CHECK(value <= (std::string(arguments).find("20") != std::string::npos ? 20 : 6));
    }
}

TEST_CASE("a tool in C++, C and Lua refuses alike") {
  for (const auto& [name, seen] : ask_all("roll_die", R"({"sides":0})")) CHECK(seen == Seen{HOB_INVALID, "a die has at least one side", {}});
  for (const char* arguments : {R"({"sides":"six"})", R"({"sides":[]})", R"({"sides":true})"})
    for (const auto& [name, seen] : ask_all("roll_die", arguments)) {
      INFO(name << " " << arguments);
      CHECK(seen == Seen{HOB_INVALID, "\"sides\" must be an integer", {}});
    }
  for (const auto& [name, seen] : ask_all("roll_die", R"({"sides":2.5})")) CHECK(seen.status == HOB_INVALID);
  for (const auto& [name, seen] : ask_all("roll_dice", "{}")) CHECK(seen.status == HOB_NOT_FOUND);
}

#include "plugin_kit/manifest_text.hpp"
#include "plugin_kit/sample.hpp"

#include "base/schema.hpp"

#include <catch2/catch.hpp>

using namespace hobd;
using namespace hobd::kit;

namespace {
DescribedTool tool(const std::string& name, const std::string& description = "Does it.") {
  return {name, description, parse_json(R"({"type":"object","properties":{}})").value(), {}};
}
const std::string kManifest = R"({
  "id": "x",
  "kind": ["tool"],
  "tools": { "old": { "effect": "read", "deadline_s": 5 } },
  "permissions": { "kv": "1MiB" }
}
)";
}  // namespace

TEST_CASE("the tools block is written, all else stays as it is") {
  const std::string text = with_tools(kManifest, {tool("old"), tool("new")}).value();
  CHECK(text.starts_with("{\n  \"id\": \"x\",\n  \"kind\": [\"tool\"],\n  \"tools\": {\n"));
  CHECK(text.ends_with(",\n  \"permissions\": { \"kv\": \"1MiB\" }\n}\n"));
  const json::object document = parse_json_object(text).value();
  const json::object& tools = document.at("tools").as_object();
  CHECK(tools.at("old").at("effect") == "read");
  CHECK(tools.at("old").at("deadline_s") == 5);
  CHECK(tools.at("old").at("description") == "Does it.");
  CHECK(tools.at("new").at("effect") == "external");
  CHECK(with_tools(text, {tool("old"), tool("new")}).value() == text);
}

TEST_CASE("a tool that is gone leaves the block, a missing block is made") {
  CHECK_FALSE(parse_json_object(with_tools(kManifest, {tool("new")}).value()).value().at("tools").as_object().contains("old"));
  const std::string made = with_tools("{\"kind\": [\"tool\"], \"id\": \"x\"}", {tool("new")}).value();
  CHECK(parse_json_object(made).value().at("tools").as_object().contains("new"));
  CHECK(with_tools("{\"kind\": [\"provider\"]}", {}).value() == "{\"kind\": [\"provider\"]}");
  CHECK(with_tools("not json", {}).has_error());
}

TEST_CASE("names that look like JSON do not lead the writer astray") {
  const std::string text = R"({"description": "\"tools\": {}", "kind": ["tool"], "tools": {}})";
  const std::string written = with_tools(text, {tool("new")}).value();
  CHECK(parse_json_object(written).value().at("description") == "\"tools\": {}");
  CHECK(parse_json_object(written).value().at("tools").as_object().contains("new"));
}

TEST_CASE("the difference shows the lines that changed, with their neighbours") {
  CHECK(difference("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nX\ne\nf\n") == " b\n c\n-d\n+X\n e\n f\n");
  CHECK(difference("a\n", "a\n").empty());
}

TEST_CASE("samples fit their schema, misfits do not") {
  for (const char* text : {R"({"type":"object","properties":{"a":{"type":"string","minLength":9},"n":{"type":"integer","minimum":5}},"required":["a","n"]})",
                           R"({"type":"object","properties":{"e":{"enum":["x","y"]},"l":{"type":"array","minItems":2,"items":{"type":"number"}}},"required":["e","l"]})",
                           R"({"type":"object","properties":{"b":{"type":"boolean","default":true},"o":{"type":"object","required":["k"],"properties":{"k":{"type":"string","maxLength":2}}}},"required":["o"]})"}) {
    const json::value schema = parse_json(text).value();
    const Schema compiled = Schema::compile(schema).value();
    const json::value sample = sample_of(schema);
    INFO(json::serialize(sample));
    CHECK_FALSE(compiled.check(sample, "value").has_error());
    const auto misfits = misfits_of(schema, sample);
    CHECK(misfits.size() >= 3);
    for (const Misfit& misfit : misfits) CHECK(compiled.check(misfit.value, "value").has_error());
  }
}

#include "agent/tool_arguments.hpp"

#include <catch2/catch.hpp>

using namespace hobd;

namespace {

std::string mended(std::string_view written) {
  const Result<ToolArguments> arguments = read_tool_arguments(written);
  if (arguments.has_error()) return "refused";
  CHECK(parse_json_object(arguments->text).value() == arguments->values);
  return arguments->text;
}

std::string typed(std::string_view written, std::string_view schema) {
  ToolArguments arguments = read_tool_arguments(written).value();
  mend_types(arguments, parse_json(schema).value());
  CHECK(parse_json_object(arguments.text).value() == arguments.values);
  return arguments.text;
}

}  // namespace

TEST_CASE("arguments in order stay as the model wrote them") {
  const ToolArguments arguments = read_tool_arguments(R"({ "x" : 1, "s": "it's, } \u00e4" })").value();
  CHECK(arguments.text == R"({ "x" : 1, "s": "it's, } \u00e4" })");
  CHECK_FALSE(arguments.is_mended);
}

TEST_CASE("nothing written is an object without members") {
  CHECK(mended("") == "{}");
  CHECK(mended(" \n") == "{}");
  CHECK(mended("null") == "{}");
}

TEST_CASE("what only the writing got wrong is mended") {
  CHECK(mended(R"({"x":1,})") == R"({"x":1})");
  CHECK(mended(R"({"x":[1,2, ],})") == R"({"x":[1,2]})");
  CHECK(mended(R"({'x':'a "b"'})") == R"({"x":"a \"b\""})");
  CHECK(mended(R"({'x':'it\'s'})") == R"({"x":"it's"})");
  CHECK(mended(R"({x: 1, long_name: "y"})") == R"({"x":1,"long_name":"y"})");
  CHECK(mended("{\"x\":\"a\nb\tc\"}") == R"({"x":"a\nb\tc"})");
  CHECK(mended("{'x':True,'y':False,'z':None}") == R"({"x":true,"y":false,"z":null})");
  CHECK(mended("```json\n{\"x\":1}\n```") == R"({"x":1})");
  CHECK(mended(R"("{\"x\":1}")") == R"({"x":1})");
}

TEST_CASE("words inside a text are not touched when the writing around it is mended") {
  CHECK(mended(R"({"x":"True, None: y",})") == R"({"x":"True, None: y"})");
  CHECK(mended(R"({"x":"a, ]",})") == R"({"x":"a, ]"})");
}

TEST_CASE("what would have to be guessed is refused") {
  CHECK(mended(R"({"x":1)") == "refused");
  CHECK(mended(R"({"x":"cut off)") == "refused");
  CHECK(mended("{'x':'rock 'n' roll'}") == "refused");
  CHECK(mended("{'x':'say 'hi', then go'}") == "refused");
  CHECK(mended("not json") == "refused");
  CHECK(mended("[1]") == "refused");
  CHECK(mended("5") == "refused");
  CHECK(mended(R"({"x":yes})") == "refused");
  CHECK(mended(R"({"x":1}{"x":2})") == "refused");
  CHECK(mended(R"({"x" 1})") == "refused");
}

TEST_CASE("numbers, truth, lists and objects written as text become what the schema wants") {
  constexpr std::string_view kSchema = R"({"type":"object","properties":{"n":{"type":"number"},"i":{"type":"integer"},"b":{"type":"boolean"},
    "l":{"type":"array","items":{"type":"integer"}},"o":{"type":"object","properties":{"i":{"type":"integer"}}},"s":{"type":"string"},
    "either":{"type":["string","integer"]}}})";
  CHECK(typed(R"({"n":"2.5"})", kSchema) == R"({"n":2.5E0})");
  CHECK(typed(R"({"i":" 5 "})", kSchema) == R"({"i":5})");
  CHECK(typed(R"({"b":"True"})", kSchema) == R"({"b":true})");
  CHECK(typed(R"({"l":"[1,\"2\"]"})", kSchema) == R"({"l":[1,2]})");
  CHECK(typed(R"({"l":["1",2]})", kSchema) == R"({"l":[1,2]})");
  CHECK(typed(R"({"o":{"i":"7"}})", kSchema) == R"({"o":{"i":7}})");
  CHECK(typed(R"({"o":"{\"i\":7}"})", kSchema) == R"({"o":{"i":7}})");
  CHECK(typed(R"({"s":"5","either":"5"})", kSchema) == R"({"s":"5","either":"5"})");
}

TEST_CASE("a value that means something else is not made to fit") {
  constexpr std::string_view kSchema = R"({"type":"object","properties":{"i":{"type":"integer"},"b":{"type":"boolean"}}})";
  for (const std::string_view kept : {R"({"i":"five"})", R"({"i":"2.5"})", R"({"i":"007"})", R"({"i":"0x10"})", R"({"i":""})", R"({"b":"yes"})", R"({"b":1})"})
    CHECK(typed(kept, kSchema) == kept);
}

TEST_CASE("null for a member that may be absent is its absence") {
  constexpr std::string_view kSchema = R"({"type":"object","properties":{"i":{"type":"integer"},"s":{"type":"string"},"r":{"type":"integer"},
    "n":{"type":["integer","null"]}},"required":["r"]})";
  CHECK(typed(R"({"i":null})", kSchema) == "{}");
  CHECK(typed(R"({"i":"null"})", kSchema) == "{}");
  CHECK(typed(R"({"s":null})", kSchema) == "{}");
  CHECK(typed(R"({"s":"null"})", kSchema) == R"({"s":"null"})");
  CHECK(typed(R"({"r":null})", kSchema) == R"({"r":null})");
  CHECK(typed(R"({"n":null})", kSchema) == R"({"n":null})");
}

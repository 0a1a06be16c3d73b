#include <catch2/catch.hpp>

#include "fakes/scripted_host.hpp"

using fakes::ScriptedHost;
namespace json = boost::json;

namespace {
const std::string kFile = HOB_PLUGINS "/tool_calculator/tool_calculator.so";

std::string calculate(const std::string& expression) {
  ScriptedHost host(kFile);
  auto& end = host.finish(host.tool("calculate", json::serialize(json::object{{"expression", expression}})));
  if (end.status != HOB_OK) return std::to_string(end.status) + " " + end.result;
  return std::string(json::parse(end.result).at("text").as_string());
}
}  // namespace

TEST_CASE("the calculator prints whole numbers without a fraction") {
  CHECK(calculate("2 * (3 + 4)") == "14");
  CHECK(calculate("2^10") == "1024");
  CHECK(calculate("10 / 4") == "2.5");
  CHECK(calculate("-3 - -3") == "0");
}
TEST_CASE("the calculator hides the noise of binary fractions") { CHECK(calculate("0.1 + 0.2") == "0.3"); }
TEST_CASE("the calculator knows percentages, signs and functions that people type") {
  CHECK(calculate("15% of 80") == "12");
  CHECK(calculate("80 * 15%") == "12");
  CHECK(calculate("6 × 7") == "42");
  CHECK(calculate("6 ÷ 4 − 1") == "0.5");
  CHECK(calculate("sqrt(2)^2") == "2");
  CHECK(calculate("max(3, 5) + sin(pi/2)") == "6");
}
TEST_CASE("the calculator reads sums in words") {
  CHECK(calculate("12 times 7 plus 1") == "85");
  CHECK(calculate("10 divided by 4 minus 2") == "0.5");
  CHECK(calculate("the square root of 16") == "4");
  CHECK(calculate("20 percent of 50") == "10");
  CHECK(calculate("7 x 8") == "56");
  CHECK(calculate("3 squared + 2 to the power of 4") == "25");
}
TEST_CASE("the calculator knows factorials") {
  CHECK(calculate("5!") == "120");
  CHECK(calculate("(0 - 1)!") == "3 the result is not a real number");
  CHECK(calculate("171!") == "3 the result is too large");
}
TEST_CASE("the calculator is exact up to 2^53 and says where it is not") {
  CHECK(calculate("2^53 - 1") == "9007199254740991");
  CHECK_THAT(calculate("9999999999999999 + 1"), Catch::StartsWith("about 1e+16 (rounded"));
  CHECK_THAT(calculate("9999999999999999 - 9999999999999998"), Catch::StartsWith("about "));
}
TEST_CASE("the calculator says why it can't") {
  CHECK(calculate("1 / 0") == "3 division by zero");
  CHECK(calculate("0 / 0") == "3 the result is not a real number");
  CHECK(calculate("10^400") == "3 the result is too large");
  CHECK(calculate("") == "3 the expression is empty");
  CHECK(calculate("1, 2") == "3 there is a comma between numbers: write 1000 for 1,000 and 1.5 for 1,5");
  CHECK_THAT(calculate("2 * (3 + "), Catch::Contains("can't read the expression") && Catch::Contains("position"));
  CHECK_THAT(calculate("colour + 1"), Catch::Contains("colour"));
  CHECK_THAT(calculate(std::string(5000, '(')), Catch::Contains("longer than 1000 bytes"));
}
TEST_CASE("the calculator survives deep nesting within its bound") {
  CHECK(calculate(std::string(490, '(') + "1" + std::string(490, ')')) == "1");
}
TEST_CASE("the calculator refuses arguments of the wrong shape") {
  ScriptedHost host(kFile);
  CHECK(host.finish(host.tool("calculate", "{}")).result == "\"expression\" is missing");
  CHECK(host.finish(host.tool("calculate", R"({"expression":5})")).status == HOB_INVALID);
  CHECK(host.finish(host.tool("calculate", "{")).status == HOB_INVALID);
  CHECK(host.finish(host.tool("other", "{}")).status == HOB_NOT_FOUND);
}
TEST_CASE("the calculator describes its one tool") {
  ScriptedHost host(kFile);
  const auto id = host.call([&](hob_plugin* p, hob_id call) { host.offers<hob_ext_tool>(HOB_EXT_TOOL)->describe(p, call); });
  const auto described = json::parse(host.finish(id).result);
  REQUIRE(described.at("tools").as_array().size() == 1);
  CHECK(described.at("tools").at(0).at("parameters").at("required").at(0) == "expression");
}
TEST_CASE("two instances of one plugin live side by side") {
  ScriptedHost first(kFile), second(kFile);
  CHECK(first.finish(first.tool("calculate", R"({"expression":"1+1"})")).result ==
        second.finish(second.tool("calculate", R"({"expression":"1+1"})")).result);
}

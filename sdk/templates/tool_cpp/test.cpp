#include <hob/testkit.hpp>

HOB_TEST("it counts words") {
  hob::test::Host host;
  HOB_CHECK_EQUAL(host.tool("@NAME@", R"({"text":"three small words"})").result, R"({"words":3})");
  HOB_CHECK_EQUAL(host.tool("@NAME@", R"({"text":""})").result, R"({"words":0})");
}

HOB_TEST("a text that is missing is invalid") {
  hob::test::Host host;
  HOB_CHECK_EQUAL(host.tool("@NAME@", "{}").status, HOB_INVALID);
}

HOB_TEST_MAIN

// hob/testkit.hpp: what a test of a plugin needs, in any language that makes a .so: a host that is played from a script,
// a clock that stands still until it is told to go, HTTP answers from recorded bytes, a store in memory. It needs the
// SDK and the standard library alone.
//
//   #include <hob/testkit.hpp>
//   HOB_TEST("the forecast says what the server said") {
//     hob::test::Host host;                                       // loads and activates the plugin
//     host.http.push_back({.body = R"({"temp":21})"});            // what its next request gets
//     const auto& answer = host.tool("forecast", R"({"town":"Oslo"})");
//     HOB_CHECK_EQUAL(answer.result, R"({"celsius":21})");
//     HOB_CHECK_EQUAL(host.requests[0].url, "https://api.example.org/Oslo");
//   }
//   HOB_TEST_MAIN
//
// With CMake: hob_add_plugin_test(NAME test.cpp PLUGIN dice). A script in Lua is tested in Lua: hobctl plugin test.
#pragma once

#include "testkit/check.hpp"
#include "testkit/host.hpp"
#include "testkit/text.hpp"

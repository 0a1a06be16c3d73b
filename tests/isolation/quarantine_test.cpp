// A plugin that ended too often stays down until the owner releases it.
#include "plugins/house.hpp"

#include <catch2/catch.hpp>

using namespace hobd;
using Outcome = PluginChange::Outcome;

namespace {

struct QuarantineHouse : fakes::House {
  QuarantineHouse() {
    context.remote.first_wait = std::chrono::milliseconds(1);
    install("segfault_invoke", R"("ok_segfault_invoke":{"effect":"read"},"sin_segfault_invoke":{"effect":"read"})", "", HOB_BROKEN);
    start();
    for (int i = 0; i < 5; ++i) {
      REQUIRE(fakes::run_until(io, [&] { return plugin(name).state() == InstanceState::ready; }));
      REQUIRE(call(tool("sin_" + name), name).has_error());
    }
  }
  PluginReport report() const { return registry->reports().at(0); }
  const std::string name = "segfault_invoke";
};

}  // namespace

TEST_CASE("the fifth end in ten minutes is quarantine, and the report says how to end it") {
  QuarantineHouse house;
  REQUIRE(house.report().is_quarantined);
  REQUIRE(house.report().state == "failed");
  REQUIRE(house.report().reason.find("hobctl plugin reload segfault_invoke") != std::string::npos);
  REQUIRE(house.report().last_failure.find("Segmentation fault") != std::string::npos);
}

TEST_CASE("changed files elsewhere and a config reload leave a quarantine alone") {
  QuarantineHouse house;
  REQUIRE(fakes::run(house.io, house.registry->rescan()).empty());
  REQUIRE(fakes::run(house.io, house.registry->reconfigure(house.config)).empty());
  REQUIRE(house.report().is_quarantined);
}

TEST_CASE("reload and enable release a quarantined plugin with a clean count") {
  QuarantineHouse house;
  const bool by_reload = GENERATE(true, false);
  const auto changes = by_reload ? fakes::run(house.io, house.registry->reload(house.name))
                                 : fakes::run(house.io, house.registry->set_enabled(house.name, true));
  REQUIRE(changes->at(0).outcome == Outcome::started);
  REQUIRE_FALSE(house.report().is_quarantined);
  REQUIRE(house.report().restarts == 0);
  REQUIRE(house.call(house.tool("ok_" + house.name), house.name).has_value());
  REQUIRE(house.call(house.tool("sin_" + house.name), house.name).error().code == Code::unavailable);
  REQUIRE(fakes::run_until(house.io, [&] { return house.plugin(house.name).state() == InstanceState::ready; }));
  REQUIRE(house.report().restarts == 1);
}

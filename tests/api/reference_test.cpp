// docs/api.md is made from the method table; this test holds the two together.

#include "api/methods.hpp"
#include "api/openapi.hpp"
#include "fakes.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>

using namespace hobd;
using namespace hobd::test;

namespace {

/// Every method of the daemon. Only what describes them is read, so nothing stands behind them.
void add_all(MethodTable& table, DaemonControl& daemon, Registry& registry) {
  add_system_methods(table, {});
  add_watch_methods(table, {});
  add_api_methods(table, registry, "0");
  add_chat_methods(table, {});
  add_conversation_methods(table, {});
  add_import_methods(table, {});
  add_consolidate_methods(table, {});
  add_forget_methods(table, {});
  add_turn_methods(table, {});
  add_memory_methods(table, {});
  add_block_methods(table, {});
  add_tool_methods(table, {});
  add_plugin_methods(table, {});
  add_model_methods(table, {});
  add_usage_methods(table, {});
  add_budget_methods(table, {});
  add_user_methods(table, {});
  add_key_methods(table, {});
  add_config_methods(table, daemon);
}

}  // namespace

TEST_CASE("docs/api.md is what the method table says (hobctl api markdown > docs/api.md)") {
  MethodTable table;
  DaemonControl daemon;
  FakeRegistry registry;
  add_all(table, daemon, registry);
  std::ostringstream written;
  written << std::ifstream(std::string(HOB_SOURCE_DIR) + "/docs/api.md").rdbuf();
  CHECK(written.str() == api_markdown(describe_methods(table)));
}

TEST_CASE("every method has a doc, and its positional parameters exist") {
  MethodTable table;
  DaemonControl daemon;
  FakeRegistry registry;
  add_all(table, daemon, registry);
  for (const MethodSpec* spec : table.specs()) {
    INFO(spec->name);
    CHECK_FALSE(spec->doc.empty());
    for (const std::string& name : spec->positional) CHECK(spec->params.at("properties").as_object().contains(name));
  }
}

#include "app/settings.hpp"

#include "api/fakes.hpp"
#include "api/methods.hpp"
#include "app/ties.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace hobd;
using namespace hobd::test;

namespace {

struct NoRouter final : Router {
  awaitable<Result<ModelAnswer>> complete(ModelRequest, std::function<void(std::string_view)>) override {
    co_return Error{Code::unavailable, "no model"};
  }
  Result<std::vector<std::string>> resolve(std::string_view) const override { return std::vector<std::string>{}; }
  awaitable<Result<std::vector<ModelInfo>>> list() override { co_return std::vector<ModelInfo>{}; }
  RouteDecision explain(const RouteQuestion&) const override { return {}; }
  bool has_model() const override { return false; }
  awaitable<Result<json::value>> provider_models(std::string) override { co_return json::value{}; }
  void set_config(std::shared_ptr<const Config>) override {}
};

/// A daemon's configuration and its HTTP door, over a real file.
struct Running {
  explicit Running(const std::string& first) {
    write(first);
    options.config = folder.path / "hob.yaml";
    ConfigLoad load = load_from(options);
    if (!load.config) FAIL(fault_text(load.faults));
    config = load.config;
    registry.route_list = {{.path = "/chat", .methods = {"POST"}, .rate_limited = false}};
    settings.emplace(options, config);
    toolbox = make_toolbox(registry, config);
    gate.emplace(HttpGateContext{core.get_executor(), &registry, &users, &clock, [](int) {}}, config);
    settings->set_users({.registry = &registry, .router = &router, .tools = toolbox.get(), .agent = &agent, .gate = &*gate});
  }
  void write(const std::string& yaml) { std::ofstream(folder.path / "hob.yaml") << yaml; }
  json::value reload(const std::string& yaml) {
    write(yaml);
    return run(core, settings->reload()).value();
  }
  int status_of_a_visit_without_key() {
    auto exchange = std::make_shared<FakeExchange>();
    exchange->request_ = {.method = "POST", .target = "/chat", .path = "/chat", .query = {}, .headers = {}, .body = {}, .remote = "203.0.113.7"};
    exchange->request_.headers.add("Host", "localhost");
    gate->handle(exchange);
    core.restart();
    core.run();
    return exchange->status;
  }

  TempFolder folder;
  asio::io_context core{1};
  test::FakeRegistry registry;
  FakeUsers users;
  test::FakeClock clock;
  FakeAgent agent;
  NoRouter router;
  MethodTable methods;
  Options options;
  std::shared_ptr<const Config> config;
  std::optional<Settings> settings;
  std::unique_ptr<Toolbox> toolbox;
  std::optional<HttpGate> gate;
};

constexpr const char* kPublic = "http: {listen: \"0.0.0.0:8787\"}\nauth: {mode: keys}\n";
constexpr const char* kLocal = "http: {listen: \"127.0.0.1:8787\"}\nauth: {mode: none}\npersona: new\n";

}  // namespace

TEST_CASE("a reload never opens the listener that runs: auth.mode waits for the restart with its address") {
  Running daemon(kPublic);
  REQUIRE(daemon.status_of_a_visit_without_key() == 401);
  const json::value answer = daemon.reload(kLocal);
  CHECK(json::serialize(answer.at("restart")) == R"(["http.listen","auth.mode"])");
  CHECK(daemon.status_of_a_visit_without_key() == 401);
  CHECK(daemon.settings->current()->persona == "new");
}

TEST_CASE("what waits for a restart is said by each reload, until the old value is back") {
  Running daemon(kPublic);
  daemon.reload(kLocal);
  CHECK(json::serialize(daemon.reload(kLocal).at("restart")) == R"(["http.listen","auth.mode"])");
  CHECK(daemon.reload(kPublic).at("restart").as_array().empty());
}

TEST_CASE("what is shown is what is in force, with what waits beside it") {
  Running daemon(kPublic);
  daemon.reload(kLocal);
  const json::object& shown = daemon.settings->current()->shown;
  CHECK(shown.at("auth").at("mode").as_string() == "keys");
  CHECK(shown.at("http").at("listen").as_string() == "0.0.0.0:8787");
  DaemonControl control;
  control.config = [&] { return daemon.settings->current(); };
  control.check_config = [&] { return daemon.settings->load(); };
  add_config_methods(daemon.methods, control);
  Principal admin;
  admin.scopes = {"admin"};
  const json::value got = run(daemon.core, daemon.methods.invoke(admin, "config.get", {}, nullptr)).value();
  CHECK(json::serialize(got.at("restart")) == R"(["http.listen","auth.mode"])");
}

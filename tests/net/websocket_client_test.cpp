#include "net_harness.hpp"

#include "net/websocket_client.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>

#include <catch2/catch.hpp>

using namespace net_test;

namespace {

TestServer::Handle echo() {
  return [](ExchangePtr exchange) {
    if (exchange->request().path == "/denied") return exchange->respond(401, {}, "no");
    if (!exchange->request().websocket) return exchange->respond(200, {}, "plain");
    const std::weak_ptr<HttpExchange> weak = exchange;
    const auto token = std::string(exchange->request().headers.get("X-Token"));
    exchange->accept({.message =
                          [weak](std::string text, bool is_text) {
                            const auto self = weak.lock();
                            if (!self) return;
                            if (text == "close me") return self->close(4000, "as asked");
                            self->send(text, is_text);
                          },
                      .closed = {}},
                     {{"X-Token", token}});
  };
}

struct Fixture {
  asio::io_context io;
  std::shared_ptr<WebSocketClient> client;

  WebSocketClient& make(WebSocketClientOptions options) {
    client = make_websocket_client(io.get_executor(), std::move(options));
    return *client;
  }
  Result<WebSocketClose> run_it(WebSocketClientHandlers handlers = {}) {
    return run(io, client->async_run(std::move(handlers)));
  }
};

WebSocketClientOptions at(std::uint16_t port, std::string_view path = "/ws") {
  WebSocketClientOptions options;
  options.url = "ws://127.0.0.1:" + std::to_string(port) + std::string(path);
  return options;
}

}  // namespace

TEST_CASE("a WebSocket client talks to the server and sees its close") {
  TestServer server(echo());
  Fixture f;
  auto options = at(server.port());
  options.headers = {{"X-Token", "t1"}};
  auto& client = f.make(options);
  std::string token;
  std::vector<std::string> messages;
  REQUIRE(client.send("early", true).error().code == Code::not_found);
  const auto close = f.run_it({.open =
                                   [&](const HttpHeaders& headers) {
                                     token = headers.get("x-token");
                                     for (int i = 0; i < 3; ++i) client.send(std::to_string(i), true).value();
                                     client.send("close me", true).value();
                                   },
                               .message = [&](std::string text, bool) { messages.push_back(text); }});
  REQUIRE(token == "t1");
  REQUIRE(messages == std::vector<std::string>{"0", "1", "2"});
  REQUIRE(close.value().code == 4000);
  REQUIRE(close->reason == "as asked");
  REQUIRE(client.send("late", true).error().code == Code::not_found);
}

TEST_CASE("a WebSocket client's own close ends it in order") {
  TestServer server(echo());
  Fixture f;
  auto& client = f.make(at(server.port()));
  const auto close = f.run_it({.open = [&](const HttpHeaders&) { client.close(1000, "done"); }, .message = {}});
  REQUIRE(close.value().code == 1000);
}

TEST_CASE("a declined handshake says with which status") {
  TestServer server(echo());
  Fixture f;
  f.make(at(server.port(), "/denied"));
  const auto error = f.run_it().error();
  REQUIRE(error.code == Code::denied);
  REQUIRE(error.message.find("HTTP 401") != std::string::npos);
}

TEST_CASE("a WebSocket client's send queue is bounded") {
  TestServer server(echo());
  Fixture f;
  auto& client = f.make(at(server.port()));
  Result<void> last;
  const auto result = f.run_it({.open =
                                    [&](const HttpHeaders&) {
                                      const std::string piece(1 << 20, 'x');
                                      for (int i = 0; i < 20 && last; ++i) last = client.send(piece, false);
                                      asio::post(f.io, [&] { client.close(1000, ""); });
                                    },
                                .message = {}});
  REQUIRE(last.error().code == Code::overloaded);
}

TEST_CASE("a bad WebSocket URL is invalid") {
  const auto url = GENERATE("http://h/", "ws://", "nonsense", "", "ws://h/a b");
  INFO(url);
  Fixture f;
  WebSocketClientOptions options;
  options.url = url;
  f.make(options);
  REQUIRE(f.run_it().error().code == Code::invalid);
}

TEST_CASE("a WebSocket header can't break out of its line") {
  Fixture f;
  auto options = at(1);
  options.headers = {{"A", "b\r\nC: d"}};
  f.make(options);
  REQUIRE(f.run_it().error().code == Code::invalid);
}

TEST_CASE("a WebSocket for public addresses doesn't reach loopback") {
  TestServer server(echo());
  Fixture f;
  auto options = at(server.port());
  options.public_only = true;
  f.make(options);
  REQUIRE(f.run_it().error().code == Code::denied);
  REQUIRE(server.stats().requests == 0);
}

TEST_CASE("a WebSocket client can be cancelled") {
  TestServer server(echo());
  Fixture f;
  f.make(at(server.port()));
  asio::cancellation_signal signal;
  Result<WebSocketClose> result = Error{};
  asio::co_spawn(
      f.io,
      f.client->async_run({.open = [&](const HttpHeaders&) {
                             asio::post(f.io, [&] { signal.emit(asio::cancellation_type::terminal); });
                           },
                           .message = {}}),
      asio::bind_cancellation_slot(signal.slot(),
                                   [&](std::exception_ptr, Result<WebSocketClose> r) { result = std::move(r); }));
  f.io.run();
  REQUIRE(result.error().code == Code::cancelled);
}

TEST_CASE("a server that never answers the handshake is a timeout") {
  ExchangePtr held;
  TestServer server([&](ExchangePtr exchange) { held = std::move(exchange); });
  Fixture f;
  auto options = at(server.port());
  options.connect_timeout = 50ms;
  f.make(options);
  REQUIRE(f.run_it().error().code == Code::timeout);
  server.call([&] { held.reset(); });
}

TEST_CASE("a message over the client's limit ends the connection") {
  TestServer server(echo());
  Fixture f;
  auto options = at(server.port());
  options.max_message = 1000;
  auto& client = f.make(options);
  const auto result = f.run_it(
      {.open = [&](const HttpHeaders&) { client.send(std::string(2000, 'x'), true).value(); }, .message = {}});
  REQUIRE(result.error().code == Code::unavailable);
  REQUIRE(result.error().message.find("1000 bytes") != std::string::npos);
}

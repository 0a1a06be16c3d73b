#include "net_harness.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <mutex>

using namespace net_test;

namespace {

/// Accepts every upgrade, echoes, and tells how the last one ended.
struct Echo {
  std::promise<std::pair<std::uint16_t, std::string>> closed;
  std::shared_future<std::pair<std::uint16_t, std::string>> end{closed.get_future().share()};

  TestServer::Handle handle() {
    return [this](ExchangePtr exchange) {
      if (!exchange->request().websocket) return exchange->respond(200, {}, "plain");
      const std::weak_ptr<HttpExchange> weak = exchange;
      exchange->accept(
          {.message = [weak](std::string text, bool is_text) {
             if (const auto self = weak.lock()) self->send(text, is_text);
           },
           .closed = [this](std::uint16_t code, std::string reason) { closed.set_value({code, std::move(reason)}); }},
          {{"X-Accepted", "yes"}});
    };
  }
};

std::string upgrade_request(std::string_view key, std::string_view version) {
  return "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: " +
         std::string(key) + "\r\nSec-WebSocket-Version: " + std::string(version) + "\r\n\r\n";
}

long resident_kib() {
  std::ifstream file("/proc/self/statm");
  long size = 0, resident = 0;
  file >> size >> resident;
  return resident * (::sysconf(_SC_PAGESIZE) / 1024);
}

}  // namespace

TEST_CASE("a WebSocket is accepted, echoes and closes") {
  Echo echo;
  TestServer server(echo.handle());
  RawClient client(server.port());
  const auto answer = client.upgrade();
  REQUIRE(answer.starts_with("HTTP/1.1 101"));
  REQUIRE(answer.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") != std::string::npos);  // RFC 6455, 1.3
  REQUIRE(answer.find("X-Accepted: yes") != std::string::npos);
  client.send(RawClient::frame(0x81, "hello"));
  REQUIRE(client.read_frame().payload == "hello");
  client.send(RawClient::frame(0x01, "in ") + RawClient::frame(0x89, "p") + RawClient::frame(0x80, "pieces"));
  REQUIRE(client.read_frame(10).payload == "p");
  REQUIRE(client.read_frame(1).payload == "in pieces");
  client.send(RawClient::frame(0x88, close_payload(3001, "bye")));
  REQUIRE(client.read_frame(8).close_code() == 3001);
  REQUIRE(echo.end.get() == std::pair<std::uint16_t, std::string>{3001, "bye"});
}

TEST_CASE("bytes that come with the handshake aren't lost") {
  Echo echo;
  TestServer server(echo.handle());
  RawClient client(server.port());
  const std::string large(5000, 'x');
  REQUIRE(client.upgrade("/ws", RawClient::frame(0x81, "early") + RawClient::frame(0x82, large)).starts_with("HTTP/1.1 101"));
  REQUIRE(client.read_frame().payload == "early");
  REQUIRE(client.read_frame().payload == large);
}

TEST_CASE("an upgrade that isn't in order is refused") {
  Echo echo;
  TestServer server(echo.handle());
  const auto key = GENERATE("", "short", "dGhlIHNhbXBsZSBub25jZQ=", "!!!!IHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZR==",
                            "dGhlIHNhbXBsZSBub25jZSBsb25nZXI=");
  INFO(key);
  RawClient client(server.port());
  client.send(upgrade_request(key, "13"));
  REQUIRE(client.read_all().starts_with("HTTP/1.1 400"));
}

TEST_CASE("another WebSocket version is answered with 426 and the one that is spoken") {
  Echo echo;
  TestServer server(echo.handle());
  RawClient client(server.port());
  client.send(upgrade_request("dGhlIHNhbXBsZSBub25jZQ==", "8"));
  const auto answer = client.read_all();
  REQUIRE(answer.starts_with("HTTP/1.1 426"));
  REQUIRE(answer.find("Sec-WebSocket-Version: 13\r\n") != std::string::npos);
}

TEST_CASE("an upgrade may be declined with a response") {
  TestServer server([](ExchangePtr exchange) { exchange->respond(403, {}, "no"); });
  RawClient client(server.port());
  client.send(upgrade_request("dGhlIHNhbXBsZSBub25jZQ==", "13"));
  REQUIRE(client.read_response().ends_with("no"));
}

TEST_CASE("an upgrade to something else is an ordinary request") {
  Echo echo;
  TestServer server(echo.handle());
  RawClient client(server.port());
  REQUIRE(client.ask("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n").ends_with("plain"));
}

TEST_CASE("a peer's fault closes the WebSocket with its code") {
  struct Fault {
    const char* name;
    std::string bytes;
    int code;
  };
  const auto fault = GENERATE(
      Fault{"message too big", RawClient::frame(0x81, std::string(2000, 'x')), 1009},
      Fault{"fragments too big", RawClient::frame(0x01, std::string(900, 'x')) + RawClient::frame(0x80, std::string(900, 'x')), 1009},
      Fault{"text not UTF-8", RawClient::frame(0x81, "\xC3\x28"), 1007},
      Fault{"unmasked", std::string("\x81\x01x", 3), 1002},
      Fault{"reserved opcode", RawClient::frame(0x83, "x"), 1002},
      Fault{"reserved bit", RawClient::frame(0xC1, "x"), 1002},
      Fault{"fragmented ping", RawClient::frame(0x09, "x"), 1002},
      Fault{"long ping", RawClient::frame(0x89, std::string(126, 'x')), 1002},
      Fault{"continuation of nothing", RawClient::frame(0x80, "x"), 1002});
  INFO(fault.name);
  Echo echo;
  TestServer server(echo.handle(), {.max_message = 1000});
  RawClient client(server.port());
  client.upgrade();
  client.send(fault.bytes);
  REQUIRE(client.read_frame(8).close_code() == fault.code);
  client.finish_sending();
  REQUIRE(echo.end.get().first == fault.code);
}

TEST_CASE("an invalid close code is not echoed") {
  const int code = GENERATE(0, 999, 1004, 1005, 1006, 1015, 2000, 5000, 65535);
  INFO(code);
  Echo echo;
  TestServer server(echo.handle());
  RawClient client(server.port());
  client.upgrade();
  client.send(RawClient::frame(0x88, close_payload(code)));
  const auto frame = client.read_frame(8);
  REQUIRE((frame.opcode == -1 || frame.close_code() == 1002));
  client.finish_sending();
  REQUIRE(echo.end.get().first == 1002);
}

TEST_CASE("a flood of messages is closed with 1008") {
  Echo echo;
  TestServer server(echo.handle(), {.max_messages_per_second = 20});
  RawClient client(server.port());
  client.upgrade();
  const int opcode = GENERATE(0x81, 0x89);
  for (int i = 0; i < 200 && client.send(RawClient::frame(opcode, "x")); ++i) {
  }
  REQUIRE(client.read_frame(8).close_code() == 1008);
  client.send(RawClient::frame(0x88, close_payload(1008)));
  REQUIRE(echo.end.get().first == 1008);
}

TEST_CASE("a peer that answers pings stays, one that doesn't is cut") {
  Echo echo;
  TestServer server(echo.handle(), {.ping_interval = 60ms});
  RawClient client(server.port());
  client.upgrade();
  for (int i = 0; i < 3; ++i) {
    REQUIRE(client.read_frame().opcode == 9);
    client.send(RawClient::frame(0x8A, ""));
  }
  REQUIRE(client.read_frame().opcode == 9);
  REQUIRE(client.read_frame(8).opcode == -1);
  REQUIRE(echo.end.get() == std::pair<std::uint16_t, std::string>{1006, "no answer to a ping"});
}

TEST_CASE("a peer that takes nothing fills 8 MiB of queue, and is cut") {
  std::promise<std::size_t> taken;
  std::promise<std::uint16_t> closed;
  TestServer server(
      [&](ExchangePtr exchange) {
        const std::weak_ptr<HttpExchange> weak = exchange;
        exchange->accept({.message =
                              [&, weak](std::string, bool) {
                                const auto self = weak.lock();
                                const std::string piece(64 * 1024, 'x');
                                std::size_t bytes = 0;
                                while (self->send(piece, false)) bytes += piece.size();
                                taken.set_value(bytes);
                              },
                          .closed = [&](std::uint16_t code, std::string) { closed.set_value(code); }},
                         {});
      },
      {.write_timeout = 100ms});
  RawClient client(server.port());
  client.upgrade();
  client.send(RawClient::frame(0x81, "go"));
  REQUIRE(taken.get_future().get() <= 8u << 20);
  REQUIRE(closed.get_future().get() == 1006);
}

TEST_CASE("a server's close waits for its messages to leave") {
  TestServer server([](ExchangePtr exchange) {
    exchange->accept({}, {});
    for (int i = 0; i < 10; ++i) exchange->send(std::to_string(i), true);
    exchange->close(4001, "enough");
  });
  RawClient client(server.port());
  client.upgrade();
  for (int i = 0; i < 10; ++i) REQUIRE(client.read_frame().payload == std::to_string(i));
  const auto frame = client.read_frame();
  REQUIRE(frame.close_code() == 4001);
  REQUIRE(frame.payload.substr(2) == "enough");
}

TEST_CASE("draining closes WebSockets with 1001") {
  Echo echo;
  TestServer server(echo.handle());
  RawClient client(server.port());
  client.upgrade();
  auto drained = std::async(std::launch::async, [&] { server.drain(20s); });
  REQUIRE(client.read_frame(8).close_code() == 1001);
  client.send(RawClient::frame(0x88, close_payload(1001)));
  drained.get();
  REQUIRE(echo.end.get().first == 1001);
}

TEST_CASE("a server that goes tells WebSocket owners") {
  std::promise<std::uint16_t> closed;
  asio::io_context io;
  struct Handler final : RequestHandler {
    std::promise<std::uint16_t>* closed = nullptr;
    std::promise<void> accepted;
    void handle(ExchangePtr exchange) override {
      exchange->accept({.message = {}, .closed = [this](std::uint16_t code, std::string) { closed->set_value(code); }}, {});
      accepted.set_value();
    }
    ErrorAnswer error_answer(const ServerError&) override { return {}; }
  } handler;
  handler.closed = &closed;
  auto server = make_http_server(io.get_executor(), {}, handler);
  server->listen().value();
  std::thread thread([&] { io.run(); });
  RawClient client(server->port());
  client.upgrade();
  handler.accepted.get_future().get();
  asio::post(io, [&] { server.reset(); });
  REQUIRE(closed.get_future().get() == 1006);
  thread.join();
}

TEST_CASE("500 WebSockets are held in little memory, and all answer") {
  std::mutex mutex;
  std::vector<std::uint16_t> ended;
  TestServer server([&](ExchangePtr exchange) {
    const std::weak_ptr<HttpExchange> weak = exchange;
    exchange->accept({.message =
                          [weak](std::string text, bool is_text) {
                            if (const auto self = weak.lock()) self->send(text, is_text);
                          },
                      .closed =
                          [&](std::uint16_t code, std::string) {
                            const std::lock_guard lock(mutex);
                            ended.push_back(code);
                          }},
                     {});
  });
  constexpr int kCount = 500;
  std::vector<RawClient> clients;
  clients.reserve(kCount);
  RawClient(server.port()).upgrade();
  const auto before = resident_kib();
  for (int i = 0; i < kCount; ++i) {
    clients.emplace_back(server.port());
    REQUIRE(clients.back().upgrade().starts_with("HTTP/1.1 101"));
  }
  for (auto& client : clients) client.send(RawClient::frame(0x81, std::string(3000, 'x')));
  for (auto& client : clients) REQUIRE(client.read_frame().payload.size() == 3000);
  REQUIRE(server.until([&](const HttpServerStats& s) { return s.websockets == kCount; }));
  const auto each = static_cast<double>(resident_kib() - before) / kCount;
  INFO("KiB for each, the test's own end included: " << each);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(each < 20);
#endif
  clients.clear();
  REQUIRE(server.until([](const HttpServerStats& s) { return s.connections == 0 && s.websockets == 0; }));
}

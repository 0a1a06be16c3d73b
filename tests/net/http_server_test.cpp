#include "net_harness.hpp"

#include <catch2/catch.hpp>

#include <atomic>

using namespace net_test;

namespace {

/// Answers at once: "<method> <path>?<query> <body>".
void mirror(ExchangePtr exchange) {
  const auto& r = exchange->request();
  exchange->respond(200, {{"Content-Type", "text/plain"}},
                    r.method + " " + r.path + "?" + r.query + " " + r.body + " " + std::string(r.headers.get("Host")));
}

std::string status_of(const std::string& response) { return response.substr(0, 12); }

std::string answer_to(std::string_view request, HttpServerOptions options = {}) {
  TestServer server(mirror, options);
  RawClient client(server.port());
  client.send(request);
  return client.read_response();
}

bool is_refused(std::string_view request, std::string_view status) {
  TestServer server(mirror);
  RawClient client(server.port());
  client.send(request);
  const auto all = client.read_all();  // the connection ends too
  return all.starts_with("HTTP/1.1 " + std::string(status)) && all.find("{\"error\":" + std::string(status)) != std::string::npos &&
         all.find("HTTP/1.1", 10) == std::string::npos;
}

}  // namespace

TEST_CASE("a connection is kept for the next request") {
  TestServer server(mirror);
  RawClient client(server.port());
  REQUIRE(client.ask("GET /a?x=1 HTTP/1.1\r\nHost: h\r\n\r\n").ends_with("GET /a?x=1  h"));
  REQUIRE(client.ask("POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc").ends_with("POST /b? abc h"));
  REQUIRE(server.stats().connections == 1);
}

TEST_CASE("a client that asks for close gets it") {
  TestServer server(mirror);
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  REQUIRE(client.read_all().find("Connection: close\r\n") != std::string::npos);
}

TEST_CASE("pipelined requests are answered in order, one at a time") {
  std::vector<ExchangePtr> held;
  TestServer server([&](ExchangePtr exchange) { held.push_back(std::move(exchange)); });
  RawClient client(server.port());
  client.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\nGET /3 HTTP/1.1\r\nHost: h\r\n\r\n");
  for (int i = 1; i <= 3; ++i) {
    REQUIRE(server.until([&](const HttpServerStats& s) { return s.requests == static_cast<std::uint64_t>(i); }));
    server.call([&] {
      REQUIRE(held.size() == 1);
      held[0]->respond(200, {}, held[0]->request().path);
      held.clear();
    });
    REQUIRE(client.read_response().ends_with("/" + std::to_string(i)));
  }
}

TEST_CASE("a thousand pipelined requests in one write are all answered") {
  TestServer server(mirror);
  RawClient client(server.port());
  std::string requests;
  for (int i = 0; i < 1000; ++i) requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  client.send(requests);
  for (int i = 0; i < 1000; ++i)
    REQUIRE(client.read_response().find("GET /" + std::to_string(i) + "?") != std::string::npos);
}

TEST_CASE("a request that arrives byte by byte is understood") {
  TestServer server(mirror);
  RawClient client(server.port());
  for (const char c : std::string_view("POST /slow HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2;a=\"b\"\r\nhi\r\n0\r\nX: y\r\n\r\n"))
    client.send({&c, 1});
  REQUIRE(client.read_response().ends_with("POST /slow? hi h"));
}

TEST_CASE("HEAD has the header of GET and no body") {
  TestServer server(mirror);
  RawClient client(server.port());
  client.send("HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const auto all = client.read_all();
  REQUIRE(all.find("Content-Length: 10\r\n") != std::string::npos);
  REQUIRE(all.ends_with("\r\n\r\n"));
}

TEST_CASE("a client that waits for 100 Continue gets it before its body") {
  TestServer server(mirror);
  RawClient client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  REQUIRE(client.read_through("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  REQUIRE(client.read_response().ends_with("POST /? ok h"));
}

TEST_CASE("a body that is announced too large is refused before it is sent") {
  TestServer server(mirror, {.max_body = 10});
  RawClient client(server.port());
  client.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n");
  const std::string answer = client.read_all();
  REQUIRE(answer.starts_with("HTTP/1.1 413"));
  REQUIRE(answer.find("X-Target: /a\r\n") != std::string::npos);  // the handler is told what was read
}

TEST_CASE("a chunked body over the limit is refused, and the client can read why") {
  TestServer server(mirror, {.max_body = 1000});
  RawClient client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 50; ++i) client.send("64\r\n" + std::string(100, 'x') + "\r\n");
  REQUIRE(client.read_all().starts_with("HTTP/1.1 413"));
}

TEST_CASE("a header over the limit is refused") {
  TestServer server(mirror, {.max_header = 1024});
  SECTION("one long field") {
    RawClient client(server.port());
    client.send("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(5000, 'x'));
    REQUIRE(client.read_all().starts_with("HTTP/1.1 431"));
  }
  SECTION("many short fields, sent one by one") {
    RawClient client(server.port());
    client.send("GET / HTTP/1.1\r\nHost: h\r\n");
    for (int i = 0; i < 100 && client.send("X: " + std::string(50, 'x') + "\r\n"); ++i) {
    }
    REQUIRE(client.read_all().starts_with("HTTP/1.1 431"));
  }
}

TEST_CASE("what has two readings is refused") {
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  const std::string smuggled = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
  const auto request = GENERATE_COPY(
      post + "Transfer-Encoding: xchunked\r\n\r\n" + smuggled,
      post + "Transfer-Encoding: chunked, identity\r\n\r\n" + smuggled,
      post + "Transfer-Encoding: identity, chunked\r\n\r\n" + smuggled,
      post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + smuggled,
      post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + smuggled,
      post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + smuggled,
      post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
      post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
      post + "Content-Length: -5\r\n\r\nhello", post + "Content-Length: 5x\r\n\r\nhello",
      post + "Transfer-Encoding : chunked\r\n\r\n" + smuggled,
      "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + smuggled,
      post + "Transfer-Encoding: chunked\r\n\r\n5;a=\"b\r\nhello\r\n" + smuggled,
      post + "Transfer-Encoding: chunked\r\n\r\n5;;\r\nhello\r\n" + smuggled,
      post + "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n" + smuggled,
      post + "Transfer-Encoding: chunked\r\n\r\n5;" + std::string(40'000, 'a'));
  INFO(request.substr(0, 120));
  REQUIRE(is_refused(request, "400"));
}

TEST_CASE("HTTP/1.1 needs exactly one good Host") {
  REQUIRE(is_refused("GET / HTTP/1.1\r\n\r\n", "400"));
  REQUIRE(is_refused("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", "400"));
  REQUIRE(is_refused("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400"));
  REQUIRE(status_of(answer_to("GET / HTTP/1.0\r\n\r\n")) == "HTTP/1.1 200");
}

TEST_CASE("an absolute target is routed by its path, and its authority is the host") {
  REQUIRE(answer_to("GET http://real:80/p?q HTTP/1.1\r\nHost: other\r\n\r\n").ends_with("GET /p?q  real:80"));
}

TEST_CASE("a target that isn't one is refused") {
  const auto target = GENERATE("/a/../b", "/./a", "/%2e%2e/a", "/a%2f..", "/%00", "/%zz", "/%2", "/%ff", "nonsense",
                               "ftp://h/", "http:///x", "h:80", "/a#b");
  INFO(target);
  REQUIRE(is_refused("GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n", "400"));
}

TEST_CASE("bytes that aren't HTTP are refused") {
  REQUIRE(is_refused(std::string("\x16\x03\x01\x02\x00\x01\x00", 7) + "\r\n\r\n", "400"));
  REQUIRE(is_refused("GET / HTTP/3.0\r\nHost: h\r\n\r\n", "400"));
  REQUIRE(is_refused("GET / HTTP/1.1\r\nHost: h\r\nExpect: magic\r\n\r\n", "417"));
}

TEST_CASE("a slow request is answered with 408") {
  TestServer server(mirror, {.request_timeout = 60ms});
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHo");
  REQUIRE(client.read_all().starts_with("HTTP/1.1 408"));
}

TEST_CASE("an idle connection is closed without a word") {
  TestServer server(mirror, {.idle_timeout = 60ms});
  RawClient client(server.port());
  REQUIRE(client.ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("HTTP/1.1 200"));
  REQUIRE(client.read_all().empty());
}

TEST_CASE("connections over the limit are answered with 503") {
  TestServer server(mirror, {.max_connections = 1});
  RawClient first(server.port());
  REQUIRE(first.ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("HTTP/1.1 200"));
  RawClient second(server.port());
  REQUIRE(second.read_all().starts_with("HTTP/1.1 503"));
  REQUIRE(first.ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("HTTP/1.1 200"));
}

TEST_CASE("a streamed response is chunked") {
  TestServer server([](ExchangePtr exchange) {
    exchange->begin(200, {{"Content-Type", "text/event-stream"}});
    exchange->write("one");
    exchange->write("two");
    exchange->end();
  });
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(client.read_through("0\r\n\r\n").ends_with("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"));
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(client.read_through("0\r\n\r\n").starts_with("HTTP/1.1 200"));
}

TEST_CASE("to HTTP/1.0 a stream ends with the connection") {
  TestServer server([](ExchangePtr exchange) {
    exchange->begin(200, {});
    exchange->write("one");
    exchange->end();
  });
  RawClient client(server.port());
  client.send("GET / HTTP/1.0\r\n\r\n");
  const auto all = client.read_all();
  REQUIRE(all.ends_with("\r\n\r\none"));
  REQUIRE(all.find("chunked") == std::string::npos);
}

TEST_CASE("an aborted stream has no last chunk") {
  TestServer server([](ExchangePtr exchange) {
    exchange->begin(200, {});
    exchange->write("one");
    exchange->abort();
  });
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(client.read_all().ends_with("3\r\none\r\n"));
}

TEST_CASE("a client that takes nothing fills 8 MiB, and is cut") {
  std::promise<std::size_t> taken;
  std::promise<void> left;
  ExchangePtr held;
  TestServer server(
      [&](ExchangePtr exchange) {
        exchange->on_gone([&] { left.set_value(); });
        exchange->begin(200, {});
        const std::string piece(64 * 1024, 'x');
        std::size_t bytes = 0;
        while (exchange->write(piece)) bytes += piece.size();
        REQUIRE(exchange->pending() <= 9u << 20);
        taken.set_value(bytes);
        held = std::move(exchange);
      },
      {.write_timeout = 100ms});
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(taken.get_future().get() >= 7u << 20);
  left.get_future().get();
  server.call([&] {
    REQUIRE_FALSE(held->write("more"));
    held.reset();
  });
}

TEST_CASE("a client that leaves while the answer is pending is noticed") {
  std::promise<void> arrived, left;
  ExchangePtr held;
  TestServer server([&](ExchangePtr exchange) {
    exchange->on_gone([&] { left.set_value(); });
    held = std::move(exchange);
    arrived.set_value();
  });
  {
    RawClient client(server.port());
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    arrived.get_future().get();
  }
  left.get_future().get();
  server.call([&] {
    held->respond(200, {}, "too late");
    held.reset();
  });
  REQUIRE(server.stats().connections == 0);
}

TEST_CASE("a dropped exchange is answered with 500") {
  TestServer server([](ExchangePtr) {});
  RawClient client(server.port());
  const auto answer = client.ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(answer.starts_with("HTTP/1.1 500"));
  REQUIRE(client.ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("HTTP/1.1 500"));
}

TEST_CASE("a handler's header can't break out of its line") {
  TestServer server([](ExchangePtr exchange) {
    exchange->respond(200, {{"X-A", "b\r\nX-Evil: 1"}, {"Content-Length", "99"}, {"X-Fine", "yes"}}, "ok");
  });
  RawClient client(server.port());
  const auto answer = client.ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(answer.find("Evil") == std::string::npos);
  REQUIRE(answer.find("X-Fine: yes\r\n") != std::string::npos);
  REQUIRE(answer.find("Content-Length: 2\r\n") != std::string::npos);
}

TEST_CASE("a large body arrives whole") {
  TestServer server([](ExchangePtr exchange) { exchange->respond(200, {}, std::string(20 << 20, 'x')); });
  RawClient client(server.port());
  const auto answer = client.ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  REQUIRE(answer.size() > 20u << 20);
}

TEST_CASE("draining lets a running exchange end and refuses new connections") {
  std::promise<void> arrived;
  ExchangePtr held;
  TestServer server([&](ExchangePtr exchange) {
    held = std::move(exchange);
    arrived.set_value();
  });
  RawClient idle(server.port());
  RawClient busy(server.port());
  busy.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  arrived.get_future().get();
  auto drained = std::async(std::launch::async, [&] { server.drain(20s); });
  REQUIRE(idle.read_all().empty());
  REQUIRE_THROWS(RawClient(server.port()));
  server.call([&] {
    held->respond(200, {}, "done");
    held.reset();
  });
  {
    auto last = std::move(busy);
    const auto answer = last.read_all();
    REQUIRE(answer.ends_with("done"));
    REQUIRE(answer.find("Connection: close") != std::string::npos);
  }
  drained.get();
}

TEST_CASE("draining cuts what doesn't end in time") {
  std::promise<void> arrived, left;
  ExchangePtr held;
  TestServer server([&](ExchangePtr exchange) {
    exchange->on_gone([&] { left.set_value(); });
    held = std::move(exchange);
    arrived.set_value();
  });
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  arrived.get_future().get();
  server.drain(50ms);
  left.get_future().get();
  REQUIRE(client.read_all().empty());
  server.call([&] { held.reset(); });
}

TEST_CASE("a taken port is unavailable, and the message says what to do") {
  TestServer server(mirror);
  asio::io_context io;
  auto second = make_http_server(io.get_executor(), {.port = server.port()}, server);
  const auto result = second->listen();
  REQUIRE(result.error().code == Code::unavailable);
  REQUIRE(result.error().message.find("http.listen") != std::string::npos);
}

TEST_CASE("a listening socket from outside is taken over") {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0);
  TestServer other(mirror);
  asio::io_context io;
  auto server = make_http_server(io.get_executor(), {}, other);
  REQUIRE(server->adopt(fd).error().code == Code::invalid);  // doesn't listen yet
  REQUIRE(::listen(fd, 5) == 0);
  REQUIRE(server->adopt(fd).has_value());
  std::thread thread([&] { io.run(); });
  RawClient client(server->port());
  REQUIRE(client.ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("HTTP/1.1 200"));
  io.stop();
  thread.join();
}

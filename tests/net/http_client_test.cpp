#include "net_harness.hpp"

#include "net/http_client.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/detached.hpp>

#include <catch2/catch.hpp>

#include <map>

using namespace net_test;

namespace {

/// Answers every connection with the same bytes, whatever is asked, and closes.
class CannedServer {
 public:
  explicit CannedServer(std::string answer, bool closes = true) : answer_(std::move(answer)), closes_(closes) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof where;
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&where), size) != 0 || ::listen(fd_, 16) != 0 ||
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&where), &size) != 0)
      throw std::runtime_error("listen");
    port_ = ntohs(where.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~CannedServer() {
    ::shutdown(fd_, SHUT_RDWR);
    thread_.join();
    ::close(fd_);
    for (const int fd : held_) ::close(fd);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/x?secret=1"; }
  std::uint16_t port() const { return port_; }

 private:
  void serve() {
    for (;;) {
      const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      char buffer[4096];
      std::string in;
      while (in.find("\r\n\r\n") == std::string::npos) {
        const auto size = ::recv(fd, buffer, sizeof buffer, 0);
        if (size <= 0) break;
        in.append(buffer, static_cast<std::size_t>(size));
      }
      ::send(fd, answer_.data(), answer_.size(), MSG_NOSIGNAL);
      if (closes_)
        ::close(fd);
      else
        held_.push_back(fd);
    }
  }
  std::string answer_;
  bool closes_;
  int fd_;
  std::uint16_t port_ = 0;
  std::vector<int> held_;
  std::thread thread_;
};

struct Fixture {
  asio::io_context io;
  std::unique_ptr<HttpClient> client = make_http_client(io.get_executor());
  Result<HttpClientResponse> send(HttpClientRequest request) { return run(io, client->async_send(std::move(request))); }
  Result<HttpClientResponse> get(std::string url) {
    HttpClientRequest request;
    request.url = std::move(url);
    return send(std::move(request));
  }
};

HttpClientRequest to(std::string url) {
  HttpClientRequest request;
  request.url = std::move(url);
  return request;
}

/// Answers with what it was asked, as text.
void describe(ExchangePtr exchange) {
  const auto& r = exchange->request();
  std::string body = r.method + " " + r.target + "\n";
  for (const auto& [name, value] : r.headers.fields()) body += name + ": " + value + "\n";
  exchange->respond(200, {}, body + "\n" + r.body);
}

std::uint16_t closed_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof where;
  ::bind(fd, reinterpret_cast<sockaddr*>(&where), size);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&where), &size);
  ::close(fd);
  return ntohs(where.sin_port);
}

}  // namespace

TEST_CASE("a request arrives as it was given") {
  TestServer server(describe);
  Fixture f;
  auto request = to(server.url("/p?q=1"));
  request.method = "POST";
  request.headers = {{"X-One", "1"}, {"X-Empty", ""}, {"Content-Type", "text/plain"}, {"Content-Length", "999"}};
  request.body = "body";
  const auto response = f.send(request);
  REQUIRE(response.value().status == 200);
  const auto& text = response->body;
  REQUIRE(text.starts_with("POST /p?q=1\n"));
  REQUIRE(text.find("X-One: 1\n") != std::string::npos);
  REQUIRE(text.find("X-Empty: \n") != std::string::npos);
  REQUIRE(text.find("Content-Length: 4\n") != std::string::npos);
  REQUIRE(text.find("Expect") == std::string::npos);
  REQUIRE(text.ends_with("\n\nbody"));
}

TEST_CASE("a large upload goes without waiting for 100 Continue") {
  TestServer server([](ExchangePtr e) { e->respond(200, {}, std::to_string(e->request().body.size())); },
                    {.max_body = 8 << 20});
  Fixture f;
  auto request = to(server.url("/"));
  request.method = "PUT";
  request.body.assign(4 << 20, 'x');
  REQUIRE(f.send(request)->body == std::to_string(4 << 20));
}

TEST_CASE("any status is a response") {
  TestServer server([](ExchangePtr e) { e->respond(503, {{"Retry-After", "3"}}, "busy"); });
  Fixture f;
  const auto response = f.get(server.url("/")).value();
  REQUIRE(response.status == 503);
  REQUIRE(response.headers.get("retry-after") == "3");
  REQUIRE(response.body == "busy");
}

TEST_CASE("HEAD ends without a body") {
  TestServer server([](ExchangePtr e) { e->respond(200, {}, "body"); });
  Fixture f;
  auto request = to(server.url("/"));
  request.method = "HEAD";
  REQUIRE(f.send(request)->body.empty());
}

TEST_CASE("a refused connection names the address and the reason") {
  Fixture f;
  const auto place = "127.0.0.1:" + std::to_string(closed_port());
  const auto result = f.get("http://" + place + "/");
  REQUIRE(result.error() == Error{Code::unavailable, "connect to " + place + ": connection refused"});
}

TEST_CASE("a name that doesn't exist is unavailable") {
  Fixture f;
  const auto error = f.get("http://nothing.invalid/").error();
  REQUIRE(error.code == Code::unavailable);
  REQUIRE(error.message == "resolve nothing.invalid: no such host");
}

TEST_CASE("half a response is unavailable") {
  Fixture f;
  const auto answer = GENERATE("", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
                               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", "\x01\x02garbage\r\n\r\n");
  INFO(answer);
  CannedServer server{std::string(answer)};
  const auto result = f.get(server.url());
  REQUIRE(result.has_error());
  REQUIRE(result.error().code == Code::unavailable);
  REQUIRE(result.error().message.find("secret") == std::string::npos);
}

TEST_CASE("what breaks a request's lines is invalid") {
  Fixture f;
  auto request = to("http://127.0.0.1:1/");
  SECTION("method") { request.method = "GET / HTTP/1.1\r\nX: y"; }
  SECTION("space in the URL") { request.url = "http://127.0.0.1:1/a b"; }
  SECTION("line break in the URL") { request.url = "http://127.0.0.1:1/a\r\nX: y"; }
  SECTION("header name") { request.headers = {{"A: b\r\nC", "d"}}; }
  SECTION("header value") { request.headers = {{"A", "b\r\nC: d"}}; }
  SECTION("scheme") { request.url = "file:///etc/passwd"; }
  SECTION("no scheme of ours") { request.url = "gopher://127.0.0.1/"; }
  SECTION("no URL") { request.url = "nonsense"; }
  SECTION("empty") { request.url = ""; }
  REQUIRE(f.send(request).error().code == Code::invalid);
}

TEST_CASE("a request that takes too long says which limit it was") {
  CannedServer silent("", false);
  Fixture f;
  auto request = to(silent.url());
  SECTION("the whole") {
    request.timeout = 50ms;
    const auto error = f.send(request).error();
    REQUIRE(error.code == Code::timeout);
    REQUIRE(error.message.find("not done within 50 ms") != std::string::npos);
  }
  SECTION("no byte") {
    request.stall_timeout = 50ms;
    const auto error = f.send(request).error();
    REQUIRE(error.code == Code::timeout);
    REQUIRE(error.message.find("no byte for 50 ms") != std::string::npos);
  }
}

TEST_CASE("a request can be cancelled") {
  CannedServer silent("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", false);
  Fixture f;
  asio::cancellation_signal signal;
  Result<HttpClientResponse> result = Error{};
  auto request = to(silent.url());
  request.on_head = [&](int, const HttpHeaders&, std::string_view) {
    asio::post(f.io, [&] { signal.emit(asio::cancellation_type::terminal); });
  };
  asio::co_spawn(f.io, f.client->async_send(request),
                 asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr, Result<HttpClientResponse> r) {
                   result = std::move(r);
                 }));
  f.io.run();
  REQUIRE(result.error().code == Code::cancelled);
}

TEST_CASE("a client may go while a request runs") {
  CannedServer silent("", false);
  asio::io_context io;
  {
    auto client = make_http_client(io.get_executor());
    asio::co_spawn(io, client->async_send(to(silent.url())), asio::detached);
    io.run_for(20ms);
  }
  SUCCEED();
}

TEST_CASE("a streamed body arrives in pieces, the head before it") {
  TestServer server([](ExchangePtr e) {
    e->begin(200, {{"Content-Type", "text/event-stream"}});
    e->write("data: one\n\n");
    e->write("data: two\n\n");
    e->end();
  });
  Fixture f;
  std::string order;
  auto request = to(server.url("/"));
  request.on_head = [&](int status, const HttpHeaders& headers, std::string_view) {
    order += std::to_string(status) + std::string(headers.get("content-type"));
  };
  request.on_data = [&](std::string_view piece) {
    order += piece;
    return true;
  };
  const auto response = f.send(request).value();
  REQUIRE(order == "200text/event-streamdata: one\n\ndata: two\n\n");
  REQUIRE(response.body.empty());
}

TEST_CASE("the body of an error isn't streamed") {
  TestServer server([](ExchangePtr e) { e->respond(401, {}, "who are you"); });
  Fixture f;
  auto request = to(server.url("/"));
  request.on_data = [](std::string_view) { return false; };
  REQUIRE(f.send(request)->body == "who are you");
}

TEST_CASE("a reader that has enough ends the request") {
  TestServer server([](ExchangePtr e) { e->respond(200, {}, std::string(100'000, 'x')); });
  Fixture f;
  auto request = to(server.url("/"));
  request.on_data = [](std::string_view) { return false; };
  REQUIRE(f.send(request).error().code == Code::cancelled);
}

TEST_CASE("an exception of the reader reaches the caller") {
  TestServer server([](ExchangePtr e) { e->respond(200, {}, "x"); });
  Fixture f;
  auto request = to(server.url("/"));
  request.on_data = [](std::string_view) -> bool { throw std::runtime_error("mine"); };
  REQUIRE_THROWS_WITH(f.send(request), "mine");
}

TEST_CASE("a request may be started from within another's reader") {
  TestServer server(describe);
  Fixture f;
  int status = 0;
  auto request = to(server.url("/outer"));
  request.on_data = [&](std::string_view) {
    asio::co_spawn(f.io, f.client->async_send(to(server.url("/inner"))),
                   [&](std::exception_ptr, Result<HttpClientResponse> r) { status = r->status; });
    return true;
  };
  REQUIRE(f.send(request)->status == 200);
  f.io.restart();
  f.io.run();
  REQUIRE(status == 200);
}

TEST_CASE("a response over max_body is overloaded") {
  TestServer server([](ExchangePtr e) { e->respond(200, {}, std::string(100'000, 'x')); });
  Fixture f;
  auto request = to(server.url("/"));
  request.max_body = 99'999;
  REQUIRE(f.send(request).error().code == Code::overloaded);
  request.max_body = 100'000;
  REQUIRE(f.send(request)->body.size() == 100'000);
}

TEST_CASE("gzip is decoded, and the limit is that of the decoded body") {
  // 100,000 times 'x', made with Python's gzip.compress.
  static constexpr char kPacked[] =
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc1\x31\x01\x00\x00\x00\xc2\xa0\xda\x8b\x6f\x0d\x0f"
      "\xa0\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
      "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
      "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
      "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
      "\x00\x80\x57\x03\x71\x11\x07\xfe\xa0\x86\x01\x00";
  TestServer server([](ExchangePtr e) {
    REQUIRE(e->request().headers.get("Accept-Encoding").find("gzip") != std::string_view::npos);
    e->respond(200, {{"Content-Encoding", "gzip"}}, std::string(kPacked, sizeof kPacked - 1));
  });
  Fixture f;
  auto request = to(server.url("/"));
  REQUIRE(f.send(request)->body == std::string(100'000, 'x'));
  request.max_body = 99'999;
  REQUIRE(f.send(request).error().code == Code::overloaded);
}

TEST_CASE("redirects are followed, up to a limit") {
  TestServer server([](ExchangePtr e) {
    const auto& path = e->request().path;
    if (path == "/end") return describe(std::move(e));
    if (path == "/loop") return e->respond(302, {{"Location", "/loop"}}, "");
    e->respond(path == "/303" ? 303 : 307, {{"Location", "end?x"}}, "moved");
  });
  Fixture f;
  auto request = to(server.url("/307"));
  request.method = "POST";
  request.body = "keep";
  SECTION("307 keeps method and body") {
    const auto response = f.send(request).value();
    REQUIRE(response.body.starts_with("POST /end?x\n"));
    REQUIRE(response.body.ends_with("keep"));
    REQUIRE(response.url == server.url("/end?x"));
  }
  SECTION("303 asks with GET") {
    request.url = server.url("/303");
    const auto response = f.send(request).value();
    REQUIRE(response.body.starts_with("GET /end?x\n"));
    REQUIRE(response.body.find("keep") == std::string::npos);
  }
  SECTION("a loop ends") {
    request.url = server.url("/loop");
    REQUIRE(f.send(request).error().code == Code::unavailable);
  }
  SECTION("none are followed when none are wanted") {
    request.max_redirects = 0;
    REQUIRE(f.send(request)->status == 307);
  }
  SECTION("the caller may refuse one") {
    std::string asked;
    request.allow_redirect = [&](std::string_view url) {
      asked = url;
      return false;
    };
    REQUIRE(f.send(request).error().code == Code::denied);
    REQUIRE(asked == server.url("/end?x"));
  }
}

TEST_CASE("a redirect to another scheme than http is invalid") {
  TestServer server([](ExchangePtr e) { e->respond(302, {{"Location", "file:///etc/passwd"}}, ""); });
  Fixture f;
  REQUIRE(f.get(server.url("/")).error().code == Code::invalid);
}

TEST_CASE("credentials don't follow to another host") {
  TestServer other(describe);
  TestServer server([&](ExchangePtr e) {
    if (e->request().path == "/same") return e->respond(302, {{"Location", "/end"}}, "");
    if (e->request().path == "/end") return describe(std::move(e));
    e->respond(302, {{"Location", other.url("/")}}, "");
  });
  Fixture f;
  auto request = to(server.url("/away"));
  request.headers = {{"Authorization", "Bearer x"}, {"Cookie", "a=b"}, {"X-Other", "c"}};
  const auto away = f.send(request)->body;
  REQUIRE(away.find("Bearer") == std::string::npos);
  REQUIRE(away.find("Cookie") == std::string::npos);
  REQUIRE(away.find("X-Other: c") != std::string::npos);
  request.url = server.url("/same");
  REQUIRE(f.send(request)->body.find("Authorization: Bearer x") != std::string::npos);
}

TEST_CASE("a request for public addresses reaches no private one, by whatever name") {
  TestServer server(describe);
  Fixture f;
  const auto port = std::to_string(server.port());
  REQUIRE(f.get(server.url("/")).value().status == 200);  // leaves an open connection behind
  for (const std::string host : {"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "0x7f.1"}) {
    INFO(host);
    auto request = to("http://" + host + ":" + port + "/");
    request.public_only = true;
    REQUIRE(f.send(request).error().code == Code::denied);
  }
  REQUIRE(server.stats().requests == 1);
}

TEST_CASE("10,000 requests go over few connections") {
  TestServer server([](ExchangePtr e) { e->respond(200, {}, e->request().body); });
  Fixture f;
  constexpr int kRequests = 10'000, kAtOnce = 8;
  int right = 0;
  const auto worker = [](Fixture& fixture, std::string url, int first, int& count) -> awaitable<void> {
    for (int i = first; i < kRequests; i += kAtOnce) {
      auto request = to(url);
      request.method = "POST";
      request.body = std::to_string(i);
      const auto response = co_await fixture.client->async_send(request);
      if (response && response->body == request.body) ++count;
    }
  };
  for (int i = 0; i < kAtOnce; ++i)
    asio::co_spawn(f.io, worker(f, server.url("/"), i, right), asio::detached);
  f.io.run();
  REQUIRE(right == kRequests);
  const auto stats = server.stats();
  REQUIRE(stats.requests == kRequests);
  REQUIRE(stats.connections <= kAtOnce);
}

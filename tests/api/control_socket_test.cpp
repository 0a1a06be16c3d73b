#include "api/control_socket.hpp"
#include "api/schemas.hpp"
#include "fakes.hpp"
#include "hobctl/client.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fstream>
#include <future>
#include <thread>

using namespace hobd;
using namespace hobd::test;

namespace {

/// A real socket with fake methods, served by a thread of its own as the daemon's core is.
struct Server {
  TempFolder folder;
  std::promise<void> watch_cancelled;  // outlives core: a watch that still waits ends with it
  asio::io_context core{1};
  FakeUsers users;
  MethodTable table;
  std::unique_ptr<ControlSocket> socket;
  std::thread thread;

  explicit Server(ControlSocketOptions options = {}) {
    table.add({.name = "test.echo", .doc = "", .params = params({{"text", "string"}}), .result = result({}), .streaming = true},
              [](MethodCall call) -> awaitable<Result<json::value>> {
                call.on_event(json::object{{"n", 1}});
                co_return json::object{{"text", string_or(call.params, "text")}, {"user", call.who.user_name}, {"admin", call.who.is_admin()}};
              });
    table.add({.name = "test.refuse", .doc = "", .params = params({}), .result = result({})},
              [](MethodCall) -> awaitable<Result<json::value>> { co_return Error{Code::overloaded, "too much"}; });
    table.add({.name = "test.watch", .doc = "", .params = params({}), .result = result({})},
              [this](MethodCall) -> awaitable<Result<json::value>> {
                struct Told {
                  std::promise<void>& promise;
                  ~Told() { promise.set_value(); }
                } told{watch_cancelled};
                asio::steady_timer forever(core, asio::steady_timer::time_point::max());
                co_await forever.async_wait(asio::use_awaitable);
                co_return json::object{};
              });
    table.add({.name = "test.flood", .doc = "", .params = params({}), .result = result({})},
              [](MethodCall call) -> awaitable<Result<json::value>> {
                for (int i = 0; i < 1000; ++i) call.on_event(json::string(std::string(10'000, 'x')));
                co_return json::object{};
              });
    options.path = folder.path / "hob.sock";
    socket = make_control_socket(core.get_executor(), table, users, options);
    REQUIRE(socket->listen().has_value());
    thread = std::thread([this] { core.run(); });
  }
  ~Server() {
    asio::co_spawn(core, socket->stop(std::chrono::milliseconds(100)), [this](std::exception_ptr) { core.stop(); });
    thread.join();
  }
  std::string path() const { return folder.path / "hob.sock"; }
};

/// Raw lines, for what a well-behaved client never sends.
struct Raw {
  int fd;
  std::string buffer;
  explicit Raw(const std::string& path) : fd(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(path.begin(), path.end(), address.sun_path);
    REQUIRE(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  ~Raw() { ::close(fd); }
  void write(std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  /// The next line; "" at the end.
  std::string line() {
    for (;;) {
      if (const auto end = buffer.find('\n'); end != std::string::npos) {
        std::string first = buffer.substr(0, end);
        buffer.erase(0, end + 1);
        return first;
      }
      char piece[4096];
      const ssize_t count = ::recv(fd, piece, sizeof piece, 0);
      if (count <= 0) return {};
      buffer.append(piece, static_cast<std::size_t>(count));
    }
  }
  json::value answer() { return *parse_json(line()); }
  std::int64_t error() { return answer().at("error").at("code").as_int64(); }
};

}  // namespace

TEST_CASE("a method is called over the socket: events first, then the result") {
  Server server;
  ctl::Client client;
  REQUIRE(client.connect(server.path()).has_value());
  int events = 0;
  const auto result = client.call("test.echo", {{"text", "hällo"}}, [&](const json::value&) { ++events; });
  REQUIRE(result.has_value());
  CHECK(result->at("text").as_string() == "hällo");
  CHECK(result->at("admin").as_bool());
  CHECK(events == 1);
}

TEST_CASE("our own uid is admin and the user default, unless a user has its login name") {
  Server server;
  ctl::Client client;
  REQUIRE(client.connect(server.path()).has_value());
  CHECK(client.call("test.echo", {})->at("user").as_string() == "default");
}

TEST_CASE("the socket is for owner and group only") {
  Server server;
  struct stat info {};
  REQUIRE(::stat(server.path().c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0660);
}

TEST_CASE("a method's error has its code and its status name") {
  Server server;
  Raw raw(server.path());
  raw.write("{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"test.refuse\"}\n");
  const json::value answer = raw.answer();
  CHECK(answer.at("id").as_string() == "a");
  CHECK(answer.at("error").at("code").as_int64() == -32009);
  CHECK(answer.at("error").at("data").at("status").as_string() == "overloaded");
}

TEST_CASE("what is not a request is answered with JSON-RPC's own codes, and the connection stays") {
  Server server;
  Raw raw(server.path());
  raw.write("{nonsense\n");
  CHECK(raw.error() == -32700);
  raw.write("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}\n");
  CHECK(raw.error() == -32700);
  raw.write(std::string(200, '[') + "\n");
  CHECK(raw.error() == -32700);
  raw.write("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"test.echo\"}]\n");
  CHECK(raw.error() == -32600);
  raw.write("7\n");
  CHECK(raw.error() == -32600);
  raw.write("{\"id\":1,\"method\":\"test.echo\"}\n");
  CHECK(raw.error() == -32600);
  raw.write("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"test.echo\",\"params\":[1]}\n");
  CHECK(raw.error() == -32602);
  raw.write("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"test.nothing\"}\n");
  CHECK(raw.error() == -32601);
  raw.write("\n{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"test.refuse\"}\r\n");
  CHECK(raw.error() == -32009);
}

TEST_CASE("a notification gets no answer") {
  Server server;
  Raw raw(server.path());
  raw.write("{\"jsonrpc\":\"2.0\",\"method\":\"test.refuse\"}\n{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"test.refuse\"}\n");
  CHECK(raw.answer().at("id").as_int64() == 5);
}

TEST_CASE("a line over the limit is refused and the connection ends") {
  Server server({.path = {}, .max_line = 1000});
  Raw raw(server.path());
  raw.write(std::string(5000, 'x'));
  CHECK(raw.error() == -32600);
  CHECK(raw.line().empty());
}

TEST_CASE("a client that leaves cancels what it watches") {
  Server server;
  {
    Raw raw(server.path());
    raw.write("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"test.watch\"}\n{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"test.refuse\"}\n");
    raw.line();  // the watch has begun by now
  }
  CHECK(server.watch_cancelled.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready);
}

TEST_CASE("a client that shuts its writing side still gets its answers") {
  Server server;
  Raw raw(server.path());
  raw.write("{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"test.refuse\"}\n");
  ::shutdown(raw.fd, SHUT_WR);
  CHECK(raw.answer().at("id").as_int64() == 3);
  CHECK(raw.line().empty());
}

TEST_CASE("a reader that is too slow is cut, the daemon goes on") {
  Server server({.path = {}, .max_queue = 1 << 20});
  Raw slow(server.path());
  slow.write("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"test.flood\"}\n");
  ctl::Client client;
  REQUIRE(client.connect(server.path()).has_value());
  CHECK(client.call("test.echo", {}).has_value());
  while (!slow.line().empty()) {
  }
  CHECK(client.call("test.echo", {}).has_value());
}

TEST_CASE("more requests at once than a connection may have are refused") {
  Server server({.path = {}, .max_requests = 1});
  Raw raw(server.path());
  raw.write("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"test.watch\"}\n{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"test.echo\"}\n");
  CHECK(raw.error() == -32009);
}

TEST_CASE("a second daemon on the same socket is told so, and leaves it alone") {
  Server server;
  asio::io_context core(1);
  const auto second = make_control_socket(core.get_executor(), server.table, server.users, {.path = server.path()});
  const auto listening = second->listen();
  REQUIRE(listening.has_error());
  CHECK(listening.error().code == Code::unavailable);
  CHECK_THAT(listening.error().message, Catch::Contains("another hobd"));
  ctl::Client client;
  CHECK(client.connect(server.path()).has_value());
}

TEST_CASE("a socket that nobody answers on is replaced, a file is not") {
  TempFolder folder;
  asio::io_context core(1);
  FakeUsers users;
  MethodTable table;
  const std::filesystem::path path = folder.path / "hob.sock";
  const int stale = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::copy(path.native().begin(), path.native().end(), address.sun_path);
  REQUIRE(::bind(stale, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  ::close(stale);
  {
    const auto socket = make_control_socket(core.get_executor(), table, users, {.path = path});
    CHECK(socket->listen().has_value());
  }
  CHECK_FALSE(std::filesystem::exists(path));
  std::ofstream(path) << "mine";
  const auto socket = make_control_socket(core.get_executor(), table, users, {.path = path});
  CHECK(socket->listen().has_error());
  CHECK(std::filesystem::exists(path));
}

TEST_CASE("without a daemon the client says what to do") {
  TempFolder folder;
  ctl::Client client;
  const auto connected = client.connect(folder.path / "nothing.sock");
  REQUIRE(connected.has_error());
  CHECK(client.lost());
  CHECK_THAT(connected.error().message, Catch::Contains("is hobd running?"));
}

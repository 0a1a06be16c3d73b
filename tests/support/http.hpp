// A small blocking HTTP/1.1 client and a tiny threaded server, independent of the code under test.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace hobtest {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Response {
  int status = 0;  // 0: the connection failed or broke
  std::string head, body;
};

/// One kept-alive connection to 127.0.0.1:port, opened at need.
class HttpConnection {
 public:
  explicit HttpConnection(int port, std::chrono::milliseconds timeout = std::chrono::seconds(30));
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;
  Response request(std::string_view method, std::string_view path, const Headers& headers = {}, std::string_view body = {});
  void close();

 private:
  bool open();
  int port_;
  std::chrono::milliseconds timeout_;
  int fd_ = -1;
  std::string buffer_;
};

struct Received {
  std::string method, path, body;
  Headers headers;
  std::string header(std::string_view name) const;
};

/// Answers each request with what `handler` returns (status, body). One thread a connection.
class HttpReceiver {
 public:
  using Handler = std::function<std::pair<int, std::string>(const Received&)>;
  explicit HttpReceiver(Handler handler);
  ~HttpReceiver();
  int port() const { return port_; }

 private:
  void serve(int fd);
  Handler handler_;
  int listener_ = -1, port_ = 0;
  std::atomic<bool> stop_{false};
  std::thread acceptor_;
  std::vector<std::thread> workers_;
};

}  // namespace hobtest

// A plain HTTP/1.1 server for stand-ins: one thread a connection, keep-alive, whole or chunked answers.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <thread>

namespace fakes {

struct PlainRequest {
  std::string method, target;  // path with its query
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  std::string header(const std::string& name) const {
    const auto at = headers.find(name);
    return at == headers.end() ? "" : at->second;
  }
  /// A parameter of the query as it stands there.
  std::string query(const std::string& name) const {
    const std::size_t mark = target.find('?');
    if (mark == std::string::npos) return "";
    std::string rest = "&" + target.substr(mark + 1) + "&";
    const std::size_t at = rest.find("&" + name + "=");
    if (at == std::string::npos) return "";
    const std::size_t begin = at + name.size() + 2;
    return rest.substr(begin, rest.find('&', begin) - begin);
  }
  std::string path() const { return target.substr(0, target.find('?')); }
};

class PlainReply {
 public:
  explicit PlainReply(int fd) : fd_(fd) {}

  void whole(int status, std::string_view type, std::string_view body, std::string_view more_headers = {}) {
    std::string out = "HTTP/1.1 " + std::to_string(status) + " S\r\nContent-Type: ";
    out.append(type).append("\r\nContent-Length: ").append(std::to_string(body.size())).append("\r\n");
    out.append(more_headers).append("\r\n").append(body);
    send(out);
  }
  void begin_stream() { send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"); }
  void chunk(std::string_view data) {
    char size[24];
    std::string out(size, std::size_t(std::snprintf(size, sizeof size, "%zx\r\n", data.size())));
    send(out.append(data).append("\r\n"));
  }
  void end_stream() { send("0\r\n\r\n"); }
  /// The connection ends with this answer, as it is.
  void close() { closes_ = true; }
  bool closes() const { return closes_; }
  /// Says nothing more until the client goes.
  void stall() {
    char byte;
    while (::recv(fd_, &byte, 1, 0) > 0) {
    }
    closes_ = true;
  }

 private:
  void send(std::string_view data) {
    while (!data.empty()) {
      const ssize_t n = ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
      if (n <= 0) {
        closes_ = true;
        return;
      }
      data.remove_prefix(std::size_t(n));
    }
  }
  int fd_;
  bool closes_ = false;
};

using PlainHandler = std::function<void(const PlainRequest&, PlainReply&)>;

namespace plain_detail {

/// False: the client is gone.
inline bool read_request(int fd, std::string& in, PlainRequest& request) {
  const auto more = [&] {
    char buffer[65536];
    const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
    if (n > 0) in.append(buffer, std::size_t(n));
    return n > 0;
  };
  std::size_t head_end;
  while ((head_end = in.find("\r\n\r\n")) == std::string::npos)
    if (!more()) return false;
  const std::string head = in.substr(0, head_end + 2);
  const std::size_t first = head.find(' '), second = head.find(' ', first + 1);
  request.method = head.substr(0, first);
  request.target = head.substr(first + 1, second - first - 1);
  for (std::size_t line = head.find("\r\n") + 2; line < head.size();) {
    const std::size_t end = head.find("\r\n", line), colon = head.find(':', line);
    std::string name = head.substr(line, colon - line);
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const std::size_t value = head.find_first_not_of(' ', colon + 1);
    request.headers[name] = value < end ? head.substr(value, end - value) : "";
    line = end + 2;
  }
  const std::size_t length = std::strtoul(request.header("content-length").c_str(), nullptr, 10);
  while (in.size() < head_end + 4 + length)
    if (!more()) return false;
  request.body = in.substr(head_end + 4, length);
  in.erase(0, head_end + 4 + length);
  return true;
}

}  // namespace plain_detail

/// Listens on loopback, prints "port N", serves until it is killed. The handler runs on many threads at once.
inline int serve_plain(int port, const PlainHandler& handler) {
  std::signal(SIGPIPE, SIG_IGN);
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener, 256) != 0) {
    std::perror("listen");
    return 1;
  }
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("port %d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  while (true) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    std::thread([fd, &handler] {
      std::string in;
      PlainReply reply(fd);
      for (PlainRequest request; !reply.closes() && plain_detail::read_request(fd, in, request); request = {}) handler(request, reply);
      ::close(fd);
    }).detach();
  }
}

}  // namespace fakes

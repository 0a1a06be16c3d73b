#include "support/http.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

namespace hobtest {
namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void set_timeout(int fd, std::chrono::milliseconds timeout) {
  const timeval tv{timeout.count() / 1000, (timeout.count() % 1000) * 1000};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
}

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(std::size_t(n));
  }
  return true;
}

bool receive(int fd, std::string& buffer) {
  char bytes[16384];
  const ssize_t n = ::recv(fd, bytes, sizeof bytes, 0);
  if (n <= 0) return false;
  buffer.append(bytes, std::size_t(n));
  return true;
}

std::string field(std::string_view head, std::string_view name) {
  std::size_t line = head.find("\r\n");
  while (line != std::string_view::npos && line + 2 < head.size()) {
    line += 2;
    const std::size_t end = head.find("\r\n", line);
    const std::string_view text = head.substr(line, end == std::string_view::npos ? end : end - line);
    const std::size_t colon = text.find(':');
    if (colon == name.size() && ::strncasecmp(text.data(), name.data(), colon) == 0) {
      std::string_view value = text.substr(colon + 1);
      while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
      return std::string(value);
    }
    line = end;
  }
  return {};
}

}  // namespace

HttpConnection::HttpConnection(int port, std::chrono::milliseconds timeout) : port_(port), timeout_(timeout) {}
HttpConnection::~HttpConnection() { close(); }

void HttpConnection::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  buffer_.clear();
}

bool HttpConnection::open() {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  set_timeout(fd_, timeout_);
  const sockaddr_in address = loopback(port_);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return true;
  close();
  return false;
}

Response HttpConnection::request(std::string_view method, std::string_view path, const Headers& headers, std::string_view body) {
  if (fd_ < 0 && !open()) return {};
  std::string text;
  text.append(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: 127.0.0.1:").append(std::to_string(port_));
  text.append("\r\nContent-Length: ").append(std::to_string(body.size())).append("\r\n");
  for (const auto& [name, value] : headers) text.append(name).append(": ").append(value).append("\r\n");
  text.append("\r\n").append(body);
  Response response;
  std::size_t head_end;
  if (!send_all(fd_, text)) return close(), response;
  while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos)
    if (!receive(fd_, buffer_)) return close(), response;
  response.head = buffer_.substr(0, head_end + 2);
  buffer_.erase(0, head_end + 4);
  if (field(response.head, "transfer-encoding") == "chunked") {
    while (true) {
      std::size_t line;
      while ((line = buffer_.find("\r\n")) == std::string::npos)
        if (!receive(fd_, buffer_)) return close(), Response{};
      const std::size_t size = std::strtoul(buffer_.c_str(), nullptr, 16);
      while (buffer_.size() < line + 2 + size + 2)
        if (!receive(fd_, buffer_)) return close(), Response{};
      response.body.append(buffer_, line + 2, size);
      buffer_.erase(0, line + 2 + size + 2);
      if (size == 0) break;
    }
  } else {
    const std::size_t size = std::strtoul(field(response.head, "content-length").c_str(), nullptr, 10);
    while (buffer_.size() < size)
      if (!receive(fd_, buffer_)) return close(), Response{};
    response.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
  }
  response.status = std::atoi(response.head.c_str() + 9);
  if (field(response.head, "connection") == "close") close();
  return response;
}

std::string Received::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (key.size() == name.size() && ::strncasecmp(key.data(), name.data(), name.size()) == 0) return value;
  return {};
}

HttpReceiver::HttpReceiver(Handler handler) : handler_(std::move(handler)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(listener_, 256) != 0)
    throw std::runtime_error("HttpReceiver: cannot listen");
  socklen_t size = sizeof address;
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] {
    while (!stop_) {
      pollfd waiting{listener_, POLLIN, 0};
      if (::poll(&waiting, 1, 100) <= 0) continue;
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd >= 0) workers_.emplace_back([this, fd] { serve(fd); });
    }
  });
}

HttpReceiver::~HttpReceiver() {
  stop_ = true;
  acceptor_.join();
  for (std::thread& worker : workers_) worker.join();
  ::close(listener_);
}

void HttpReceiver::serve(int fd) {
  std::string buffer;
  while (!stop_) {
    pollfd waiting{fd, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, 100);
    if (ready == 0) continue;
    if (ready < 0 || !receive(fd, buffer)) break;
    while (true) {
      const std::size_t head_end = buffer.find("\r\n\r\n");
      if (head_end == std::string::npos) break;
      const std::string head = buffer.substr(0, head_end + 2);
      const std::size_t size = std::strtoul(field(head, "content-length").c_str(), nullptr, 10);
      if (buffer.size() < head_end + 4 + size) break;
      Received request;
      const std::size_t a = head.find(' '), b = head.find(' ', a + 1);
      request.method = head.substr(0, a);
      request.path = head.substr(a + 1, b - a - 1);
      request.body = buffer.substr(head_end + 4, size);
      for (std::size_t line = head.find("\r\n"); line != std::string::npos && line + 2 < head.size();) {
        const std::size_t begin = line + 2, colon = head.find(':', begin);
        line = head.find("\r\n", begin);
        if (colon == std::string::npos || colon > line) break;
        const std::size_t value = head.find_first_not_of(' ', colon + 1);
        request.headers.emplace_back(head.substr(begin, colon - begin), head.substr(value, line - value));
      }
      buffer.erase(0, head_end + 4 + size);
      const auto [status, body] = handler_(request);
      if (!send_all(fd, "HTTP/1.1 " + std::to_string(status) + " S\r\nContent-Type: application/json\r\nContent-Length: " +
                            std::to_string(body.size()) + "\r\n\r\n" + body)) {
        ::close(fd);
        return;
      }
    }
  }
  ::close(fd);
}

}  // namespace hobtest

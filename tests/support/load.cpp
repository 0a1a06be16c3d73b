#include "support/load.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace hobtest {
namespace {

using Clock = std::chrono::steady_clock;

int connect_loopback(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    return -1;
  }
  return fd;
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) {
      if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      throw std::runtime_error("load: the server closed a connection");
    }
    bytes.remove_prefix(std::size_t(n));
  }
}

/// A masked text frame (RFC 6455, section 5.2) with a zero mask, so that the payload stays readable.
std::string text_frame(std::string_view payload) {
  std::string frame(1, '\x81');
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80 | payload.size());
  } else {
    frame += static_cast<char>(0x80 | 126);
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size());
  }
  frame.append(4, '\0').append(payload);
  return frame;
}

/// Takes one whole frame off `in`; false when it isn't all there.
bool take_frame(std::string& in, std::string& payload) {
  if (in.size() < 2) return false;
  std::size_t length = static_cast<unsigned char>(in[1]) & 0x7f, head = 2;
  if (length == 126) {
    if (in.size() < 4) return false;
    length = std::size_t(static_cast<unsigned char>(in[2])) << 8 | static_cast<unsigned char>(in[3]);
    head = 4;
  } else if (length == 127) {
    if (in.size() < 10) return false;
    length = 0;
    for (int i = 2; i < 10; ++i) length = length << 8 | static_cast<unsigned char>(in[std::size_t(i)]);
    head = 10;
  }
  if (in.size() < head + length) return false;
  payload.assign(in, head, length);
  in.erase(0, head + length);
  return true;
}

int open_websocket(int port, const std::string& path) {
  const int fd = connect_loopback(port);
  if (fd < 0) return -1;
  send_all(fd, "GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
                   "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  std::string head;
  char byte;
  while (head.find("\r\n\r\n") == std::string::npos && head.size() < 8192) {
    if (::recv(fd, &byte, 1, 0) != 1) break;
    head += byte;
  }
  if (head.starts_with("HTTP/1.1 101")) return fd;
  ::close(fd);
  return -1;
}

std::string fill(std::string text, int number, int connection) {
  for (const auto& [mark, value] : {std::pair{"%n", number}, std::pair{"%c", connection}})
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark)) text.replace(at, 2, std::to_string(value));
  return text;
}

struct Line {
  int fd = -1;
  std::string in;
  Clock::time_point sent;
  bool busy = false;
};

double percentile_of(const std::vector<double>& sorted, double p) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1, std::size_t(p / 100 * double(sorted.size())))];
}

}  // namespace

double LoadResult::percentile(double p) const { return percentile_of(micros, p); }
double HoldResult::percentile(double p) const { return percentile_of(micros, p); }

LoadResult run_load(const LoadOptions& options) {
  LoadResult result;
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<Line> lines(std::size_t(options.connections));
  int sent = 0, open = 0;
  const auto send_next = [&](std::size_t index) {
    Line& line = lines[index];
    if (sent >= options.requests) {
      line.busy = false;
      return;
    }
    const std::string body = fill(options.body, sent++, int(index));
    const std::string bytes = options.websocket
                                  ? text_frame(body)
                                  : "POST " + options.path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: " +
                                        std::to_string(body.size()) + "\r\n\r\n" + body;
    line.busy = true;
    line.sent = Clock::now();
    send_all(line.fd, bytes);
  };
  for (std::size_t i = 0; i < lines.size(); ++i) {
    lines[i].fd = options.websocket ? open_websocket(options.port, options.path) : connect_loopback(options.port);
    if (lines[i].fd < 0) throw std::runtime_error("load: connect failed");
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    ::epoll_ctl(epoll, EPOLL_CTL_ADD, lines[i].fd, &event);
  }
  const auto begin = Clock::now();
  for (std::size_t i = 0; i < lines.size(); ++i) send_next(i);
  for (const Line& line : lines) open += line.busy;
  std::vector<epoll_event> events(64);
  const auto finish = [&](std::size_t index, bool good, const std::string& answer) {
    if (good) {
      ++result.good;
      result.micros.push_back(std::chrono::duration<double, std::micro>(Clock::now() - lines[index].sent).count());
    } else {
      if (result.bad++ == 0) result.first_bad = answer.substr(0, 500);
    }
    send_next(index);
    if (!lines[index].busy) --open;
  };
  while (open > 0) {
    const int n = ::epoll_wait(epoll, events.data(), int(events.size()), 30'000);
    if (n == 0) throw std::runtime_error("load: no answer for 30 s");
    for (int e = 0; e < n; ++e) {
      const std::size_t index = events[std::size_t(e)].data.u64;
      Line& line = lines[index];
      char bytes[65536];
      const ssize_t got = ::recv(line.fd, bytes, sizeof bytes, MSG_DONTWAIT);
      if (got < 0 && errno == EAGAIN) continue;
      if (got <= 0) throw std::runtime_error("load: the server closed a connection; " + result.first_bad);
      line.in.append(bytes, std::size_t(got));
      if (options.websocket) {
        for (std::string payload; take_frame(line.in, payload);) {
          const bool failed = payload.find("\"event\":\"error\"") != std::string::npos;
          if (failed || payload.find(options.done_mark) != std::string::npos) finish(index, !failed, payload);
        }
        continue;
      }
      const std::size_t head_end = line.in.find("\r\n\r\n");
      if (head_end == std::string::npos) continue;
      const std::size_t at = line.in.find("Content-Length: ");
      const std::size_t size = at < head_end ? std::strtoul(line.in.c_str() + at + 16, nullptr, 10) : 0;
      if (line.in.size() < head_end + 4 + size) continue;
      const std::string answer = line.in.substr(0, head_end + 4 + size);
      line.in.erase(0, answer.size());
      finish(index, answer.starts_with("HTTP/1.1 200") && answer.find(options.ok_mark) != std::string::npos, answer);
    }
  }
  result.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  for (const Line& line : lines) ::close(line.fd);
  ::close(epoll);
  std::sort(result.micros.begin(), result.micros.end());
  return result;
}

HeldSockets::HeldSockets(int port, std::string path, int count) {
  for (int i = 0; i < count; ++i) {
    const int fd = open_websocket(port, path);
    if (fd >= 0) fds_.push_back(fd);
  }
}

HeldSockets::~HeldSockets() {
  for (const int fd : fds_) ::close(fd);
}

HoldResult HeldSockets::ping(int every) {
  HoldResult result;
  result.open = open();
  for (std::size_t i = 0; i < fds_.size(); i += std::size_t(every)) {
    const auto begin = Clock::now();
    std::string in, payload;
    bool answered = false;
    try {
      send_all(fds_[i], text_frame("{\"action\":\"ping\"}"));
      while (!answered) {
        pollfd waiting{fds_[i], POLLIN, 0};
        char bytes[4096];
        if (::poll(&waiting, 1, 5000) <= 0) break;
        const ssize_t got = ::recv(fds_[i], bytes, sizeof bytes, 0);
        if (got <= 0) break;
        in.append(bytes, std::size_t(got));
        while (take_frame(in, payload)) answered = answered || payload.find("pong") != std::string::npos;
      }
    } catch (const std::runtime_error&) {
    }
    if (answered)
      result.micros.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
    else
      ++result.lost;
  }
  std::sort(result.micros.begin(), result.micros.end());
  return result;
}

}  // namespace hobtest

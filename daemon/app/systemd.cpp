#include "app/systemd.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <systemd/sd-daemon.h>

#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace hobd {

InheritedSockets take_inherited_sockets() {
  InheritedSockets sockets;
  const int count = sd_listen_fds(1);
  for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + count; ++fd) {
    if (sd_is_socket(fd, AF_UNIX, SOCK_STREAM, 1) > 0)
      sockets.control = fd;
    else if (sd_is_socket(fd, AF_INET, SOCK_STREAM, 1) > 0 || sd_is_socket(fd, AF_INET6, SOCK_STREAM, 1) > 0)
      sockets.http = fd;
  }
  return sockets;
}

void notify_systemd(const std::string& state) { sd_notify(0, state.c_str()); }

awaitable<void> feed_watchdog(asio::any_io_executor core) {
  std::uint64_t period = 0;
  if (sd_watchdog_enabled(1, &period) <= 0) co_return;
  asio::steady_timer timer(core);
  for (;;) {
    notify_systemd("WATCHDOG=1");
    timer.expires_after(std::chrono::microseconds(period / 2));
    co_await timer.async_wait(asio::use_awaitable);
  }
}

std::int64_t milliseconds_since_exec() {
  // Field 22 of /proc/self/stat, proc(5): the start in clock ticks since boot. The name in field 2 may hold
  // anything, so counting begins after its closing parenthesis.
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t close = line.rfind(')');
  if (close == std::string::npos) return 0;
  std::istringstream fields(line.substr(close + 2));
  std::string field;
  for (int number = 3; number <= 22 && fields >> field; ++number) {
  }
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  const std::int64_t ticks = std::strtoll(field.c_str(), nullptr, 10);
  const std::int64_t started = ticks * 1000 / sysconf(_SC_CLK_TCK);
  return std::int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000 - started;
}

}  // namespace hobd

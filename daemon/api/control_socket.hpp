// The control socket: JSON-RPC 2.0 over a Unix socket, one message a line, both ways.
//
// A peer is known by its credentials (SO_PEERCRED): the daemon's own user and root are admin, and are the user
// named like their login if there is one, else `default`; everybody else whom the socket's mode lets in is the
// user named like their login. A streaming method's events come as notifications
//   {"jsonrpc":"2.0","method":"stream","params":{"id":<request id>,"event":...}}
// before its answer. Errors: JSON-RPC's own codes for what never reached a method, else -32000 minus the code's
// number, with {"status": name} as data. A client that leaves cancels its requests; one that only shuts its writing
// side still gets its answers.
#pragma once

#include "api/method_table.hpp"
#include "store/store.hpp"

#include <filesystem>
#include <memory>

namespace hobd {

struct ControlSocketOptions {
  std::filesystem::path path;
  int adopted_fd = -1;          // a listening socket of systemd's in place of `path`
  std::string group = "hob";    // owns the socket, where that group exists and we may give it away
  std::size_t max_line = 16 << 20;
  std::size_t max_queue = 32 << 20;  // bytes that wait for a reader; beyond, it is cut
  std::size_t max_requests = 64;     // at once on one connection; beyond: overloaded
  std::size_t max_connections = 256;
};

class ControlSocket {
 public:
  virtual ~ControlSocket() = default;
  /// Binds and listens. unavailable: another daemon answers there, or the folder can't be written. A socket
  /// that nobody answers on is removed. Blocks for the time of a local connect.
  virtual Result<void> listen() = 0;
  /// No new connections or requests; waits at most `limit` for running ones, then cancels and closes.
  virtual awaitable<void> stop(std::chrono::milliseconds limit) = 0;
};

/// `methods` and `users` outlive the socket.
std::unique_ptr<ControlSocket> make_control_socket(asio::any_io_executor executor, MethodTable& methods, Users& users,
                                                   ControlSocketOptions options);

}  // namespace hobd

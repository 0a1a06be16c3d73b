// One connection of the control socket.
#pragma once

#include "api/control_socket.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>

namespace hobd {

/// Reads lines, runs requests, writes answers. shared_ptr: its reader, its writer and its requests keep it.
/// All on the core thread.
class ControlSession : public std::enable_shared_from_this<ControlSession> {
 public:
  ControlSession(asio::local::stream_protocol::socket socket, MethodTable& methods, const ControlSocketOptions& options);

  /// Runs until the peer has gone or stop().
  awaitable<void> run(Users& users);
  /// No further requests; closes once the running ones are answered.
  void finish();
  /// Cancels the running requests and closes.
  void close();

 private:
  awaitable<Result<Principal>> identify(Users& users) const;
  awaitable<void> read_lines();
  awaitable<void> write_lines();
  void take_line(std::string_view line);
  awaitable<void> answer(std::shared_ptr<ControlSession> self, std::string method, json::object params, json::value id, bool wants_answer);
  void send(const json::object& message);
  void send_error(const json::value& id, int number, const Error& error);
  bool peer_has_gone();

  asio::local::stream_protocol::socket socket_;
  MethodTable& methods_;
  const ControlSocketOptions options_;
  Principal who_;
  std::deque<std::string> queue_;  // lines to write
  std::size_t queued_ = 0;         // their bytes
  asio::steady_timer wake_;        // cancelled when there is something for the writer
  std::size_t in_flight_ = 0;
  bool finishing_ = false;  // no more requests
  bool closed_ = false;
  TaskGroup tasks_;
};

}  // namespace hobd

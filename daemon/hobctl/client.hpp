// hobctl's side of the control socket: one blocking connection, one request at a time (JSON-RPC 2.0, one
// message a line).
#pragma once

#include "base/json.hpp"

#include <functional>
#include <string>

namespace hobd::ctl {

/// How hobctl ends.
enum class Exit { done = 0, refused = 1, usage = 2, no_daemon = 3 };

class Client {
 public:
  Client() = default;
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// unavailable: nobody answers there; says what to do.
  Result<void> connect(const std::string& path);
  /// Sends one request and waits for its answer, as long as it takes: Ctrl-C is the way out. Events of a
  /// streaming method go to `on_event`. Errors: the daemon's own; unavailable with `lost()` when it went away.
  Result<json::value> call(std::string_view method, json::object params, const std::function<void(const json::value& event)>& on_event = {});
  /// Whether the connection failed: what tells a refusal from a daemon that is not there.
  bool lost() const { return lost_; }
  /// Called between two reads when a signal interrupted one; true gives up the wait with cancelled.
  std::function<bool()> interrupted;

 private:
  Result<std::string> read_line();
  Result<void> write_all(std::string_view bytes);

  int fd_ = -1;
  std::int64_t next_id_ = 1;
  std::string buffer_;
  bool lost_ = false;
};

/// --socket, else $HOB_SOCKET, else $XDG_RUNTIME_DIR/hob/hob.sock when it is there, else /run/hob/hob.sock. When that
/// is not there, ${XDG_STATE_HOME:-~/.local/state}/hob/run/hob/hob.sock if it is: the quickstart's.
std::string socket_path(const std::string& given);

}  // namespace hobd::ctl

#include "api/control_socket.hpp"

#include "api/control_session.hpp"
#include "base/log.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace hobd {
namespace {

using Protocol = asio::local::stream_protocol;

Error failure(std::string_view what, const std::filesystem::path& path, int number) {
  return {Code::unavailable, fmt::format("{} {}: {}", what, path.string(), std::strerror(number))};
}

/// Makes room for our socket: removes one that nobody answers on, refuses everything else.
Result<void> clear_stale(const std::filesystem::path& path) {
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return {};
    return failure("look at", path, errno);
  }
  if (!S_ISSOCK(info.st_mode))
    return Error{Code::unavailable, path.string() + " is in the way and is not a socket: move it, or set runtime_dir"};
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return failure("make a socket for", path, errno);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const int answer = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int number = errno;
  ::close(probe);
  if (answer == 0 || number == EAGAIN)
    return Error{Code::unavailable, "another hobd answers on " + path.string() + ": stop it first, or set another runtime_dir"};
  if (number != ECONNREFUSED) return failure("try", path, number);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failure("remove the stale socket", path, errno);
  return {};
}

/// Lets the group in where there is one; without it the socket is the owner's alone, which is no failure.
void give_to_group(const std::filesystem::path& path, const std::string& name) {
  char buffer[4096];
  group entry{};
  group* found = nullptr;
  if (getgrnam_r(name.c_str(), &entry, buffer, sizeof buffer, &found) != 0 || !found) return;
  if (::chown(path.c_str(), static_cast<uid_t>(-1), found->gr_gid) != 0)
    log::debug("api", "{} stays with our own group: {}", path.string(), std::strerror(errno));
}

class Server final : public ControlSocket {
 public:
  Server(asio::any_io_executor executor, MethodTable& methods, Users& users, ControlSocketOptions options)
      : acceptor_(executor), methods_(methods), users_(users), options_(std::move(options)), tasks_(executor) {}
  ~Server() override { remove_file(); }

  Result<void> listen() override {
    if (options_.adopted_fd >= 0) {
      boost::system::error_code error;
      acceptor_.assign(Protocol(), options_.adopted_fd, error);
      if (error) return Error{Code::unavailable, "take systemd's control socket: " + error.message()};
    } else {
      TRY(bind());
    }
    tasks_.spawn("control accept", accept());
    return {};
  }

  awaitable<void> stop(std::chrono::milliseconds limit) override {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    remove_file();
    for (const auto& weak : sessions_)
      if (const auto session = weak.lock()) session->finish();
    if (co_await tasks_.async_wait(limit)) co_return;
    for (const auto& weak : sessions_)
      if (const auto session = weak.lock()) session->close();
    tasks_.cancel();
    co_await tasks_.async_wait(std::chrono::seconds(1));
  }

 private:
  /// Binds under a name of its own, sets mode and group, then moves it into place: nobody can connect to a
  /// socket whose mode is not yet right.
  Result<void> bind() {
    const std::filesystem::path& path = options_.path;
    std::filesystem::path fresh = path;
    fresh += ".new";
    if (fresh.native().size() >= sizeof(sockaddr_un::sun_path))
      return Error{Code::invalid, "the path " + path.string() + " is too long for a socket: set a shorter runtime_dir"};
    TRY(clear_stale(path));
    ::unlink(fresh.c_str());
    boost::system::error_code error;
    acceptor_.open(Protocol(), error);
    if (!error) acceptor_.bind(Protocol::endpoint(fresh.string()), error);
    if (error) return Error{Code::unavailable, "bind " + path.string() + ": " + error.message()};
    give_to_group(fresh, options_.group);
    if (::chmod(fresh.c_str(), 0660) != 0) return failure("set the mode of", fresh, errno);
    acceptor_.listen(128, error);
    if (error) return Error{Code::unavailable, "listen on " + path.string() + ": " + error.message()};
    if (::rename(fresh.c_str(), path.c_str()) != 0) return failure("put in place", path, errno);
    owns_file_ = true;
    return {};
  }

  void remove_file() {
    if (owns_file_) ::unlink(options_.path.c_str());
    owns_file_ = false;
  }

  awaitable<void> accept() {
    while (acceptor_.is_open()) {
      boost::system::error_code error;
      Protocol::socket socket(acceptor_.get_executor());
      co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
      if (error == asio::error::operation_aborted || !acceptor_.is_open()) co_return;
      if (error) {  // out of descriptors: give others time to go
        log::warn("api", "control socket: accept: {}", error.message());
        asio::steady_timer pause(acceptor_.get_executor(), std::chrono::milliseconds(200));
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
        continue;
      }
      std::erase_if(sessions_, [](const auto& weak) { return weak.expired(); });
      if (sessions_.size() >= options_.max_connections) continue;  // closes it
      auto session = std::make_shared<ControlSession>(std::move(socket), methods_, options_);
      sessions_.push_back(session);
      tasks_.spawn("control session", serve(std::move(session), users_));
    }
  }

  static awaitable<void> serve(std::shared_ptr<ControlSession> session, Users& users) { co_await session->run(users); }

  Protocol::acceptor acceptor_;
  MethodTable& methods_;
  Users& users_;
  const ControlSocketOptions options_;
  bool owns_file_ = false;
  std::vector<std::weak_ptr<ControlSession>> sessions_;
  TaskGroup tasks_;
};

}  // namespace

std::unique_ptr<ControlSocket> make_control_socket(asio::any_io_executor executor, MethodTable& methods, Users& users,
                                                   ControlSocketOptions options) {
  return std::make_unique<Server>(std::move(executor), methods, users, std::move(options));
}

}  // namespace hobd

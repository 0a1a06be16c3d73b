#include "plugins/host_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace hobd {
namespace {

Error failed(std::string_view what, int error) {
  return {Code::unavailable, fmt::format("start hob-plugin-host: {}: {}", what, std::strerror(error))};
}

/// posix_spawn's two parameter objects.
struct Spawn {
  Spawn() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~Spawn() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
  Spawn(const Spawn&) = delete;
  Spawn& operator=(const Spawn&) = delete;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

}  // namespace

OwnedFd::~OwnedFd() {
  if (fd_ >= 0) ::close(fd_);
}

std::string ProcessEnd::text() const {
  if (!is_signal()) return fmt::format("left with status {}", WEXITSTATUS(status));
  return fmt::format("died of signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
}

bool ProcessEnd::is_signal() const { return WIFSIGNALED(status); }

Result<HostProcess> HostProcess::start(const std::filesystem::path& program, const std::string& instance) {
  int sockets[2], pipe[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) return failed("socketpair", errno);
  OwnedFd socket(sockets[0]), theirs(sockets[1]);
  if (::pipe2(pipe, O_CLOEXEC | O_NONBLOCK) != 0) return failed("pipe", errno);
  OwnedFd output(pipe[0]), their_output(pipe[1]);

  Spawn spawn;
  posix_spawn_file_actions_addopen(&spawn.actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&spawn.actions, their_output.get(), 1);
  posix_spawn_file_actions_adddup2(&spawn.actions, their_output.get(), 2);
  posix_spawn_file_actions_adddup2(&spawn.actions, theirs.get(), 3);
  posix_spawn_file_actions_addclosefrom_np(&spawn.actions, 4);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&spawn.attributes, &none);
  posix_spawnattr_setsigdefault(&spawn.attributes, &all);
  posix_spawnattr_setpgroup(&spawn.attributes, 0);  // a terminal's Ctrl-C is hobd's to handle
  posix_spawnattr_setflags(&spawn.attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  std::string name = "hob-plugin-host", who = instance, parent = std::to_string(::getpid());
  char* const arguments[] = {name.data(), who.data(), parent.data(), nullptr};
  char* const environment[] = {nullptr};
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, program.c_str(), &spawn.actions, &spawn.attributes, arguments, environment);
  if (error != 0) return failed(program.string(), error);
  OwnedFd pidfd(int(::syscall(SYS_pidfd_open, pid, 0)));
  HostProcess process(pid, std::move(pidfd), std::move(socket), std::move(output));
  if (process.pidfd_.get() < 0) return failed("pidfd_open", errno);
  return process;
}

HostProcess::HostProcess(HostProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      socket_(std::move(other.socket_)),
      output_(std::move(other.output_)) {}

HostProcess::~HostProcess() {
  if (pid_ < 0) return;
  kill();
  int status;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
}

void HostProcess::kill() {
  if (pid_ > 0) ::kill(pid_, SIGKILL);  // not reaped yet, so the number is still its own
}

std::optional<ProcessEnd> HostProcess::reap() {
  if (pid_ < 0) return std::nullopt;
  ProcessEnd end;
  rusage used{};
  const pid_t got = ::wait4(pid_, &end.status, WNOHANG, &used);
  if (got == 0 || (got < 0 && errno == EINTR)) return std::nullopt;
  pid_ = -1;
  end.max_rss = std::uint64_t(used.ru_maxrss) << 10;
  return end;
}

HostProcess::Usage HostProcess::usage() const {
  Usage usage;
  if (pid_ < 0) return usage;
  const std::filesystem::path place = fmt::format("/proc/{}", pid_);
  std::ifstream statm(place / "statm");
  std::uint64_t total = 0, pages = 0;
  if (statm >> total >> pages) usage.resident = pages * std::uint64_t(::sysconf(_SC_PAGESIZE));
  const auto count = [&](const char* folder) {
    std::error_code error;
    std::size_t entries = 0;
    for (std::filesystem::directory_iterator entry(place / folder, error), end; !error && entry != end; entry.increment(error)) ++entries;
    return entries;
  };
  usage.threads = count("task");
  usage.descriptors = count("fd");
  return usage;
}

Result<std::filesystem::path> find_plugin_host() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path beside = program.parent_path() / "hob-plugin-host";
  const std::filesystem::path installed = program.parent_path().parent_path() / "bin/hob-plugin-host";
  for (const std::filesystem::path& place : {beside, installed})
    if (std::filesystem::exists(place, error)) return place;
  return Error{Code::not_found, fmt::format("hob-plugin-host is neither {} nor {}: install it, or set plugins.isolation "
                                            "to none for plugins you trust", beside.string(), installed.string())};
}

}  // namespace hobd

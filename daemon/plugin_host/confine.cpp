#include "plugin_host/confine.hpp"

#include "plugins/remote_limits.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <cstdint>
#include <string>
#include <vector>

namespace hobd {
namespace {

Error failed(const char* what) { return {Code::unavailable, fmt::format("{}: {}", what, std::strerror(errno))}; }

Result<void> limit(const char* name, decltype(RLIMIT_CORE) which, rlim_t most) {
  const rlimit both{most, most};
  if (::setrlimit(which, &both) != 0) return failed(name);
  return {};
}

// ---- Landlock, by its system calls: Debian's headers know an older version than the kernel may speak ----

// From linux/landlock.h; the numbers of a version never change.
struct LandlockRuleset {
  std::uint64_t handled_fs, handled_net, scoped;
};
struct [[gnu::packed]] LandlockPath {
  std::uint64_t allowed;
  std::int32_t parent;
};
constexpr std::uint64_t kExecute = 1 << 0, kReadFile = 1 << 2, kReadDir = 1 << 3;
constexpr int kVersionFlag = 1, kRulePath = 1;
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

std::uint64_t file_rights(long abi) {
  const int count = abi >= 5 ? 16 : abi >= 3 ? 15 : abi >= 2 ? 14 : 13;  // refer with 2, truncate with 3, ioctl with 5
  return (std::uint64_t{1} << count) - 1;
}

/// Everything is forbidden but to read below `paths`. Nothing happens on a kernel without Landlock: seccomp still
/// forbids to open files for writing.
Result<void> restrict_files(std::string_view paths) {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersionFlag);
  if (abi < 1) return {};
  LandlockRuleset rules{};
  rules.handled_fs = file_rights(abi);
  std::size_t size = sizeof rules.handled_fs;
  if (abi >= 4) {
    rules.handled_net = 0x3;  // bind and connect of TCP
    size += sizeof rules.handled_net;
  }
  if (abi >= 6) {
    rules.scoped = 0x3;  // abstract Unix sockets, signals to others
    size += sizeof rules.scoped;
  }
  const int ruleset = int(::syscall(SYS_landlock_create_ruleset, &rules, size, 0));
  if (ruleset < 0) return failed("landlock_create_ruleset");
  for (std::string_view rest = paths; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string path(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const int folder = ::open(path.c_str(), O_PATH | O_CLOEXEC);
    if (folder < 0) continue;  // not every system has each of them
    LandlockPath rule{kReadFile | kReadDir | kExecute, folder};
    long added = ::syscall(SYS_landlock_add_rule, ruleset, kRulePath, &rule, 0);
    if (added != 0) {  // a file takes no rights of a folder
      rule.allowed = kReadFile;
      added = ::syscall(SYS_landlock_add_rule, ruleset, kRulePath, &rule, 0);
    }
    ::close(folder);
    if (added != 0) return failed("landlock_add_rule");
  }
  const long restricted = ::syscall(SYS_landlock_restrict_self, ruleset, 0);
  ::close(ruleset);
  if (restricted != 0) return failed("landlock_restrict_self");
  return {};
}

// ---- seccomp ----

/// Refuses a forbidden system call with EPERM and tells hobd, once for each: "\1syscall N" on standard error, which hobd
/// reads as a broken rule. A plugin that forges such a line accuses itself alone.
void on_forbidden_call(int, siginfo_t* info, void* context) {
  const int saved = errno;
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  registers.gregs[REG_RAX] = -EPERM;
#elif defined(__aarch64__)
  registers.regs[0] = static_cast<unsigned long long>(-EPERM);
#else
#error "say here how a system call returns"
#endif
  static std::array<std::atomic<bool>, 1024> told{};
  const auto number = unsigned(info->si_syscall);
  if (number < told.size() && !told[number].exchange(true)) {
    char line[32] = "\1syscall ";
    char digits[12];
    std::size_t count = 0, size = 9;
    for (unsigned left = number; count == 0 || left > 0; left /= 10) digits[count++] = char('0' + left % 10);
    while (count > 0) line[size++] = digits[--count];
    line[size++] = '\n';
    [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, line, size);
  }
  errno = saved;
}

Result<void> install_filter(const std::string& filter) {
  if (filter.empty()) return {};
  struct sigaction action {};
  action.sa_sigaction = on_forbidden_call;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  if (::sigaction(SIGSYS, &action, nullptr) != 0) return failed("sigaction");
  std::vector<sock_filter> program(filter.size() / sizeof(sock_filter));
  std::memcpy(program.data(), filter.data(), program.size() * sizeof(sock_filter));
  const sock_fprog whole{static_cast<unsigned short>(program.size()), program.data()};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &whole) != 0) return failed("seccomp");
  return {};
}

/// When memory runs out, the kernel shall take a plugin before the daemon.
void offer_to_oom_killer() {
  const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  [[maybe_unused]] const ssize_t ignored = ::write(file, "500", 3);
  ::close(file);
}

}  // namespace

bool settle(pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) std::signal(signal, SIG_IGN);  // hobd says when
  ::close_range(4, ~0U, 0);
  return ::chdir("/") == 0 && ::getppid() == parent;
}

Result<void> confine(const Setup& setup) {
  offer_to_oom_killer();
  ::tzset();  // the local time zone, while its file can be read
  TRY(limit("RLIMIT_CORE", RLIMIT_CORE, 0));
  TRY(limit("RLIMIT_NOFILE", RLIMIT_NOFILE, kMaxDescriptors));
  TRY(limit("RLIMIT_FSIZE", RLIMIT_FSIZE, kMaxPayload));  // memfds for blobs
  TRY(limit("RLIMIT_MEMLOCK", RLIMIT_MEMLOCK, 0));
  TRY(limit("RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE, 0));
  if (setup.memory > 0) TRY(limit("RLIMIT_AS", RLIMIT_AS, setup.memory));
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("PR_SET_NO_NEW_PRIVS");
  TRY(restrict_files(setup.readable));
  return install_filter(setup.filter);
}

}  // namespace hobd

#include "plugins/system_filter.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>

namespace hobd {
namespace {

/// Memory, threads, time, and the descriptors that are open: all that computing takes.
constexpr const char* kAllowed[] = {
    "brk", "mmap", "munmap", "mremap", "mprotect", "madvise", "mincore", "membarrier",
    "read", "readv", "pread64", "preadv", "preadv2", "write", "writev", "pwrite64", "pwritev", "pwritev2",
    "close", "close_range", "lseek", "_llseek", "dup", "dup2", "dup3", "fstat", "fstat64", "stat", "lstat", "newfstatat", "statx",
    "access", "faccessat", "faccessat2", "getdents64", "getcwd", "readlink", "readlinkat", "fadvise64", "statfs", "fstatfs",
    "recvmsg", "sendmsg", "recvfrom", "sendto", "shutdown", "getsockopt", "poll", "ppoll", "select", "pselect6",
    "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd2", "pipe2",
    "timerfd_create", "timerfd_settime", "timerfd_gettime", "memfd_create", "ftruncate",
    "futex", "futex_waitv", "set_robust_list", "get_robust_list", "rseq", "set_tid_address", "gettid", "sched_yield",
    "sched_getaffinity", "sched_getparam", "sched_getscheduler", "sched_get_priority_max", "sched_get_priority_min",
    "getpid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getgroups", "getresuid", "getresgid", "getpgrp", "getpgid", "getsid",
    "clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time", "times", "getrusage",
    "getrandom", "uname", "sysinfo", "getrlimit", "getcpu", "restart_syscall",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigsuspend", "rt_sigtimedwait", "sigaltstack",
    "exit", "exit_group"};

class Filter {
 public:
  Filter() : context_(seccomp_init(SCMP_ACT_TRAP), seccomp_release) {}
  bool is_made() const { return context_ != nullptr; }

  /// A call that this kernel or machine doesn't know needs no rule.
  void allow(const char* name) { rule(SCMP_ACT_ALLOW, name, nullptr, 0); }
  template <class... Conditions>
  void allow(const char* name, Conditions... conditions) {
    const scmp_arg_cmp all[] = {conditions...};
    rule(SCMP_ACT_ALLOW, name, all, sizeof...(conditions));
  }
  void refuse(const char* name, int error) { rule(SCMP_ACT_ERRNO(unsigned(error)), name, nullptr, 0); }

  Result<std::string> program() const {
    if (failure_ != 0) return Error{Code::unavailable, fmt::format("seccomp rule: {}", std::strerror(-failure_))};
    const int file = ::memfd_create("hob-filter", MFD_CLOEXEC);
    if (file < 0) return Error{Code::unavailable, fmt::format("memfd_create: {}", std::strerror(errno))};
    const int exported = seccomp_export_bpf(context_.get(), file);
    std::string out(std::size_t(std::max<off_t>(::lseek(file, 0, SEEK_END), 0)), '\0');
    const ssize_t got = exported == 0 ? ::pread(file, out.data(), out.size(), 0) : -1;
    ::close(file);
    if (got != ssize_t(out.size()) || out.empty()) return Error{Code::unavailable, "seccomp program can't be exported"};
    return out;
  }

 private:
  void rule(std::uint32_t action, const char* name, const scmp_arg_cmp* conditions, unsigned count) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR) return;
    const int added = seccomp_rule_add_array(context_.get(), action, number, count, conditions);
    if (added != 0 && added != -EDOM && failure_ == 0) failure_ = added;
  }

  std::unique_ptr<void, void (*)(scmp_filter_ctx)> context_;
  int failure_ = 0;
};

}  // namespace

Result<std::string> make_system_filter(const Manifest& manifest, pid_t pid) {
  Filter filter;
  if (!filter.is_made()) return Error{Code::unavailable, "seccomp_init: no memory"};
  for (const char* name : kAllowed) filter.allow(name);
  // Files for reading alone, and never made: what may be read is Landlock's to say.
  constexpr scmp_datum_t kWriting = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;
  filter.allow("open", scmp_arg_cmp{1, SCMP_CMP_MASKED_EQ, kWriting, 0});
  filter.allow("openat", scmp_arg_cmp{2, SCMP_CMP_MASKED_EQ, kWriting, 0});
  filter.refuse("openat2", ENOSYS);
  // Threads, no processes. A script has no use for a thread, but the process itself may write in one.
  filter.allow("clone", scmp_arg_cmp{0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD});
  filter.refuse("clone3", ENOSYS);
  // abort() and pthread_kill() on itself, signals to nobody else.
  filter.allow("tgkill", scmp_arg_cmp{0, SCMP_CMP_EQ, scmp_datum_t(pid), 0});
  filter.allow("prctl", scmp_arg_cmp{0, SCMP_CMP_EQ, PR_SET_NAME, 0});
  filter.allow("prctl", scmp_arg_cmp{0, SCMP_CMP_EQ, PR_GET_NAME, 0});
  filter.allow("prctl", scmp_arg_cmp{0, SCMP_CMP_EQ, PR_SET_VMA, 0});  // malloc names its arenas
  filter.allow("prlimit64", scmp_arg_cmp{2, SCMP_CMP_EQ, 0, 0});       // reading a limit
  filter.allow("fcntl", scmp_arg_cmp{1, SCMP_CMP_LE, F_SETFL, 0});     // duplicates and flags
  filter.allow("fcntl", scmp_arg_cmp{1, SCMP_CMP_EQ, F_DUPFD_CLOEXEC, 0});
  filter.allow("fcntl", scmp_arg_cmp{1, SCMP_CMP_EQ, F_ADD_SEALS, 0});
  filter.allow("fcntl", scmp_arg_cmp{1, SCMP_CMP_EQ, F_GET_SEALS, 0});
  filter.refuse("ioctl", ENOTTY);  // "is this a terminal?"
  // A native plugin may carry code that sets its own scheduling (SIMD libraries do); a script can't.
  if (manifest.language == Manifest::Language::native) filter.allow("sched_setaffinity");
  return filter.program();
}

std::string system_call_name(int number) {
  const std::unique_ptr<char, void (*)(void*)> name(seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number), std::free);
  return name ? std::string(name.get()) : fmt::format("system call {}", number);
}

std::string_view system_call_rule(std::string_view name) {
  const auto is_one_of = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (is_one_of({"socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "sendmmsg", "recvmmsg", "setsockopt"}))
    return "network";
  if (is_one_of({"fork", "vfork", "clone", "clone3", "execve", "execveat", "kill", "tkill", "tgkill", "ptrace", "wait4", "waitid",
                 "setsid", "setpgid", "pidfd_open", "process_vm_readv", "process_vm_writev"}))
    return "processes";
  if (is_one_of({"open", "openat", "openat2", "creat", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "rename", "renameat", "renameat2",
                 "link", "linkat", "symlink", "symlinkat", "truncate", "chmod", "fchmod", "fchmodat", "chown", "fchown", "chdir", "fchdir",
                 "umask", "mount", "mknod", "mknodat", "fallocate", "utimensat"}))
    return "files";
  return "system";
}

}  // namespace hobd

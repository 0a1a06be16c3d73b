#include "plugin_kit/check.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>

namespace hobd::kit {
namespace {

constexpr std::size_t kPhaseSize = 64;
char* phase_page = nullptr;  // shared with the children

int out_fd = -1, err_fd = -1;  // of the child: memory files in place of standard output and error

struct Fd {
  int fd = -1;
  explicit Fd(int f) : fd(f) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { if (fd >= 0) ::close(fd); }
};

std::string content(int fd, std::size_t limit) {
  std::string text(limit, '\0');
  const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
  text.resize(got > 0 ? std::size_t(got) : 0);
  return text;
}

std::size_t size_of(int fd) {
  const off_t end = ::lseek(fd, 0, SEEK_END);
  return end > 0 ? std::size_t(end) : 0;
}

/// The last line with something in it: what an abort or a sanitizer said.
std::string last_line(const std::string& text) {
  std::size_t end = text.find_last_not_of(" \r\n\t");
  if (end == std::string::npos) return {};
  const std::size_t begin = text.rfind('\n', end);
  return text.substr(begin == std::string::npos ? 0 : begin + 1, std::min<std::size_t>(end - (begin == std::string::npos ? -1 : begin), 300));
}

[[noreturn]] void child(const std::function<Result<Verdict>()>& work, int verdict_fd) {
  ::setpgid(0, 0);
  rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::dup2(out_fd, STDOUT_FILENO);
  ::dup2(err_fd, STDERR_FILENO);
  const int null = ::open("/dev/null", O_RDONLY);
  if (null >= 0) ::dup2(null, STDIN_FILENO), ::close(null);
  Verdict verdict;
  try {
    auto ran = work();
    verdict = ran.has_error() ? fail(ran.error().message) : *std::move(ran);
  } catch (const std::exception& e) {
    verdict = fail(fmt::format("an exception came out of the plugin in {}: {}", phase_page, e.what()));
  } catch (...) {
    verdict = fail(fmt::format("an exception came out of the plugin in {}", phase_page));
  }
  const std::string line = fmt::format("{}{}", static_cast<char>('0' + static_cast<int>(verdict.outcome)), verdict.reason.substr(0, 4000));
  if (::write(verdict_fd, line.data(), line.size()) < 0) ::_exit(1);
  ::_exit(0);
}

/// Reads the verdict, until the child ends or `limit` passes; true when the child closed its end in time.
bool read_verdict(int fd, std::chrono::seconds limit, std::string& line) {
  const auto end = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd wait{fd, POLLIN, 0};
    if (::poll(&wait, 1, int(left.count())) < 0 && errno != EINTR) return false;
    if (wait.revents == 0) continue;
    char buffer[4096];
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got > 0) line.append(buffer, std::size_t(got));
    if (got == 0 || (got < 0 && errno != EINTR)) return true;
    if (!line.empty()) return true;  // one write; children of the plugin may hold the pipe open
  }
}

}  // namespace

std::string_view outcome_name(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::pass: return "pass";
    case Outcome::warn: return "warn";
    case Outcome::skip: return "skip";
    case Outcome::fail: return "fail";
    case Outcome::crash: break;
  }
  return "crash";
}

void note_phase(const char* function) noexcept {
  if (phase_page) std::strncpy(phase_page, function, kPhaseSize - 1);
}

Noise noise_so_far() {
  Noise noise{size_of(out_fd), size_of(err_fd), {}};
  noise.sample = content(noise.out > 0 ? out_fd : err_fd, 60);
  return noise;
}

Verdict run_alone(const std::function<Result<Verdict>()>& work, std::chrono::seconds limit) {
  if (!phase_page) {
    void* page = ::mmap(nullptr, kPhaseSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return fail("no shared memory for the runner");
    phase_page = static_cast<char*>(page);
  }
  std::memset(phase_page, 0, kPhaseSize);
  note_phase("loading");
  int pipe_ends[2];
  if (::pipe2(pipe_ends, O_CLOEXEC) != 0) return fail("no pipe for the runner");
  const Fd reader(pipe_ends[0]);
  const Fd out(::memfd_create("stdout", MFD_CLOEXEC)), err(::memfd_create("stderr", MFD_CLOEXEC));
  out_fd = out.fd;
  err_fd = err.fd;
  std::fflush(nullptr);  // or the child says again what waits to be said here
  const pid_t pid = ::fork();
  if (pid < 0) {
    ::close(pipe_ends[1]);
    return fail("no process for the runner");
  }
  if (pid == 0) child(work, pipe_ends[1]);
  ::close(pipe_ends[1]);
  std::string line;
  const bool ended = read_verdict(reader.fd, limit, line);
  // Its process group: what the plugin left running goes too.
  if (!ended) ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  ::kill(-pid, SIGKILL);
  if (!ended) return fail(fmt::format("no end within {} s; it was in {}", limit.count(), phase_page));
  if (!line.empty() && line[0] >= '0' && line[0] <= '4') return {static_cast<Outcome>(line[0] - '0'), line.substr(1)};
  const std::string words = last_line(content(err.fd, 1 << 16));
  const std::string said = words.empty() ? "" : fmt::format(" ({})", words);
  if (WIFSIGNALED(status)) return {Outcome::crash, fmt::format("killed by signal {} ({}) in {}{}", WTERMSIG(status), strsignal(WTERMSIG(status)), phase_page, said)};
  return {Outcome::crash, fmt::format("the process ended with exit code {} in {}: a plugin must not call exit{}", WEXITSTATUS(status), phase_page, said)};
}

}  // namespace hobd::kit

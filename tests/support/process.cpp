#include "support/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <utility>

namespace hobtest {

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "hob-test-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error("mkdtemp failed");
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Process::Process(std::vector<std::string> argv, const std::map<std::string, std::string>& environment,
                 const std::filesystem::path& log) {
  int pipe_ends[2];
  if (::pipe2(pipe_ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe failed");
  std::vector<std::string> variables;
  for (char** e = environ; *e; ++e) {
    const std::string variable = *e;
    if (!environment.contains(variable.substr(0, variable.find('=')))) variables.push_back(variable);
  }
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
  std::vector<char*> arguments, env;
  for (std::string& a : argv) arguments.push_back(a.data());
  arguments.push_back(nullptr);
  for (std::string& v : variables) env.push_back(v.data());
  env.push_back(nullptr);
  const int log_fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(pipe_ends[1], STDOUT_FILENO);
    if (log_fd >= 0) ::dup2(log_fd, STDERR_FILENO);
    ::execve(arguments[0], arguments.data(), env.data());
    ::_exit(127);
  }
  ::close(pipe_ends[1]);
  if (log_fd >= 0) ::close(log_fd);
  out_ = pipe_ends[0];
  if (pid_ < 0) throw std::runtime_error("fork failed");
}

void Process::reap() {
  if (pid_ > 0 && running()) {
    ::kill(pid_, SIGKILL);
    wait(std::chrono::seconds(10));
  }
  if (out_ >= 0) ::close(out_);
  out_ = -1;
}

Process::~Process() { reap(); }

Process::Process(Process&& other) noexcept { *this = std::move(other); }

Process& Process::operator=(Process&& other) noexcept {
  if (this != &other) {
    reap();
    pid_ = std::exchange(other.pid_, -1);
    out_ = std::exchange(other.out_, -1);
    status_ = other.status_;
    buffer_ = std::move(other.buffer_);
  }
  return *this;
}

bool Process::running() { return wait(std::chrono::milliseconds(0)) == -1; }

void Process::signal(int number) {
  if (pid_ > 0 && status_ < 0) ::kill(pid_, number);
}

int Process::wait(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (status_ < 0 && pid_ > 0) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_)
      status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    else if (std::chrono::steady_clock::now() >= deadline)
      return -1;
    else
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return status_;
}

std::string Process::read_line(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (true) {
    const std::size_t end = buffer_.find('\n');
    if (end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return line;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waiting{out_, POLLIN, 0};
    char bytes[4096];
    if (left.count() <= 0 || ::poll(&waiting, 1, int(left.count())) <= 0) return {};
    const ssize_t n = ::read(out_, bytes, sizeof bytes);
    if (n <= 0) return {};
    buffer_.append(bytes, std::size_t(n));
  }
}

std::filesystem::path bin_dir() { return HOB_BIN_DIR; }
std::filesystem::path fake_openai_path() { return HOB_FAKE_OPENAI; }

Memory memory_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  Memory memory;
  std::string key;
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string name = line.substr(0, colon);
    const long value = std::atol(line.c_str() + colon + 1);
    if (name == "Rss") memory.rss = value;
    if (name == "Pss") memory.pss = value;
    if (name == "Private_Dirty") memory.private_dirty = value;
  }
  return memory;
}

}  // namespace hobtest

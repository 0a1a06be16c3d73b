// hobctl plugin dev: a hobd of its own in a temporary folder, with this one plugin beside the bundled ones. Nothing of the user's own Hob
// is touched. A change of a source file rebuilds and respawns; a build that fails leaves the old one running.
#include "plugin_kit/project.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <map>
#include <thread>

namespace hobd::kit {
namespace fs = std::filesystem;
namespace {

constexpr std::chrono::milliseconds kLook{300};  // how often the files are looked at
constexpr std::chrono::seconds kStart{20}, kStop{10};

volatile std::sig_atomic_t stop_asked = 0;

/// A JSON text is YAML too.
std::string config_text(const Subject& subject, const fs::path& home) {
  const Manifest& m = subject.manifest;
  std::string text = fmt::format("state_dir: {0}/state\nruntime_dir: {0}/run\nhttp: {{listen: \"127.0.0.1:0\"}}\nauth: {{mode: none}}\n", home.string());
  json::object instance = subject.config;
  instance["plugin"] = m.id;
  const std::string named = json::serialize(json::object{{"dev", std::move(instance)}});
  const bool has_instance = m.has_kind("channel") || m.has_kind("provider");
  if (m.has_kind("channel")) text += fmt::format("channels: {}\n", named);
  else if (m.has_kind("provider")) text += fmt::format("models: {{providers: {}}}\n", named);
  text += fmt::format("plugins:\n  paths: [\"{}/plugins\"]\n", home.string());
  if (!has_instance && !subject.config.empty()) text += fmt::format("  config: {}\n", json::serialize(json::object{{m.id, subject.config}}));
  return text;
}

/// The files that a build is made of, with the time of their last change.
std::map<std::string, fs::file_time_type> sources(const fs::path& project) {
  std::map<std::string, fs::file_time_type> out;
  std::error_code ignored;
  fs::recursive_directory_iterator all(project, fs::directory_options::skip_permission_denied, ignored);
  for (auto at = begin(all); at != end(all); at.increment(ignored)) {
    const std::string name = at->path().filename().string();
    if (at->is_directory(ignored) && (name == "build" || name.starts_with('.') || at.depth() > 4)) at.disable_recursion_pending();
    else if (at->is_regular_file(ignored) && !name.starts_with('.') && !name.ends_with('~')) out[at->path().string()] = at->last_write_time(ignored);
  }
  return out;
}

class Session {
 public:
  Session(fs::path project, fs::path home) : project_(std::move(project)), home_(std::move(home)) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    stop();
    std::error_code ignored;
    fs::remove_all(home_, ignored);
  }

  /// Builds, then puts a new hobd with the plugin in place of the old one. False: the words are on standard error.
  bool respawn() {
    if (build_command(project_, Drift::write) != 0) return false;
    auto subject = read_subject(project_, Origin::stranger, {});
    if (subject.has_error()) {
      fmt::print(stderr, "{}\n", subject.error().message);
      return false;
    }
    stop();
    std::error_code error;
    const fs::path place = home_ / "plugins" / subject->manifest.code.parent_path().filename();
    fs::remove_all(home_ / "plugins", error);
    fs::create_directories(place, error);
    fs::copy_file(subject->manifest.file, place / "plugin.json", error);
    if (!error && subject->manifest.language == Manifest::Language::lua) {
      for (const auto& entry : fs::directory_iterator(subject->folder))
        if (entry.path().extension() == ".lua" && entry.path().filename() != "test.lua") fs::copy_file(entry.path(), place / entry.path().filename(), error);
    } else if (!error) {
      fs::copy_file(subject->manifest.code, place / subject->manifest.code.filename(), error);
    }
    std::ofstream(home_ / "hob.yaml") << config_text(*subject, home_);
    if (error) {
      fmt::print(stderr, "{}: {}\n", place.string(), error.message());
      return false;
    }
    return start();
  }

  void call(std::string_view line) {
    const std::string_view text = trim(line);
    if (text.empty()) return;
    const std::size_t space = text.find(' ');
    const std::string_view arguments = space == std::string_view::npos ? "{}" : trim(text.substr(space));
    run_program({(prefix() / "bin/hobctl").string(), "--socket", socket(), "tool", "call", std::string(text.substr(0, space)), std::string(arguments)});
  }

  bool is_running() {
    int status = 0;
    if (pid_ > 0 && ::waitpid(pid_, &status, WNOHANG) == pid_) pid_ = -1;
    return pid_ > 0;
  }

 private:
  std::string socket() const { return (home_ / "run/hob.sock").string(); }

  bool answers() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = socket();
    if (path.size() >= sizeof address.sun_path) return false;
    std::memcpy(address.sun_path, path.c_str(), path.size());
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool ok = fd >= 0 && ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    if (fd >= 0) ::close(fd);
    return ok;
  }

  bool start() {
    const std::string program = (prefix() / "bin/hobd").string(), config = (home_ / "hob.yaml").string();
    std::fflush(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGTERM);
      ::setpgid(0, 0);  // Ctrl-C ends this program, which then ends hobd in order
      ::execl(program.c_str(), "hobd", "--config", config.c_str(), nullptr);
      ::_exit(127);
    }
    const auto end = std::chrono::steady_clock::now() + kStart;
    while (!answers()) {
      if (!is_running() || stop_asked || std::chrono::steady_clock::now() > end) {
        fmt::print(stderr, "{} did not start\n", program);
        stop();
        return false;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    fmt::print("ready; call a tool with NAME {{json}}, end with Ctrl-D\n");
    std::fflush(stdout);
    return true;
  }

  void stop() {
    if (!is_running()) return;
    ::kill(pid_, SIGTERM);
    const auto end = std::chrono::steady_clock::now() + kStop;
    while (is_running() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (is_running()) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
      pid_ = -1;
    }
  }

  const fs::path project_, home_;
  pid_t pid_ = -1;
};

/// Reads calls and looks for changes, until standard input ends or a signal comes.
int serve(Session& session, const fs::path& project) {
  auto seen = sources(project);
  std::string buffer;
  bool open = true;
  while (open && !stop_asked) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (::poll(&input, 1, int(kLook.count())) > 0) {
      char bytes[4096];
      const ssize_t got = ::read(STDIN_FILENO, bytes, sizeof bytes);
      open = got > 0 || (got < 0 && errno == EINTR);
      if (got > 0) buffer.append(bytes, std::size_t(got));
      for (std::size_t end; (end = buffer.find('\n')) != std::string::npos; buffer.erase(0, end + 1)) session.call(std::string_view(buffer).substr(0, end));
    }
    if (auto now = sources(project); now != seen) {
      fmt::print("changed; building\n");
      if (!session.respawn()) fmt::print("{}\n", session.is_running() ? "the last good build goes on" : "nothing runs; waiting for the next change");
      std::fflush(stdout);
      seen = sources(project);  // the build writes plugin.json
    }
  }
  session.call(buffer);
  return 0;
}

}  // namespace

int dev_command(const fs::path& project) {
  char name[] = "/tmp/hob-dev-XXXXXX";
  if (!::mkdtemp(name)) {
    fmt::print(stderr, "hobctl plugin dev: /tmp: {}\n", std::strerror(errno));
    return 1;
  }
  struct sigaction action {};
  action.sa_handler = [](int) { stop_asked = 1; };
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  Session session(project, name);
  if (!session.respawn()) fmt::print("nothing runs; waiting for the next change\n");
  std::fflush(stdout);
  return serve(session, project);
}

}  // namespace hobd::kit

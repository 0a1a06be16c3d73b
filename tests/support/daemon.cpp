#include "support/daemon.hpp"

#include "support/http.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace hobtest {
namespace {

/// A port that was free a moment ago. The daemon keeps it over restarts.
int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0) throw std::runtime_error("no free port");
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(fd);
  return ntohs(address.sin_port);
}

}  // namespace

std::string fake_models(int port, const std::string& model) {
  const std::string name = "[local/" + model + "]";
  return "  providers:\n    local: {plugin: provider_openai, base_url: \"http://127.0.0.1:" + std::to_string(port) +
         "/v1\"}\n  tiers: {fast: " + name + ", smart: " + name + ", embed: []}\n";
}

Daemon::Daemon(DaemonOptions options) : options_(std::move(options)), port_(free_port()) {
  std::filesystem::create_directories(dir_.path() / "run");
  std::ofstream out(config());
  out << "state_dir: " << state().string() << "\nruntime_dir: " << (dir_.path() / "run").string()
      << "\nlog: {level: " << options_.log_level << "}\nhttp: {listen: \"127.0.0.1:" << port_ << "\"}\nauth: {mode: none}\n"
      << options_.limits << "\n";
  if (!options_.models.empty()) out << "models:\n" << options_.models;
  out << options_.extra << "\n";
}

void Daemon::start(const std::map<std::string, std::string>& environment, std::chrono::milliseconds limit) {
  process_ = Process({(bin_dir() / "hobd").string(), "--config", config().string()}, environment, log());
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < deadline && process_.running()) {
    HttpConnection connection(port_, std::chrono::milliseconds(2000));
    if (connection.request("GET", "/ready").status == 200) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  // A fault point may have ended it during start-up; that is the caller's business to see.
  if (environment.contains("HOB_FAULT_POINT") && !process_.running()) return;
  throw std::runtime_error("hobd did not get ready:\n" + log_tail());
}

int Daemon::stop() {
  process_.signal(SIGTERM);
  return process_.wait(std::chrono::seconds(30));
}

void Daemon::kill() {
  process_.signal(SIGKILL);
  process_.wait(std::chrono::seconds(10));
}

std::string Daemon::control(const std::vector<std::string>& arguments) {
  std::vector<std::string> argv = {(bin_dir() / "hobctl").string(), "--socket", socket().string(), "--json"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  Process child(argv, {}, dir_.path() / "hobctl.log");
  std::string out;
  for (std::string line = child.read_line(std::chrono::seconds(30)); !line.empty(); line = child.read_line(std::chrono::seconds(30)))
    out += line + "\n";
  return child.wait(std::chrono::seconds(30)) == 0 ? out : "";
}

std::string Daemon::log_tail() const {
  std::ifstream in(log());
  std::stringstream text;
  text << in.rdbuf();
  const std::string all = text.str();
  return all.size() > 4000 ? all.substr(all.size() - 4000) : all;
}

Process start_fake_openai(const std::filesystem::path& log, int& port, const std::vector<std::string>& arguments) {
  std::vector<std::string> argv = {fake_openai_path().string()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  Process process(argv, {}, log);
  const std::string line = process.read_line(std::chrono::seconds(10));
  if (!line.starts_with("port ")) throw std::runtime_error("fake_openai did not start");
  port = std::stoi(line.substr(5));
  return process;
}

}  // namespace hobtest

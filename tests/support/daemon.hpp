// A running hobd on a state folder of its own, with the stand-in model server behind it.
#pragma once

#include "support/process.hpp"

namespace hobtest {

struct DaemonOptions {
  std::string models = {};      // YAML below "models:"; "" gives the offline provider
  std::string extra = {};       // further top-level YAML
  std::string limits = "limits: {requests_per_minute: 0, turn_timeout: 60s}";
  std::string log_level = "warn";
};

/// YAML below "models:" for the stand-in at `port`, `model` in both tiers.
std::string fake_models(int port, const std::string& model = "echo");

/// Owns the state folder; start() and stop() may be called again and again on it.
class Daemon {
 public:
  explicit Daemon(DaemonOptions options);
  /// Starts hobd and waits until it is ready; throws with the log's tail when it isn't within `limit`.
  void start(const std::map<std::string, std::string>& environment = {}, std::chrono::milliseconds limit = std::chrono::seconds(60));
  /// SIGTERM, then waits; the exit status.
  int stop();
  void kill();
  /// hobctl with --json; standard output, or "" when it failed.
  std::string control(const std::vector<std::string>& arguments);
  int port() const { return port_; }
  Process& process() { return process_; }
  std::filesystem::path state() const { return dir_.path() / "state"; }
  std::filesystem::path socket() const { return dir_.path() / "run" / "hob.sock"; }
  std::filesystem::path log() const { return dir_.path() / "hobd.log"; }
  std::filesystem::path config() const { return dir_.path() / "hob.yaml"; }
  std::string log_tail() const;

 private:
  TempDir dir_;
  DaemonOptions options_;
  int port_ = 0;
  Process process_;
};

/// Starts fake_openai and gives its port.
Process start_fake_openai(const std::filesystem::path& log, int& port, const std::vector<std::string>& arguments = {});

}  // namespace hobtest

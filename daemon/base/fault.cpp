#include "base/fault.hpp"

#include <array>
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <string>
#include <unistd.h>

namespace hobd {
namespace {

constexpr std::array<std::string_view, 13> kFaultPoints = {
    "inbox.after_accept",      "turn.after_accept",       "turn.after_recall",     "turn.after_model_called",
    "turn.after_model_answer", "turn.after_model_stored", "turn.after_tool_started", "turn.after_tool_ran",
    "turn.after_tool_stored",  "turn.before_end",         "turn.after_end",        "outbox.after_sending",
    "outbox.after_sent",
};

/// What the environment asked for when the process first reached any fault point.
struct Wanted {
  std::string name;
  std::atomic<int> passes_left{0};

  Wanted() {
    const char* value = std::getenv("HOB_FAULT_POINT");
    if (!value) return;
    name = value;
    int nth = 1;
    if (const std::size_t colon = name.find(':'); colon != std::string::npos) {
      std::from_chars(name.data() + colon + 1, name.data() + name.size(), nth);
      name.resize(colon);
    }
    passes_left = nth;
  }
};

}  // namespace

void fault_point(std::string_view name) noexcept {
  static Wanted wanted;
  if (wanted.name.empty() || wanted.name != name) return;
  if (--wanted.passes_left == 0) ::kill(::getpid(), SIGKILL);
}

std::span<const std::string_view> fault_points() noexcept { return kFaultPoints; }

}  // namespace hobd

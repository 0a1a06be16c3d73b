// What the user sees of an answer, however many models it took: every text goes through here once.
#pragma once

#include "base/task_group.hpp"
#include "models/joiner.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace hobd {

/// Shared with provider calls, which may outlive the request. Thread: core.
class Showing : public std::enable_shared_from_this<Showing> {
 public:
  Showing(asio::any_io_executor core, std::function<void(std::string_view)> on_delta) : timer_(core), on_delta_(std::move(on_delta)) {}

  /// From now on a text is shown as it comes.
  void begin();
  /// The start of the text is held back until it is clear that it may stand: a first sentence or 200 bytes of it passed `doubts`, or
  /// 700 ms after its first piece without a doubt. What is doubted is held to the end.
  void begin_doubting(std::function<bool(std::string_view start)> doubts);
  /// What comes goes on where the shown text ended; what it repeats is left out.
  void begin_continuing();
  void take(std::string_view text);

  /// The answer is whole: what is held is shown.
  void end();
  /// What is held is forgotten.
  void drop();
  /// Nobody gets what still comes.
  void close();

  const std::string& shown() const { return shown_; }
  bool has_shown() const { return !shown_.empty(); }
  /// What continues began the answer anew: it can't be joined.
  bool is_anew() const { return joiner_ && joiner_->is_anew(); }

 private:
  void show(std::string_view text);
  void release();
  void decide_at_timer();

  asio::steady_timer timer_;
  std::function<void(std::string_view)> on_delta_;
  std::function<bool(std::string_view)> doubts_;  // empty: nothing is held
  std::string held_, shown_;
  std::optional<Joiner> joiner_;
};

}  // namespace hobd

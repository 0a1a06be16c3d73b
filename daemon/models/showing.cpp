#include "models/showing.hpp"

namespace hobd {
namespace {

constexpr std::size_t kEnoughToJudge = 200;
constexpr std::chrono::milliseconds kLongestHold{700};

/// A short first sentence ("I'm sorry.") tells nothing yet.
constexpr std::size_t kShortSentence = 40;

bool has_sentence(std::string_view text) {
  for (std::size_t at = text.find_first_of(".!?\n"); at != std::string_view::npos; at = text.find_first_of(".!?\n", at + 1))
    if (at >= kShortSentence && at + 1 < text.size() && (text[at] == '\n' || text[at + 1] == ' ' || text[at + 1] == '\n')) return true;
  return false;
}

}  // namespace

void Showing::begin() {
  drop();
  joiner_.reset();
}

void Showing::begin_doubting(std::function<bool(std::string_view)> doubts) {
  begin();
  doubts_ = std::move(doubts);
}

void Showing::begin_continuing() {
  drop();
  joiner_.emplace(shown_);
}

void Showing::take(std::string_view text) {
  if (joiner_) return show(joiner_->take(text));
  if (!doubts_) return show(text);
  if (held_.empty()) decide_at_timer();
  held_ += text;
  if ((held_.size() >= kEnoughToJudge || has_sentence(held_)) && !doubts_(held_)) release();
}

void Showing::end() {
  if (joiner_) show(joiner_->end());
  release();
}

void Showing::drop() {
  timer_.cancel();
  doubts_ = nullptr;
  held_.clear();
}

void Showing::close() {
  drop();
  on_delta_ = nullptr;
}

void Showing::show(std::string_view text) {
  if (text.empty()) return;
  shown_ += text;
  if (on_delta_) on_delta_(text);
}

void Showing::release() {
  const std::string text = std::move(held_);
  drop();
  show(text);
}

void Showing::decide_at_timer() {
  timer_.expires_after(kLongestHold);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& stopped) {
    const auto self = weak.lock();
    if (stopped || !self || !self->doubts_) return;
    if (!self->doubts_(self->held_)) self->release();
  });
}

}  // namespace hobd

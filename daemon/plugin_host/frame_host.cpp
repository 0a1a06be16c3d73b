#include "plugin_host/frame_host.hpp"

#include "plugins/plugin_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace hobd {
namespace {

constexpr std::size_t kMaxWaiting = 8 << 20;       // bytes, as hob/plugin.h promises
constexpr std::size_t kAcknowledgeAt = 256 << 10;  // bytes of events
constexpr std::size_t kMaxLogLine = 16 << 10;
constexpr std::size_t kMaxLogLines = 1000;  // a second
constexpr int kMaxWorkers = 4;
constexpr std::size_t kMaxBlocking = 10'000;

template <class Number>
std::string_view bytes_of(const Number& number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

}  // namespace

// ---- calls ----

void FrameHost::open_call(hob_id call, bool listens) {
  const std::lock_guard lock(mutex_);
  calls_[call] = Call{listens};
  last_call_ = std::max(last_call_, call);
}

void FrameHost::mark_cancelled(hob_id call) {
  const std::lock_guard lock(mutex_);
  if (const auto found = calls_.find(call); found != calls_.end()) found->second.cancelled = true;
}

bool FrameHost::acknowledge(const Frame& frame) {
  const std::lock_guard lock(mutex_);
  Unpacker in(frame.payload());
  const auto found = calls_.find(frame.id);
  switch (frame.kind) {
    case FrameKind::taken:
      if (found != calls_.end()) found->second.waiting -= std::min<std::size_t>(in.number<std::uint64_t>(), found->second.waiting);
      return true;
    case FrameKind::deaf:
      if (found != calls_.end()) found->second.deaf = true;
      return true;
    case FrameKind::sent:
      if (const auto socket = sockets_.find(frame.id); socket != sockets_.end())
        socket->second.waiting -= std::min<std::size_t>(in.number<std::uint64_t>(), socket->second.waiting);
      return true;
    default: return false;
  }
}

void FrameHost::look_ahead() {
  link_.peek([this](const Frame& frame) {
    if (frame.kind == FrameKind::cancel) mark_cancelled(frame.id);
    return acknowledge(frame);
  });
}

hob_status FrameHost::emit(hob_id call, std::string_view chunk) {
  look_ahead();
  {
    const std::lock_guard lock(mutex_);
    const auto found = calls_.find(call);
    if (found == calls_.end()) return HOB_NOT_FOUND;
    Call& state = found->second;
    if (state.deaf) return HOB_CANCELLED;
    if (!state.listens) return HOB_OK;  // nobody asked for progress
    if (state.waiting + chunk.size() > kMaxWaiting) return HOB_OVERLOADED;
    state.waiting += chunk.size();
  }
  return link_.send(FrameKind::emit, call, std::span(&chunk, 1)).has_error() ? HOB_OVERLOADED : HOB_OK;
}

hob_status FrameHost::finish(hob_id call, hob_status status, std::string_view result) {
  {
    std::unique_lock lock(mutex_);
    if (calls_.erase(call) == 0) {
      lock.unlock();
      blame_for_answer(call);
      return HOB_NOT_FOUND;
    }
    answered_[answers_++ % answered_.size()] = call;
  }
  std::string instead;
  if (status != HOB_OK) {
    result = result.substr(0, kMaxErrorMessage);
  } else if (result.size() > kMaxResult) {
    const Error error = result_too_large(result.size());
    status = hob_status(error.code);
    result = instead = error.message;
    log(4, "rule size: " + instead);
  }
  const std::string_view pieces[] = {bytes_of(status), result};
  (void)link_.send(FrameKind::finish, call, pieces);  // within the limits by now
  return HOB_OK;
}

void FrameHost::blame_for_answer(hob_id call) {
  bool is_second, is_strange;
  {
    const std::lock_guard lock(mutex_);
    is_second = std::find(answered_.begin(), answered_.end(), call) != answered_.end();
    is_strange = call == 0 || call > last_call_;
    if ((!is_second && !is_strange) || std::exchange(blamed_, true)) return;
  }
  log(4, fmt::format("rule answers: it answered call {}{}", call,
                     is_second ? " twice; the first answer counts" : ", which it was never given"));
}

bool FrameHost::is_cancelled(hob_id call) {
  look_ahead();
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find(call);
  return found == calls_.end() || found->second.cancelled;
}

// ---- log ----

void FrameHost::log(std::int32_t level, std::string_view text) {
  std::string note;
  {
    const std::lock_guard lock(log_mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (now - log_window_ >= std::chrono::seconds(1)) {
      log_window_ = now;
      logged_ = 0;
    }
    if (++logged_ > kMaxLogLines + 1) return;
    if (logged_ > kMaxLogLines) {
      note = fmt::format("rule log: it logs more than {} lines in a second; the rest of them is dropped", kMaxLogLines);
      level = 3;
      text = note;
    }
  }
  const auto number = std::uint8_t(std::clamp<std::int32_t>(level, 0, 4));
  const std::string_view pieces[] = {bytes_of(number), text.substr(0, kMaxLogLine)};
  (void)link_.send(FrameKind::log, 0, pieces);  // a line is small
}

// ---- timers, tasks ----

hob_status FrameHost::start_timer(hob_id timer, std::uint64_t delay_ms, std::uint64_t repeat_ms) {
  return strand_->start_timer(timer, delay_ms, repeat_ms);
}
void FrameHost::stop_timer(hob_id timer) { strand_->stop_timer(timer); }
void FrameHost::post(hob_id task) { strand_->post(task); }

void FrameHost::run_blocking(hob_id task) {
  {
    const std::lock_guard lock(work_mutex_);
    if (blocking_.size() < kMaxBlocking) {
      blocking_.push_back(task);
      if (idle_ < int(blocking_.size()) && workers_ < kMaxWorkers) {
        ++workers_;
        std::thread([this] { work(); }).detach();  // as long as the process
      }
      work_changed_.notify_one();
      return;
    }
  }
  log(4, fmt::format("run_blocking: {} tasks wait already, task {} is dropped", kMaxBlocking, task));
}

void FrameHost::work() {
  std::unique_lock lock(work_mutex_);
  for (;;) {
    ++idle_;
    work_changed_.wait(lock, [&] { return !blocking_.empty(); });
    --idle_;
    const hob_id task = blocking_.front();
    blocking_.pop_front();
    lock.unlock();
    run_blocking_(task);
    lock.lock();
  }
}

// ---- operations ----

void FrameHost::operation(FrameKind kind, hob_id operation, std::span<const std::string_view> pieces) {
  if (kind != FrameKind::operation_cancel && kind != FrameKind::websocket_close) {
    // As inside hobd an id is taken until its result was handed over. Only this side knows when that is.
    const std::lock_guard lock(mutex_);
    if (++in_flight_[operation] > 1)
      return answer_here(operation, {Code::invalid, "operation " + std::to_string(operation) + " is still in flight"});
  }
  const Result<void> sent = link_.send(kind, operation, pieces);
  if (sent.has_error()) answer_here(operation, sent.error());  // too large to be sent, so hobd can't answer it
}

void FrameHost::answer_here(hob_id operation, const Error& error) {
  Frame answer;
  answer.kind = FrameKind::result;
  answer.id = operation;
  answer.bytes = Packer().number(hob_status(error.code)).rest(error.message).bytes();
  link_.inject(std::move(answer));
}

void FrameHost::websocket_opens(hob_id operation) {
  const std::lock_guard lock(mutex_);
  sockets_.try_emplace(operation);
}

void FrameHost::websocket_is_open(hob_id operation) {
  const std::lock_guard lock(mutex_);
  if (const auto found = sockets_.find(operation); found != sockets_.end()) found->second.open = true;
}

hob_status FrameHost::websocket_send(hob_id operation, bool is_text, std::string_view data) {
  look_ahead();
  {
    const std::lock_guard lock(mutex_);
    const auto found = sockets_.find(operation);
    if (found == sockets_.end() || !found->second.open) return HOB_NOT_FOUND;
    if (found->second.waiting + data.size() > kMaxWaiting) return HOB_OVERLOADED;
    found->second.waiting += data.size();
  }
  const auto text = std::uint8_t(is_text);
  const std::string_view pieces[] = {bytes_of(text), data};
  return link_.send(FrameKind::websocket_send, operation, pieces).has_error() ? HOB_OVERLOADED : HOB_OK;
}

void FrameHost::operation_ended(hob_id operation) {
  const std::lock_guard lock(mutex_);
  if (const auto found = in_flight_.find(operation); found != in_flight_.end()) {
    if (--found->second > 0) return;  // that was a refused one's
    in_flight_.erase(found);
  }
  sockets_.erase(operation);
  unsaid_.erase(operation);
}

void FrameHost::event_taken(hob_id operation, std::size_t bytes) {
  std::uint64_t total = 0;
  {
    const std::lock_guard lock(mutex_);
    std::size_t& unsaid = unsaid_[operation];
    unsaid += bytes;
    if (unsaid < kAcknowledgeAt) return;
    total = std::exchange(unsaid, 0);
  }
  const std::string_view piece = bytes_of(total);
  (void)link_.send(FrameKind::event_taken, operation, std::span(&piece, 1));
}

}  // namespace hobd

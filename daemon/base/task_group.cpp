#include "base/task_group.hpp"

#include "base/log.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace hobd {

struct TaskGroup::State {
  explicit State(asio::any_io_executor e) : executor(e), emptied(e, asio::steady_timer::time_point::max()) {}
  asio::any_io_executor executor;
  std::list<asio::cancellation_signal> signals;  // one a running task
  asio::steady_timer emptied;                    // cancelled when the last task ends
};

TaskGroup::TaskGroup(asio::any_io_executor executor) : state_(std::make_shared<State>(executor)) {}

TaskGroup::~TaskGroup() { cancel(); }

void TaskGroup::spawn(std::string name, awaitable<void> task) {
  const auto signal = state_->signals.emplace(state_->signals.end());
  asio::co_spawn(state_->executor, std::move(task),
                 asio::bind_cancellation_slot(
                     signal->slot(), [state = state_, signal, name = std::move(name)](std::exception_ptr error) {
                       if (error) {
                         try {
                           std::rethrow_exception(error);
                         } catch (const boost::system::system_error& e) {
                           if (e.code() != asio::error::operation_aborted)
                             log::error("core", "task {} failed: {}", name, e.what());
                         } catch (const std::exception& e) {
                           log::error("core", "task {} failed: {}", name, e.what());
                         } catch (...) {
                           log::error("core", "task {} failed with an unknown exception", name);
                         }
                       }
                       state->signals.erase(signal);
                       if (state->signals.empty()) state->emptied.cancel();
                     }));
}

void TaskGroup::cancel() {
  // A signal may end its task, and with it the list node, at once: step first, and keep the node alive
  // by posting the emission.
  for (auto& signal : state_->signals) {
    asio::post(state_->executor, [state = state_, wanted = &signal] {
      for (auto& s : state->signals)
        if (&s == wanted) {
          s.emit(asio::cancellation_type::terminal);
          return;
        }
    });
  }
}

std::size_t TaskGroup::size() const { return state_->signals.size(); }

awaitable<bool> TaskGroup::async_wait(std::chrono::milliseconds limit) {
  const auto state = state_;
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!state->signals.empty() && std::chrono::steady_clock::now() < deadline) {
    state->emptied.expires_at(deadline);
    boost::system::error_code ignored;
    co_await state->emptied.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  co_return state->signals.empty();
}

}  // namespace hobd

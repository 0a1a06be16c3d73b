#include "models/attempt.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <fmt/core.h>

namespace hobd {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Watches over the pauses of a call. Shared with the timer's and the call's callbacks, which may come after its frame is gone.
struct Watch : std::enable_shared_from_this<Watch> {
  Watch(const asio::any_io_executor& core, AttemptTimes limits) : times(limits), timer(core) {}

  milliseconds limit() const { return has_begun ? times.stall : times.first_token; }

  void touch() {
    last = steady_clock::now();
    const bool is_first = !has_begun;
    has_begun = true;
    if (is_first && limit().count() > 0) arm();
  }
  /// The timer isn't moved with each piece: it looks, when it fires, how long ago the last one came.
  void arm() {
    timer.expires_at(last + limit());
    timer.async_wait([self = shared_from_this()](const boost::system::error_code& stopped) {
      if (stopped || self->is_over) return;
      if (self->limit().count() == 0) return;
      if (steady_clock::now() < self->last + self->limit()) return self->arm();
      self->is_late = true;
      self->stop.emit(asio::cancellation_type::terminal);
    });
  }

  const AttemptTimes times;
  asio::steady_timer timer;
  asio::cancellation_signal stop;
  steady_clock::time_point last = steady_clock::now();
  bool has_begun = false, is_over = false, is_late = false;
};

Error late(const Watch& watch) {
  const double seconds = double(watch.limit().count()) / 1000;
  return {Code::timeout, watch.has_begun ? fmt::format("the answer stopped coming for {:g} s", seconds)
                                         : fmt::format("no answer began within {:g} s", seconds)};
}

}  // namespace

awaitable<Result<std::string>> attempt(Instance& instance, std::string payload, AttemptTimes times, std::shared_ptr<AnswerBuilder> builder) {
  const auto core = co_await asio::this_coro::executor;
  const auto watch = std::make_shared<Watch>(core, times);
  PluginCall call;
  call.extension = "hob.provider/1";
  call.function = "complete";
  call.payload = std::move(payload);
  call.deadline = times.whole;
  call.on_chunk = [builder, watch](std::string chunk) {
    watch->touch();
    return builder->take(chunk);
  };
  // The call has a signal of its own, so that a late one ends alone; a caller that gives up is passed on to it.
  const asio::cancellation_state caller = co_await asio::this_coro::cancellation_state;
  asio::cancellation_slot given_up = caller.slot();
  if (given_up.is_connected()) given_up.assign([watch](asio::cancellation_type type) { watch->stop.emit(type); });
  if (watch->limit().count() > 0) watch->arm();
  Result<std::string> end = Error{Code::internal, ""};
  std::exception_ptr failure;
  try {
    awaitable<Result<std::string>> task = instance.async_call(std::move(call));
    end = co_await asio::co_spawn(core, std::move(task), asio::bind_cancellation_slot(watch->stop.slot(), asio::use_awaitable));
  } catch (const boost::system::system_error& error) {
    if (error.code() != asio::error::operation_aborted) failure = std::current_exception();
    end = Error{Code::cancelled, "the call was cancelled"};
  } catch (...) {
    failure = std::current_exception();
  }
  watch->is_over = true;
  watch->timer.cancel();
  if (given_up.is_connected()) given_up.clear();
  if (failure) std::rethrow_exception(failure);
  if (watch->is_late && end.has_error()) co_return late(*watch);
  co_return end;
}

}  // namespace hobd

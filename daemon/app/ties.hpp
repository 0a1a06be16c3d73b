// Lower floors call upwards through small interfaces; the objects behind them are built later. Each tie stands
// in from the start; without a `target` it answers unavailable.
#pragma once

#include "channels/inbox.hpp"
#include "plugins/host_services.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace hobd {

struct MethodTie final : MethodInvoker {
  MethodInvoker* target = nullptr;
  awaitable<Result<json::value>> invoke(const Principal& who, std::string_view method, json::object params,
                                        std::function<void(const json::value& event)> on_event) override {
    if (!target) co_return Error{Code::unavailable, "the daemon is starting"};
    co_return co_await target->invoke(who, method, std::move(params), std::move(on_event));
  }
  std::optional<std::string> scope_of(std::string_view method) const override {
    return target ? target->scope_of(method) : std::nullopt;
  }
};

/// Messages that channels bring before the turns of the last run are queued wait: they would overtake them.
struct SinkTie final : ChannelSink {
  explicit SinkTie(asio::any_io_executor core) : opened(core, std::chrono::seconds(30)) {}
  ChannelSink* target = nullptr;
  asio::steady_timer opened;  // a start's longest time; cancelled by open()

  void open(ChannelSink& sink) {
    target = &sink;
    opened.cancel();
  }
  awaitable<Result<json::value>> deliver(std::string channel, json::object event) override {
    if (!target) {
      boost::system::error_code ignored;
      co_await opened.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    if (!target) co_return Error{Code::unavailable, "the daemon is starting"};
    co_return co_await target->deliver(std::move(channel), std::move(event));
  }
};

}  // namespace hobd

// Lower floors call upwards through small interfaces; the objects behind them are built later. Each tie stands
// in from the start and answers unavailable until `target` is set.
#pragma once

#include "channels/inbox.hpp"
#include "plugins/host_services.hpp"

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

struct SinkTie final : ChannelSink {
  ChannelSink* target = nullptr;
  awaitable<Result<json::value>> deliver(std::string channel, json::object event) override {
    if (!target) co_return Error{Code::unavailable, "the daemon is starting"};
    co_return co_await target->deliver(std::move(channel), std::move(event));
  }
};

}  // namespace hobd

// What plugins may reach, as the floors above implement it. Declared here, tied in hobd.cpp.
#pragma once

#include "base/json.hpp"
#include "base/principal.hpp"
#include "base/task_group.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace hobd {

/// The method table, as plugins call it. Implemented by api/.
class MethodInvoker {
 public:
  virtual ~MethodInvoker() = default;
  /// `on_event` gets the events of a streaming method. Errors as the method's own; denied without the scope.
  virtual awaitable<Result<json::value>> invoke(const Principal& who, std::string_view method, json::object params,
                                                std::function<void(const json::value& event)> on_event) = 0;
  /// The scope that a method needs ("": none), nothing when there is no such method.
  virtual std::optional<std::string> scope_of(std::string_view) const { return std::nullopt; }
};

/// The way in for messages. Implemented by channels/inbox.
class ChannelSink {
 public:
  virtual ~ChannelSink() = default;
  /// `channel` is the instance. The answer is that of hob_host_channel::deliver.
  virtual awaitable<Result<json::value>> deliver(std::string channel, json::object event) = 0;
};

/// A word to the owner of this Hob, on whatever channel reaches them. Implemented by app/.
class OwnerNotice {
 public:
  virtual ~OwnerNotice() = default;
  /// Returns at once; a notice that can't be sent is logged. `not_on`: a channel that wouldn't carry it. Core thread.
  virtual void tell_owner(std::string text, std::string not_on) = 0;
};

}  // namespace hobd

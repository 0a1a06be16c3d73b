// A word to the owner: a message on the channel where they were last heard, and an event for those who watch.
#pragma once

#include "api/events.hpp"
#include "channels/outbox.hpp"
#include "plugins/host_services.hpp"

namespace hobd {

class OutboxNotice final : public OwnerNotice {
 public:
  /// All outlive it; the outbox is set once it is built.
  OutboxNotice(asio::any_io_executor core, Store& store) : store_(store), tasks_(core) {}
  void set_ways(Outbox* outbox, Events* events) {
    outbox_ = outbox;
    events_ = events;
  }
  void tell_owner(std::string text, std::string not_on) override;
  /// Nothing is sent any more.
  void close();

 private:
  struct Place {
    std::string user_id, channel, recipient, thread;
  };
  awaitable<void> send(std::string text, std::string not_on);
  awaitable<Result<Place>> find_place(std::string not_on);

  Store& store_;
  Outbox* outbox_ = nullptr;
  Events* events_ = nullptr;
  TaskGroup tasks_;
};

}  // namespace hobd

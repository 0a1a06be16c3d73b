// The way out: messages wait in the database until their channel has a receipt for them.
//
// Order is kept within one recipient and thread. Sending marks the item "sending" first; after a crash an
// item in that state is sent again only if its channel declares idempotent_send, otherwise it becomes
// "unknown" and is logged. unavailable and overloaded are retried with backoff and jitter until the item
// expires (24 h); other errors end it as failed. A database that refuses to note it is tried until it does; a
// receipt is kept for a week. Messages are split to the channel's declared limits.
#pragma once

#include "base/clock.hpp"
#include "plugins/registry.hpp"
#include "store/store.hpp"

#include <memory>

namespace hobd {

class Outbox {
 public:
  virtual ~Outbox() = default;
  /// Takes up what the database holds; then runs until stop().
  virtual awaitable<void> start() = 0;
  /// New rows are there (already committed): deliver them.
  virtual void wake(std::vector<OutboxItem> items) = 0;
  /// The items that send `text` to a recipient of a channel instance, split to its limits; ids set.
  virtual std::vector<OutboxItem> compose(const std::string& channel, const std::string& recipient,
                                          const std::string& thread, std::string_view text,
                                          std::string_view kind) const = 0;
  virtual std::size_t pending() const = 0;
  virtual awaitable<void> stop(std::chrono::milliseconds limit) = 0;
};

/// The waits between attempts: first_retry, doubled each time up to longest_retry, each ±25%.
struct OutboxOptions {
  std::chrono::milliseconds first_retry{1'000};
  std::chrono::milliseconds longest_retry{300'000};
};

std::unique_ptr<Outbox> make_outbox(asio::any_io_executor core, Registry& registry, Store& store, const Clock& clock,
                                    OutboxOptions options = {});

}  // namespace hobd

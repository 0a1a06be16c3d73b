// The way in for channel plugins: who is it, was it here before, then a turn.
//
// An identity that no user owns gets a pairing code and nothing else; the owner approves it with
// `hobctl identity approve CODE`. Turns are begun through TurnStarter, which agent/ implements.
#pragma once

#include "channels/outbox.hpp"
#include "plugins/host_services.hpp"

namespace hobd {

/// Begins the turn of a stored message. Implemented by agent/.
class TurnStarter {
 public:
  virtual ~TurnStarter() = default;
  /// The turn is in the journal; run it. Its reply goes to the outbox as Turn::request["reply_to"] says.
  virtual void start_turn(Turn turn, Message message) = 0;
};

std::unique_ptr<ChannelSink> make_inbox(Store& store, Outbox& outbox, TurnStarter& turns, const Clock& clock);

}  // namespace hobd

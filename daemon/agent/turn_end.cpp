#include "agent/turn_end.hpp"

#include "agent/turn_journal.hpp"
#include "base/fault.hpp"
#include "base/id.hpp"
#include "base/log.hpp"

#include <algorithm>

namespace hobd {

using std::chrono::milliseconds;

Message TurnEnding::reply_message(std::string text) const {
  Message reply;
  reply.id = make_id("msg");
  reply.user_id = turn_.user_id;
  reply.conversation_id = turn_.conversation_id;
  reply.session_id = turn_.session_id;
  reply.turn_id = turn_.id;
  reply.role = "assistant";
  reply.speaker = "Hob";
  reply.text = std::move(text);
  reply.at = context_.clock->now();
  reply.channel = turn_.channel;
  return reply;
}

std::vector<OutboxItem> TurnEnding::outgoing(std::string_view text, std::string_view kind, const std::string& message_id) const {
  const json::object* to = object_at(turn_.request, "reply_to");
  if (!to || text.empty()) return {};
  std::vector<OutboxItem> items = context_.outbox->compose(std::string(string_or(*to, "channel")), std::string(string_or(*to, "to")),
                                                           std::string(string_or(*to, "thread")), text, kind);
  for (OutboxItem& item : items) {
    item.user_id = turn_.user_id;
    item.conversation_id = turn_.conversation_id;
    item.turn_id = turn_.id;
    item.message_id = message_id;
  }
  return items;
}

awaitable<Result<void>> TurnEnding::store(std::shared_ptr<LiveTurn> live, TurnEnd end) const {
  std::vector<OutboxItem> outbox = end.outbox;
  end.turn_id = turn_.id;
  fault_point("turn.before_end");
  for (milliseconds wait = kFirstStoreRetry;; wait = std::min(wait * 2, kLongestStoreRetry)) {
    TurnEnd copy = end;
    const Result<Turn> ended = co_await context_.store->journal().end_turn(std::move(copy), Durability::synced);
    if (ended.has_value()) break;
    if (ended.error().code == Code::not_found) co_return Error{Code::cancelled, "the conversation was deleted"};
    // The answer is here and the turn's place is kept: it ends once the store takes it.
    if (wait == kFirstStoreRetry || !may_pass(ended.error()))
      log::error("agent", "store the end of turn {}: {}", turn_.id, ended.error().message);
    bool goes_on = may_pass(ended.error());
    if (goes_on) goes_on = co_await live->async_pause(wait);
    if (!goes_on) co_return ended.error().with_context("store the end of the turn");
  }
  fault_point("turn.after_end");
  if (!outbox.empty()) context_.outbox->wake(std::move(outbox));
  co_return Result<void>{};
}

}  // namespace hobd

#include "app/owner_notice.hpp"

#include "base/log.hpp"

#include <algorithm>

namespace hobd {
namespace {
/// How a conversation without a place on the platform names its sender (channels/inbox).
constexpr std::string_view kSender = "sender:";
}  // namespace

void OutboxNotice::tell_owner(std::string text, std::string not_on) {
  if (events_) events_->publish("notice", "", {{"text", text}});
  tasks_.spawn("owner notice", send(std::move(text), std::move(not_on)));
}

void OutboxNotice::close() {
  outbox_ = nullptr;
  events_ = nullptr;
  tasks_.cancel();
}

/// Where an admin was last heard on a channel, else any channel on which one is known.
awaitable<Result<OutboxNotice::Place>> OutboxNotice::find_place(std::string not_on) {
  CO_TRY(const std::vector<User> users, co_await store_.users().list());
  CO_TRY(const std::vector<Identity> identities, co_await store_.users().list_identities());
  std::optional<Place> best;
  Time heard_at{};
  for (const User& user : users) {
    if (!user.admin) continue;
    const auto identity_on = [&](const std::string& channel) {
      return std::find_if(identities.begin(), identities.end(), [&](const Identity& identity) {
        return identity.user_id == user.id && identity.channel == channel;
      });
    };
    const PageRequest first;  // a temporary in the call would be destroyed twice
    CO_TRY(const Page<Conversation> latest, co_await store_.conversations().list(user.id, first));
    for (const Conversation& conversation : latest.items) {
      const auto identity = identity_on(conversation.channel);
      if (identity == identities.end() || conversation.channel == not_on || (best && conversation.updated_at <= heard_at)) continue;
      const bool is_direct = conversation.thread.starts_with(kSender);
      best = Place{user.id, conversation.channel,
                   is_direct ? conversation.thread.substr(kSender.size()) : identity->external_id,
                   is_direct ? std::string() : conversation.thread};
      heard_at = conversation.updated_at;
    }
    if (best) continue;
    for (const Identity& identity : identities)
      if (identity.user_id == user.id && identity.channel != not_on) best = Place{user.id, identity.channel, identity.external_id, ""};
  }
  if (!best) co_return Error{Code::not_found, "no admin is known on any other channel"};
  co_return *std::move(best);
}

awaitable<void> OutboxNotice::send(std::string text, std::string not_on) {
  const Result<Place> place = co_await find_place(std::move(not_on));
  if (place.has_error() || !outbox_) {
    log::warn("core", "the owner is told in the log and in hobctl status only: {}",
              place.has_error() ? place.error().message : "the daemon is stopping");
    co_return;
  }
  std::vector<OutboxItem> items = outbox_->compose(place->channel, place->recipient, place->thread, text, "notice");
  for (OutboxItem& item : items) item.user_id = place->user_id;
  std::vector<OutboxItem> copy = items;
  const Result<void> stored = co_await store_.journal().add_outbox(std::move(copy), Durability::journaled);
  if (stored.has_error())
    log::warn("core", "tell the owner: {}", stored.error().message);
  else if (outbox_)
    outbox_->wake(std::move(items));
}

}  // namespace hobd

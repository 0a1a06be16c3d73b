// Owners of Hob's own in the key-value store, whose values belong to rows of other tables.
#pragma once

namespace hobd {

/// Which tier a conversation keeps, by the conversation's id: goes with the conversation.
inline constexpr char kConversationTierOwner[] = "hob.conversation_tier";

}  // namespace hobd

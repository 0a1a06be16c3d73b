#include "agent/turn_context.hpp"

#include "agent/context.hpp"
#include "base/fault.hpp"
#include "base/log.hpp"
#include "base/sent_text.hpp"
#include "memory/blocks.hpp"

namespace hobd {
namespace {

/// What is recalled beside the `recent_count` messages that the model sees anyway.
awaitable<Result<void>> recall_into(const AgentContext& context, std::shared_ptr<const Config> config, std::shared_ptr<LiveTurn> live, TurnJournal& journal,
                                    std::uint32_t recent_count) {
  RecallQuery query;
  query.user_id = live->turn.user_id;
  query.text = own_words(live->message.text);
  query.turn_id = live->turn.id;
  query.session_id = live->turn.session_id;
  query.before_message = live->message.id;
  query.recent_count = recent_count;
  query.top_k = config->memory.recall_top_k;
  query.threshold = config->memory.recall_threshold;
  query.now = context.clock->now();
  Recall recall(*context.store, context.embeddings);
  Result<std::vector<RecalledItem>> found = co_await recall.find(std::move(query));
  if (found.has_error() && found.error().code == Code::not_found) co_return found.error();
  if (found.has_value()) {
    journal.recalled = *std::move(found);
  } else {
    log::warn("agent", "turn {} goes on without recall: {}", live->turn.id, found.error().message);
  }
  fault_point("turn.after_recall");
  co_return Result<void>{};
}

std::string last_tier(const std::vector<Message>& messages) {
  for (auto it = messages.rbegin(); it != messages.rend(); ++it)
    if (const std::string_view tier = string_or(it->extra, "tier"); it->role == "assistant" && !tier.empty()) return std::string(tier);
  return {};
}

}  // namespace

awaitable<Result<TurnContext>> gather_context(const AgentContext& context, std::shared_ptr<const Config> config, std::shared_ptr<LiveTurn> live,
                                              TurnJournal& journal) {
  const Turn& turn = live->turn;
  const Message& message = live->message;
  ContextParts parts;
  CO_TRY(const std::vector<Block> blocks, co_await context.blocks->list(turn.user_id));
  CO_TRY(BufferView view, co_await context.buffers->read(turn.user_id, turn.session_id, message.id));
  if (message.role != "user" && view.messages.empty()) {
    // A tool's result without its call is refused.
    CO_TRY(view.messages, co_await context.store->conversations().recent(turn.user_id, turn.session_id, message.id, 2));
  }
  if (!journal.has_recalled && message.role == "user" && config->memory.recall_top_k > 0)
    CO_CHECK(co_await recall_into(context, config, live, journal, static_cast<std::uint32_t>(view.messages.size())));
  TurnContext gathered;
  gathered.room = view.room;
  gathered.conversation_tier = last_tier(view.messages);
  parts.persona = persona_of(blocks, *config);
  parts.blocks = render_blocks(blocks);
  parts.summary = render_summary(view.summary, config->memory.pii_redact_model);
  parts.recent = std::move(view.messages);
  parts.budget.each_recent = longest_shown(*config);
  parts.redact = config->memory.pii_redact_model;
  parts.system = string_or(turn.request, "system");
  parts.tools = context.tools->describe();
  if (const json::array* tools = array_at(turn.request, "client_tools")) parts.client_tools = *tools;
  if (const json::object* sampling = object_at(turn.request, "sampling")) parts.sampling = *sampling;
  parts.recalled = journal.recalled;
  parts.message = message;
  parts.user_id = turn.user_id;
  gathered.chat = build_chat(parts);
  if (!journal.recalled.empty() && live->is_watched()) {
    json::object event;
    event["items"] = gathered.chat["recalled"];
    live->emit("memory", std::move(event));
  }
  co_return gathered;
}

}  // namespace hobd

#include "store/records.hpp"

namespace hobd {

std::string_view turn_state_name(TurnState state) noexcept {
  switch (state) {
    case TurnState::accepted: return "accepted";
    case TurnState::running: return "running";
    case TurnState::replied: return "replied";
    case TurnState::failed: return "failed";
    case TurnState::cancelled: return "cancelled";
  }
  return "failed";
}

std::string_view outbox_state_name(OutboxState state) noexcept {
  switch (state) {
    case OutboxState::pending: return "pending";
    case OutboxState::sending: return "sending";
    case OutboxState::sent: return "sent";
    case OutboxState::failed: return "failed";
    case OutboxState::unknown: return "unknown";
    case OutboxState::expired: return "expired";
  }
  return "failed";
}

json::object to_json(const Usage& usage) {
  return {{"input_tokens", usage.input_tokens},
          {"output_tokens", usage.output_tokens},
          {"cached_tokens", usage.cached_tokens},
          {"cache_write_tokens", usage.cache_write_tokens},
          {"cost_usd", usage.cost_usd},
          {"model", usage.model},
          {"tier", usage.tier}};
}

Usage usage_from_json(const json::object& object) {
  Usage usage;
  usage.input_tokens = int_or(object, "input_tokens");
  usage.output_tokens = int_or(object, "output_tokens");
  usage.cached_tokens = int_or(object, "cached_tokens");
  usage.cache_write_tokens = int_or(object, "cache_write_tokens");
  usage.cost_usd = double_or(object, "cost_usd");
  usage.model = string_or(object, "model");
  usage.tier = string_or(object, "tier");
  return usage;
}

}  // namespace hobd

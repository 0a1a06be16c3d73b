#include "store/ledger.hpp"

namespace hobd {

std::string_view purpose_name(Purpose purpose) noexcept {
  switch (purpose) {
    case Purpose::chat: return "chat";
    case Purpose::routing: return "routing";
    case Purpose::extraction: return "extraction";
    case Purpose::consolidation: return "consolidation";
    case Purpose::summary: return "summary";
    case Purpose::embedding: return "embedding";
    case Purpose::other: return "other";
  }
  return "other";
}

}  // namespace hobd

#include "memory/learning.hpp"

namespace hobd {

std::string_view verdict_name(Verdict::Kind kind) noexcept {
  switch (kind) {
    case Verdict::Kind::added: return "added";
    case Verdict::Kind::merged: return "merged";
    case Verdict::Kind::superseded: return "superseded";
    case Verdict::Kind::corrected: return "corrected";
    case Verdict::Kind::refused: return "refused";
  }
  return "refused";
}

}  // namespace hobd

#include "base/principal.hpp"

namespace hobd {

bool Principal::may(std::string_view scope) const {
  if (scope.empty() || is_admin() || scopes.contains(scope)) return true;
  const std::size_t colon = scope.find(':');
  return colon != std::string_view::npos && scopes.contains(scope.substr(0, colon));
}

}  // namespace hobd

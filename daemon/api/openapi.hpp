// The OpenAPI 3.1 document and docs/api.md, both made from the method table and the plugins' routes.
#pragma once

#include "api/method_table.hpp"
#include "plugins/registry.hpp"

namespace hobd {

/// [{name, scope, doc, params, result, streaming, positional}]: api.describe.
json::array describe_methods(const MethodTable& table);
json::object openapi_document(const MethodTable& table, const std::vector<RouteEntry>& routes, std::string_view version);
/// The reference of all methods as Markdown.
std::string api_markdown(const json::array& methods);

}  // namespace hobd

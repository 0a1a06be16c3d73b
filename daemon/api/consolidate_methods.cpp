#include "api/methods.hpp"
#include "api/objects.hpp"
#include "api/schemas.hpp"
#include "memory/consolidation.hpp"

namespace hobd {
namespace {

awaitable<Result<json::value>> consolidate(ConsolidateContext context, MethodCall call) {
  CO_CHECK(need_user(call.who));
  const DryRun dry_run = bool_or(call.params, "dry_run") ? DryRun::yes : DryRun::no;
  CO_TRY(const ConsolidationReport report, co_await context.consolidation->run(call.who.user_id, dry_run));
  co_return to_json(report);
}

}  // namespace

void add_consolidate_methods(MethodTable& table, ConsolidateContext context) {
  table.add({.name = "memory.consolidate",
             .scope = "memory:write",
             .doc = "Merge, end, prune, promote and let fade, as happens by itself when you are idle; dry_run shows the diff. memory.undo with its run takes it back.",
             .params = params({{"dry_run", "boolean", Need::optional, "only show what would change"}}),
             .result = result({{"run_id", "string|null"},
                               {"skipped", "string|null"},
                               {"diff", "array", Need::required},
                               {"refused", "integer"},
                               {"left_for_later", "integer"}}),
             .positional = {}},
            [context](MethodCall call) { return consolidate(context, std::move(call)); });
}

}  // namespace hobd

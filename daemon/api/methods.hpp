// The methods of the table, a file a group. Each add_..._methods() puts its group into the table; what the
// context points to is borrowed and outlives the table's last call.
#pragma once

#include "agent/agent.hpp"
#include "api/events.hpp"
#include "api/method_table.hpp"
#include "api/metrics.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>

namespace hobd {

class Budget;
class Consolidation;
class Embeddings;
class Forgetting;
class Learning;
class MemoryBlocks;

/// What the daemon as a whole tells and does. Tied in hobd.cpp.
struct DaemonControl {
  std::string version;
  std::chrono::steady_clock::time_point started;
  /// Whether start-up is complete.
  std::function<bool()> ready;
  std::function<std::shared_ptr<const Config>()> config;
  /// The configuration file, read and checked as a start would, without applying it.
  std::function<ConfigLoad()> check_config;
  /// Reads the configuration again and applies it: {"applied":true,"restart":[keys],"faults":[texts]}; invalid
  /// with every fault when it is bad: then the old one stays.
  std::function<awaitable<Result<json::value>>()> reload;
  /// Begins an orderly stop and returns.
  std::function<void()> stop;
  /// The HTTP server's numbers and address; null object before it listens.
  std::function<json::object()> http;
};

struct SystemContext {
  asio::any_io_executor core;
  DaemonControl* daemon = nullptr;
  Store* store = nullptr;
  Registry* registry = nullptr;
  Router* router = nullptr;
  Outbox* outbox = nullptr;
  Agent* agent = nullptr;
  Events* events = nullptr;
  Metrics* metrics = nullptr;
  Budget* budget = nullptr;  // null: no limits
};
/// system.* ; `table` is described by api.describe and api.openapi.
void add_system_methods(MethodTable& table, SystemContext context);
void add_watch_methods(MethodTable& table, SystemContext context);  // system.events, system.logs
void add_api_methods(MethodTable& table, Registry& registry, std::string version);

struct ChatContext {
  Agent* agent = nullptr;
  Users* users = nullptr;
  /// Charges a user for a turn that the HTTP gate has not charged: zero, or how long to wait. Null: no limit.
  std::function<std::chrono::milliseconds(const std::string& user_id)> take_turn = nullptr;
};
void add_chat_methods(MethodTable& table, ChatContext context);

struct StoreContext {
  Store* store = nullptr;
  Agent* agent = nullptr;  // conversation.delete ends its turns; null: none run
  std::function<void()> imported = nullptr;  // there are new messages to embed; null: nobody asks
  SessionBuffers* buffers = nullptr;  // conversation.summarize
  Router* router = nullptr;           // conversation.delete drops the answers it keeps; null: there are none
};
void add_conversation_methods(MethodTable& table, StoreContext context);
void add_import_methods(MethodTable& table, StoreContext context);
/// memory.forget
struct ForgetContext {
  Forgetting* forgetting = nullptr;
};
void add_forget_methods(MethodTable& table, ForgetContext context);
/// memory.consolidate
struct ConsolidateContext {
  Consolidation* consolidation = nullptr;
};
void add_consolidate_methods(MethodTable& table, ConsolidateContext context);
void add_turn_methods(MethodTable& table, StoreContext context);

struct MemoryContext {
  Store* store = nullptr;
  const Clock* clock = nullptr;
  std::function<std::shared_ptr<const Config>()> config;
  Learning* learning = nullptr;      // null: memory.upsert tells repeats from news by their words alone
  Embeddings* embeddings = nullptr;  // null: none
};
void add_memory_methods(MethodTable& table, MemoryContext context);         // memory.get, add, update, ...
void add_memory_search_methods(MethodTable& table, MemoryContext context);  // memory.search, context
void add_memory_account_methods(MethodTable& table, MemoryContext context); // memory.explain, history, undo, clear, stats
void add_memory_file_methods(MethodTable& table, MemoryContext context);    // memory.export, import

struct BlockContext {
  MemoryBlocks* blocks = nullptr;
};
void add_block_methods(MethodTable& table, BlockContext context);

struct UserContext {
  Users* users = nullptr;
  const Clock* clock = nullptr;
  /// Called when a key or a user goes, so that what the HTTP gate remembers of them goes too.
  std::function<void()> access_changed;
};
void add_user_methods(MethodTable& table, UserContext context);
void add_key_methods(MethodTable& table, UserContext context);

struct ToolContext {
  Toolbox* tools = nullptr;
};
void add_tool_methods(MethodTable& table, ToolContext context);

struct PluginContext {
  Registry* registry = nullptr;
};
void add_plugin_methods(MethodTable& table, PluginContext context);
/// Makes the table hold the methods that plugins provide now, none that they provided before. A name that the daemon or
/// another plugin has is left alone. `registry` outlives the table's last call.
void update_provided_methods(MethodTable& table, Registry& registry);

struct ModelContext {
  Router* router = nullptr;
  const Clock* clock = nullptr;
  Budget* budget = nullptr;  // whose prices model.list shows; null: none
  Routing* routing = nullptr;  // null: model.routes knows the tiers alone
  std::function<std::shared_ptr<const Config>()> config = {};
  const Registry* registry = nullptr;  // of the embedders
};
void add_model_methods(MethodTable& table, ModelContext context);

struct UsageContext {
  Store* store = nullptr;
  Budget* budget = nullptr;
  const Clock* clock = nullptr;
  std::function<std::shared_ptr<const Config>()> config;
};
void add_usage_methods(MethodTable& table, UsageContext context);

struct BudgetMethodsContext {
  Store* store = nullptr;
  Budget* budget = nullptr;
  std::function<std::shared_ptr<const Config>()> config;
};
void add_budget_methods(MethodTable& table, BudgetMethodsContext context);

void add_config_methods(MethodTable& table, DaemonControl& daemon);

}  // namespace hobd

// A script as a hob_plugin. The ABI's functions become tasks: each call, timer and background job runs in a
// coroutine of its own, and a wait for the host suspends that coroutine alone.
//
// Who does what:
//   lua_state     the interpreter and its bounds
//   lua_sandbox   the safe library (with lua_coroutine, lua_pattern, lua_json)
//   lua_plugin    the ABI, the tasks, what they wait for
//   lua_core      the functions that lua_prelude is written with
//   lua_prelude   the module "hob" as scripts see it, in Lua: checks arguments, turns JSON into tables and back
//
// Tasks wait on mailboxes: the answers of one host operation, a sleep, or the messages of one WebSocket. The host's
// callbacks only put letters into mailboxes and then pump(): every task that can go on is resumed from there, one
// after the other, never one inside another.
//
// Thread: all on the plugin's strand, but get_extension, which reads what load() fixed.
#pragma once

#include "plugins/lua_state.hpp"

#include "hob/ext/channel.h"
#include "hob/ext/clock.h"
#include "hob/ext/http.h"
#include "hob/ext/kv.h"
#include "hob/ext/log.h"
#include "hob/ext/method.h"
#include "hob/ext/secret.h"
#include "hob/ext/timer.h"
#include "hob/ext/websocket.h"

#include <deque>
#include <filesystem>
#include <set>
#include <unordered_map>
#include <variant>
#include <vector>

namespace hobd {

/// A table of the host, null when it is not there.
template <class Table>
const Table* host_table(const hob_host* host, const char* id) {
  return static_cast<const Table*>(host->get_extension(host, id));
}

inline hob_str to_hob(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view from_hob(hob_str text) { return text.data ? std::string_view(text.data, text.size) : std::string_view(); }

/// The host's tables; null where not known or not granted.
struct LuaHost {
  explicit LuaHost(const hob_host* h);
  const hob_host* host;
  const hob_host_call* call;
  const hob_host_http* http;
  const hob_host_kv* kv;
  const hob_host_timer* timer;
  const hob_host_method* method;
  const hob_host_secret* secret;
  const hob_host_channel* channel;
  const hob_host_websocket* websocket;
  const hob_host_log* log;
  const hob_host_clock* clock;
};

struct LuaLetter {
  std::uint32_t kind;
  std::string data;
};

struct LuaMailbox {
  enum class Source { operation, http, method, websocket, timer, inbox } source = Source::operation;
  std::deque<LuaLetter> letters;
  std::size_t bytes = 0;  // waiting in letters; bounded
  bool ended = false;     // nothing comes after the letters but this:
  Code status = Code::ok;
  std::string result;
  std::uint64_t waiter = 0;  // the task to wake
};

struct LuaTask {
  hob_id call = 0;  // 0: a timer, a background job
  lua_State* thread = nullptr;
  int reference = 0;  // keeps the thread from the collector
  int arguments = 0;  // on its stack, for the first resume
  bool waiting = false, cancelled = false;
  hob_id inbox = 0;                // of an accepted WebSocket
  std::vector<hob_id> operations;  // started here: those still open are ended with the task
};

class LuaPlugin {
 public:
  using Argument = std::variant<hob_id, std::string_view>;

  LuaPlugin(const hob_host* host, LuaLimits limits, std::filesystem::path folder);
  ~LuaPlugin();
  /// Runs the script's top level and takes the plugin it returns.
  Result<void> load(const std::filesystem::path& file, const std::string& expected_id);
  hob_plugin* abi() { return &abi_; }
  static LuaPlugin& of(hob_plugin* plugin) { return *static_cast<LuaPlugin*>(plugin->plugin_data); }

  // ---- from the host ----
  hob_status activate(std::string_view config);
  void cancel(hob_id call);
  bool offers(std::string_view extension) const { return offers_.contains(std::string(extension)); }
  /// Starts dispatch.<function>(call, arguments...), whose result finishes the call.
  void start_call(hob_id call, const char* function, std::initializer_list<Argument> arguments);
  void letter(hob_id operation, std::uint32_t kind, std::string_view data);
  void end(hob_id operation, Code status, std::string_view result);
  void fire(hob_id timer);
  void message(hob_id call, bool is_text, std::string_view data);

  // ---- from lua_core ----
  const LuaHost& host() const { return host_; }
  const std::filesystem::path& folder() const { return folder_; }
  LuaTask* current() { return current_; }
  LuaTask* task_of_call(hob_id call);
  /// Opens a mailbox; 0 when there are too many. It belongs to the current task, a WebSocket to nobody.
  hob_id open_mailbox(LuaMailbox::Source source);
  LuaMailbox* mailbox(hob_id id);
  void erase_mailbox(hob_id id) { mailboxes_.erase(id); }
  /// Asks the host to end the operation, if it is of a kind that can be.
  void stop_operation(hob_id id, const LuaMailbox& box);
  hob_id next_id() { return ++last_id_; }
  std::uint64_t current_id() const { return current_id_; }
  bool is_running(std::uint64_t task) const { return tasks_.contains(task); }
  /// Starts the function on top of `lua`'s stack as a background task; takes it. False: too many.
  bool spawn(lua_State* lua);
  void write_log(std::int32_t level, std::string_view text) const;

 private:
  bool start_task(hob_id call, const char* function, std::initializer_list<Argument> arguments);
  void make_ready(std::uint64_t id);
  void wake(LuaMailbox& box);
  void pump();
  void resume(std::uint64_t id);
  void end_task(std::uint64_t id, Code status, std::string_view result);
  /// What a failed protect() or resume left on top of `from`, as an Error. Takes it.
  Error take_error(lua_State* from, int status);
  void finish(hob_id call, Code status, std::string_view result) const;

  hob_plugin abi_;
  LuaHost host_;
  std::filesystem::path folder_;
  LuaState state_;
  int dispatch_ = 0;  // registry reference of the prelude's table
  std::set<std::string> offers_;
  std::unordered_map<std::uint64_t, LuaTask> tasks_;
  std::unordered_map<hob_id, std::uint64_t> calls_;
  std::unordered_map<hob_id, LuaMailbox> mailboxes_;
  std::deque<std::uint64_t> ready_;
  std::uint64_t last_task_ = 0;
  hob_id last_id_ = 0;
  LuaTask* current_ = nullptr;
  std::uint64_t current_id_ = 0;
  bool pumping_ = false;
};

/// Pushes the table of functions that the prelude is written with (lua_core.cpp).
void push_core(lua_State* lua, LuaPlugin& plugin);

/// The module "hob", in Lua: two halves of one chunk that takes the core table and returns the module and the dispatch table.
extern const char* const kLuaPrelude;
extern const char* const kLuaPreludeCalls;

/// Reads a script; invalid when it is not a plain file of at most 1 MiB.
Result<std::string> read_lua_source(const std::filesystem::path& file);

}  // namespace hobd

#include "plugins/lua_plugin.hpp"

#include "base/text.hpp"
#include "plugins/lua_sandbox.hpp"

#include <algorithm>

namespace hobd {
namespace {

constexpr std::size_t kMostTasks = 10'000;
constexpr std::size_t kMostMailboxes = 20'000;
constexpr std::size_t kMostWaitingBytes = 8u << 20;  // a mailbox; beyond it the operation is ended as overloaded
constexpr std::size_t kMostMessage = 4096;           // of an error, in bytes

}  // namespace

LuaHost::LuaHost(const hob_host* h)
    : host(h),
      call(host_table<hob_host_call>(h, HOB_HOST_CALL)),
      http(host_table<hob_host_http>(h, HOB_HOST_HTTP)),
      kv(host_table<hob_host_kv>(h, HOB_HOST_KV)),
      timer(host_table<hob_host_timer>(h, HOB_HOST_TIMER)),
      method(host_table<hob_host_method>(h, HOB_HOST_METHOD)),
      secret(host_table<hob_host_secret>(h, HOB_HOST_SECRET)),
      channel(host_table<hob_host_channel>(h, HOB_HOST_CHANNEL)),
      websocket(host_table<hob_host_websocket>(h, HOB_HOST_WEBSOCKET)),
      log(host_table<hob_host_log>(h, HOB_HOST_LOG)),
      clock(host_table<hob_host_clock>(h, HOB_HOST_CLOCK)) {}

LuaPlugin::~LuaPlugin() = default;

Result<void> LuaPlugin::load(const std::filesystem::path& file, const std::string& expected_id) {
  const std::string source = TRY(read_lua_source(file));
  const std::string name = "@" + file.filename().string();
  const std::string prelude = std::string(kLuaPrelude) + kLuaPreludeCalls;
  lua_State* lua = state_.main();
  LuaState::Entry entry(state_, lua, nullptr);
  const int status = state_.protect([&](lua_State* l) {
    open_safe_libraries(l);
    if (luaL_loadbufferx(l, prelude.data(), prelude.size(), "=hob", "t") != LUA_OK) return lua_error(l);
    push_core(l, *this);
    lua_call(l, 1, 1);  // the dispatch table
    lua_pushvalue(l, 1);
    dispatch_ = luaL_ref(l, LUA_REGISTRYINDEX);
    if (luaL_loadbufferx(l, source.data(), source.size(), name.c_str(), "t") != LUA_OK) return lua_error(l);
    lua_getfield(l, 1, "load");
    lua_insert(l, -2);
    lua_call(l, 0, 1);
    lua_pushlstring(l, expected_id.data(), expected_id.size());
    lua_call(l, 2, 1);
    const std::string_view offered = text_argument(l, -1);
    for (const std::string_view extension : split(offered, ' ')) offers_.emplace(extension);
    return 0;
  });
  if (status == LUA_OK && state_.stop() == LuaState::Stop::none) return {};
  Error error = take_error(lua, status);
  if (error.code == Code::internal) error.code = Code::invalid;
  return error;
}

hob_status LuaPlugin::activate(std::string_view config) {
  lua_State* lua = state_.main();
  Error error;
  {
    LuaState::Entry entry(state_, lua, nullptr);
    const int status = state_.protect([&](lua_State* l) {
      lua_rawgeti(l, LUA_REGISTRYINDEX, dispatch_);
      lua_getfield(l, -1, "activate");
      lua_pushlstring(l, config.data(), config.size());
      lua_call(l, 1, 0);
      return 0;
    });
    if (status != LUA_OK || state_.stop() != LuaState::Stop::none) error = take_error(lua, status);
    else error.code = Code::ok;
  }
  if (error.code != Code::ok) write_log(HOB_LOG_ERROR, "activate: " + error.message);
  pump();  // what activate() spawned
  return static_cast<hob_status>(error.code);
}

Error LuaPlugin::take_error(lua_State* from, int status) {
  if (state_.stop() != LuaState::Stop::none) {
    if (from == state_.main()) lua_settop(from, 0);
    return {state_.stop() == LuaState::Stop::cancelled ? Code::cancelled : Code::timeout, state_.stop_message()};
  }
  const std::string memory = "not enough memory: the plugin may hold " +
                             std::to_string(state_.limits().memory >> 20) + " MiB";
  if (status == LUA_ERRMEM) {
    if (from == state_.main()) lua_settop(from, 0);
    return {Code::overloaded, memory};
  }
  Error error;
  if (from != state_.main() && lua_checkstack(state_.main(), 1)) lua_xmove(from, state_.main(), 1);
  const int read = state_.protect([&](lua_State* l) {
    if (lua_istable(l, 1)) {
      lua_pushliteral(l, "code");
      if (lua_rawget(l, 1) == LUA_TSTRING) error.code = code_from_name(text_argument(l, -1));
      if (error.code == Code::ok) error.code = Code::internal;
      lua_pushliteral(l, "message");
      if (lua_rawget(l, 1) == LUA_TSTRING) error.message = text_argument(l, -1);
    } else if (lua_isstring(l, 1)) {
      error.message = text_argument(l, 1);
    }
    if (error.message.empty()) error.message = std::string("the error is a ") + luaL_typename(l, 1) + " without a message";
    return 0;
  }, 1);
  lua_settop(state_.main(), 0);
  if (read != LUA_OK) return {Code::overloaded, memory};
  error.message = to_valid_utf8(utf8_prefix(error.message, kMostMessage));
  return error;
}

// ---- tasks ----

LuaTask* LuaPlugin::task_of_call(hob_id call) {
  const auto found = calls_.find(call);
  return found == calls_.end() ? nullptr : &tasks_.at(found->second);
}

void LuaPlugin::start_call(hob_id call, const char* function, std::initializer_list<Argument> arguments) {
  if (!start_task(call, function, arguments))
    finish(call, Code::overloaded, "the plugin has too many calls or too little memory left for another one");
  pump();
}

bool LuaPlugin::start_task(hob_id call, const char* function, std::initializer_list<Argument> arguments) {
  if (tasks_.size() >= kMostTasks) return false;
  LuaTask task;
  task.call = call;
  const int status = state_.protect([&](lua_State* l) {
    task.thread = lua_newthread(l);
    lua_rawgeti(l, LUA_REGISTRYINDEX, dispatch_);
    lua_getfield(l, -1, function);
    lua_remove(l, -2);
    if (call != 0) lua_pushinteger(l, static_cast<lua_Integer>(call));
    for (const Argument& argument : arguments) {
      if (const auto* id = std::get_if<hob_id>(&argument)) lua_pushinteger(l, static_cast<lua_Integer>(*id));
      else lua_pushlstring(l, std::get<std::string_view>(argument).data(), std::get<std::string_view>(argument).size());
    }
    const int count = lua_gettop(l) - 1;
    luaL_checkstack(task.thread, count + LUA_MINSTACK, nullptr);
    lua_xmove(l, task.thread, count);
    task.arguments = count - 1;
    task.reference = luaL_ref(l, LUA_REGISTRYINDEX);
    return 0;
  });
  lua_settop(state_.main(), 0);
  if (status != LUA_OK) return false;
  const std::uint64_t id = ++last_task_;
  tasks_.emplace(id, std::move(task));
  if (call != 0) calls_[call] = id;
  ready_.push_back(id);
  return true;
}

bool LuaPlugin::spawn(lua_State* lua) {
  if (tasks_.size() >= kMostTasks) return false;
  LuaTask task;
  task.thread = lua_newthread(lua);
  lua_insert(lua, -2);
  lua_xmove(lua, task.thread, 1);
  task.reference = luaL_ref(lua, LUA_REGISTRYINDEX);
  const std::uint64_t id = ++last_task_;
  tasks_.emplace(id, std::move(task));
  ready_.push_back(id);
  return true;
}

void LuaPlugin::make_ready(std::uint64_t id) {
  const auto found = tasks_.find(id);
  if (found == tasks_.end() || !found->second.waiting) return;
  found->second.waiting = false;
  ready_.push_back(id);
}

void LuaPlugin::wake(LuaMailbox& box) {
  if (box.waiter != 0) make_ready(box.waiter);
  box.waiter = 0;
}

void LuaPlugin::pump() {
  if (pumping_) return;  // a callback out of a host function: the loop below sees what it left
  pumping_ = true;
  struct Reset {
    bool& flag;
    ~Reset() { flag = false; }
  } reset{pumping_};
  while (!ready_.empty()) {
    const std::uint64_t id = ready_.front();
    ready_.pop_front();
    resume(id);
  }
}

void LuaPlugin::resume(std::uint64_t id) {
  LuaTask& task = tasks_.at(id);  // a task ends only in here, after its turn
  const std::function<bool()> cancelled = [this, &task] {
    return task.cancelled || (task.call != 0 && host_.call->is_cancelled(host_.host, task.call) != 0);
  };
  Error error;
  std::string result;
  {
    LuaState::Entry entry(state_, task.thread, &cancelled);
    current_ = &task;
    current_id_ = id;
    int results = 0;
    const int status = lua_resume(task.thread, state_.main(), std::exchange(task.arguments, 0), &results);
    const bool stopped = state_.stop() != LuaState::Stop::none;
    if (status == LUA_YIELD && !stopped) {
      lua_pop(task.thread, results);
      if (take_host_wait(state_.main())) {
        current_ = nullptr;
        current_id_ = 0;
        task.waiting = true;
        return;
      }
      error = {Code::internal, "coroutine.yield outside a coroutine of the script's own"};
    } else if (status == LUA_OK && !stopped) {
      error.code = Code::ok;
      if (results > 0 && lua_type(task.thread, -1) == LUA_TSTRING) {
        std::size_t size = 0;
        const char* data = lua_tolstring(task.thread, -1, &size);
        result.assign(data, size);
      }
    } else {
      error = take_error(task.thread, status);
      // Runs what the script left to be closed. Not after a stop: see lua_coroutine.cpp.
      if (!stopped) lua_resetthread(task.thread);
    }
    current_ = nullptr;
    current_id_ = 0;
  }
  end_task(id, error.code, error.code == Code::ok ? result : error.message);
}

void LuaPlugin::end_task(std::uint64_t id, Code status, std::string_view result) {
  const auto found = tasks_.find(id);
  LuaTask task = std::move(found->second);
  tasks_.erase(found);
  if (task.call != 0) calls_.erase(task.call);
  luaL_unref(state_.main(), LUA_REGISTRYINDEX, task.reference);
  for (const hob_id operation : task.operations) {
    const auto box = mailboxes_.find(operation);
    if (box == mailboxes_.end()) continue;
    const LuaMailbox open = std::move(box->second);
    mailboxes_.erase(box);
    stop_operation(operation, open);
  }
  if (task.call != 0) finish(task.call, status, result);
  else if (status != Code::ok) write_log(HOB_LOG_ERROR, result);
}

void LuaPlugin::finish(hob_id call, Code status, std::string_view result) const {
  host_.call->finish(host_.host, call, static_cast<hob_status>(status), to_hob(result));
}

void LuaPlugin::cancel(hob_id call) {
  LuaTask* task = task_of_call(call);
  if (!task) return;
  task->cancelled = true;
  make_ready(calls_.at(call));
  pump();
}

// ---- mailboxes ----

hob_id LuaPlugin::open_mailbox(LuaMailbox::Source source) {
  if (mailboxes_.size() >= kMostMailboxes) return 0;
  const hob_id id = next_id();
  mailboxes_[id].source = source;
  if (current_ && source != LuaMailbox::Source::websocket) {
    auto& operations = current_->operations;
    if (operations.size() >= 64)  // a long task: forget those that are done
      std::erase_if(operations, [this](hob_id old) { return !mailboxes_.contains(old); });
    operations.push_back(id);
  }
  return id;
}

LuaMailbox* LuaPlugin::mailbox(hob_id id) {
  const auto found = mailboxes_.find(id);
  return found == mailboxes_.end() ? nullptr : &found->second;
}

void LuaPlugin::stop_operation(hob_id id, const LuaMailbox& box) {
  if (box.ended) return;
  switch (box.source) {
    case LuaMailbox::Source::http: host_.http->cancel(host_.host, id); break;
    case LuaMailbox::Source::method: host_.method->cancel(host_.host, id); break;
    case LuaMailbox::Source::websocket: host_.websocket->close(host_.host, id, 1001, to_hob("")); break;
    case LuaMailbox::Source::timer: host_.timer->stop(host_.host, id); break;
    case LuaMailbox::Source::operation:
    case LuaMailbox::Source::inbox: break;
  }
}

void LuaPlugin::letter(hob_id operation, std::uint32_t kind, std::string_view data) {
  LuaMailbox* box = mailbox(operation);
  if (!box || box->ended) return;
  if (box->bytes + data.size() > kMostWaitingBytes) {
    stop_operation(operation, *box);
    end(operation, Code::overloaded, "more than 8 MiB wait to be read by the plugin");
    return;
  }
  box->letters.push_back({kind, std::string(data)});
  box->bytes += data.size() + sizeof(LuaLetter);
  wake(*box);
  pump();
}

void LuaPlugin::end(hob_id operation, Code status, std::string_view result) {
  LuaMailbox* box = mailbox(operation);
  if (!box || box->ended) return;
  box->ended = true;
  box->status = status;
  box->result = result;
  wake(*box);
  pump();
}

void LuaPlugin::fire(hob_id timer) {
  if (mailbox(timer)) {  // a sleep
    end(timer, Code::ok, {});
    return;
  }
  if (!start_task(0, "timer", {timer})) write_log(HOB_LOG_ERROR, "a timer was skipped: too many tasks or too little memory");
  pump();
}

void LuaPlugin::message(hob_id call, bool is_text, std::string_view data) {
  const LuaTask* task = task_of_call(call);
  if (task && task->inbox != 0) letter(task->inbox, is_text ? HOB_EVENT_DATA : HOB_EVENT_BINARY, data);
}

void LuaPlugin::write_log(std::int32_t level, std::string_view text) const {
  if (host_.log) host_.log->write(host_.host, level, to_hob(text));
}

}  // namespace hobd

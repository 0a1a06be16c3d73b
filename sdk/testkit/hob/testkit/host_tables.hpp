// The C tables of hob::test::Host: what the plugin sees. Part of host.hpp.
#pragma once

#include "host.hpp"

namespace hob::test {

inline void Host::answer_http(HttpRequest& request, const HttpReply& reply) {
  const hob_id id = request.operation;
  if (reply.status != 0) {
    event(id, HOB_EVENT_HEAD, R"({"status":)" + std::to_string(reply.status) + R"(,"headers":)" + reply.headers +
                                  R"(,"url":)" + quote(request.url) + "}");
  }
  const bool in_parts = request.mode != "whole" && reply.status / 100 == 2;
  if (in_parts && request.mode == "sse") {
    SseReader reader;
    reader.feed(reply.body, [&](const SseEvent& one) {
      event(id, HOB_EVENT_DATA, std::string(one.name) + '\n' + std::string(one.data));
    });
  } else if (in_parts) {
    const std::size_t piece = std::max<std::size_t>(1, reply.piece);
    for (std::size_t at = 0; at < reply.body.size(); at += piece) event(id, HOB_EVENT_DATA, reply.body.substr(at, piece));
  }
  if (reply.hangs) return;
  {
    const std::lock_guard lock(mutex_);
    request.ended = true;
  }
  result(id, reply.end, reply.end != HOB_OK ? reply.error : in_parts ? std::string() : reply.body);
}

struct Host::Tables {
  static hob_status emit(const hob_host* host, hob_id call, hob_str chunk) {
    Host& me = self(host);
    const std::lock_guard lock(me.mutex_);
    const auto found = me.calls_.find(call);
    if (found == me.calls_.end()) ++me.stray_answers;
    if (found == me.calls_.end() || found->second.done) return HOB_NOT_FOUND;
    if (me.emit_answer == HOB_OK) found->second.chunks.push_back(copy(chunk));
    return me.emit_answer;
  }
  static hob_status finish(const hob_host* host, hob_id call, hob_status status, hob_str result) {
    Host& me = self(host);
    const std::lock_guard lock(me.mutex_);
    const auto found = me.calls_.find(call);
    if (found == me.calls_.end()) {
      ++me.stray_answers;
      return HOB_NOT_FOUND;
    }
    Answer& answer = found->second;
    if (answer.finishes++ > 0) {
      ++me.second_answers;
      return HOB_NOT_FOUND;
    }
    answer.done = true;
    answer.status = status;
    answer.result = copy(result);
    me.changed_.notify_all();
    return HOB_OK;
  }
  static std::int32_t is_cancelled(const hob_host* host, hob_id call) {
    Host& me = self(host);
    const std::lock_guard lock(me.mutex_);
    const auto found = me.calls_.find(call);
    return found == me.calls_.end() || found->second.done || me.cancelled_.count(call) ? 1 : 0;
  }

  /// Whether the script says that nothing works now; ends the operation if so.
  static bool in_trouble(Host& me, hob_id operation) {
    if (!me.trouble) return false;
    me.result(operation, me.trouble->first, me.trouble->second);
    return true;
  }

  static void http_request(const hob_host* host, hob_id operation, hob_str head, hob_str body) {
    Host& me = self(host);
    HttpRequest made;
    made.operation = operation;
    made.head = copy(head);
    made.body = copy(body);
    made.method = text_member(made.head, "method", "GET");
    made.url = text_member(made.head, "url");
    made.mode = text_member(made.head, "mode", "whole");
    std::optional<HttpReply> reply;
    HttpRequest* request = nullptr;
    {
      const std::lock_guard lock(me.mutex_);
      me.requests.push_back(std::move(made));
      request = &me.requests.back();
      if (!me.trouble && !me.http.empty()) {
        reply = std::move(me.http.front());
        me.http.pop_front();
      }
    }
    if (in_trouble(me, operation)) return;
    if (!reply && me.on_http) reply = me.on_http(*request);
    if (!reply) reply = HttpReply{.status = 0, .end = HOB_UNAVAILABLE, .error = "the script has no more HTTP answers"};
    me.answer_http(*request, *reply);
  }
  static void http_cancel(const hob_host* host, hob_id operation) {
    Host& me = self(host);
    bool ends = false;
    {
      const std::lock_guard lock(me.mutex_);
      for (HttpRequest& one : me.requests) {
        if (one.operation != operation || one.cancelled) continue;
        one.cancelled = true;
        ends = ends || !one.ended;
        one.ended = true;
      }
    }
    if (ends) me.result(operation, HOB_CANCELLED, "cancelled");
  }

  static void kv_get(const hob_host* host, hob_id operation, hob_str key) {
    Host& me = self(host);
    if (in_trouble(me, operation)) return;
    std::optional<std::string> value;
    {
      const std::lock_guard lock(me.mutex_);
      const auto found = me.kv.find(copy(key));
      if (found != me.kv.end()) value = found->second;
    }
    if (value) me.result(operation, HOB_OK, *value);
    else me.result(operation, HOB_NOT_FOUND, "no such key");
  }
  static void kv_set(const hob_host* host, hob_id operation, hob_str key, hob_str value) {
    Host& me = self(host);
    if (in_trouble(me, operation)) return;
    if (key.size == 0 || key.size > 512) return me.result(operation, HOB_INVALID, "a key has 1 to 512 bytes");
    bool fits = false;
    {
      const std::lock_guard lock(me.mutex_);
      std::size_t used = key.size + value.size;
      for (const auto& [k, v] : me.kv) used += k == copy(key) ? 0 : k.size() + v.size();
      fits = used <= me.options_.kv_quota;
      if (fits) me.kv[copy(key)] = copy(value);
    }
    if (fits) me.result(operation, HOB_OK, "");
    else me.result(operation, HOB_OVERLOADED, "kv: the quota is full");
  }
  static void kv_remove(const hob_host* host, hob_id operation, hob_str key) {
    Host& me = self(host);
    if (in_trouble(me, operation)) return;
    {
      const std::lock_guard lock(me.mutex_);
      me.kv.erase(copy(key));
    }
    me.result(operation, HOB_OK, "");
  }
  static void kv_list(const hob_host* host, hob_id operation, hob_str prefix, hob_str after) {
    Host& me = self(host);
    if (in_trouble(me, operation)) return;
    std::string keys;
    {
      const std::lock_guard lock(me.mutex_);
      for (const auto& [key, value] : me.kv)
        if (key.compare(0, prefix.size, copy(prefix)) == 0 && key > copy(after)) keys += (keys.empty() ? "" : ",") + quote(key);
    }
    me.result(operation, HOB_OK, "{\"keys\":[" + keys + "]}");
  }

  static hob_status timer_start(const hob_host* host, hob_id timer, std::uint64_t delay, std::uint64_t repeat) {
    Host& me = self(host);
    const std::lock_guard lock(me.mutex_);
    if (me.timer_answer != HOB_OK) return me.timer_answer;
    if (me.timers_.size() >= 1000 && !me.timers_.count(timer)) return HOB_OVERLOADED;
    const auto us = [](std::uint64_t ms) { return static_cast<std::int64_t>(std::min<std::uint64_t>(ms, 1ULL << 50) * 1000); };
    me.timers_[timer] = {me.now_us_ + us(delay), us(repeat)};
    return HOB_OK;
  }
  static void timer_stop(const hob_host* host, hob_id timer) {
    Host& me = self(host);
    const std::lock_guard lock(me.mutex_);
    me.timers_.erase(timer);
  }

  static void secret_read(const hob_host* host, hob_id operation, hob_str name) {
    Host& me = self(host);
    if (in_trouble(me, operation)) return;
    const auto found = me.options_.secrets.find(copy(name));
    if (found != me.options_.secrets.end()) me.result(operation, HOB_OK, found->second);
    else me.result(operation, HOB_DENIED, "add \"secrets.read\": [" + quote(copy(name)) + "] to \"permissions\"");
  }

  static void method_invoke(const hob_host* host, hob_id operation, hob_str method, hob_str params, hob_str options) {
    Host& me = self(host);
    const MethodCall call{operation, copy(method), copy(params), copy(options)};
    {
      const std::lock_guard lock(me.mutex_);
      me.methods.push_back(call);
    }
    if (in_trouble(me, operation)) return;
    if (!me.on_method) return me.result(operation, HOB_DENIED, "the script has no answer for methods");
    const MethodReply reply = me.on_method(call);
    for (const std::string& one : reply.events) me.event(operation, HOB_EVENT_DATA, one);
    me.result(operation, reply.status, reply.result);
  }
  static void method_cancel(const hob_host*, hob_id) {}  // its result is queued already

  static void deliver(const hob_host* host, hob_id operation, hob_str event) {
    Host& me = self(host);
    bool is_new = false;
    {
      const std::lock_guard lock(me.mutex_);
      me.delivered.push_back(copy(event));
      is_new = me.delivered_ids.insert(text_member(me.delivered.back(), "id")).second;
    }
    if (in_trouble(me, operation)) return;
    me.result(operation, HOB_OK, std::string(R"({"accepted":true,"duplicate":)") + (is_new ? "false}" : "true}"));
  }

  static void socket_open(const hob_host* host, hob_id operation, hob_str request) {
    Host& me = self(host);
    {
      const std::lock_guard lock(me.mutex_);
      Socket& made = me.sockets.emplace_back();
      made.operation = operation;
      made.request = copy(request);
      made.url = text_member(made.request, "url");
    }
    in_trouble(me, operation);
  }
  static hob_status socket_send(const hob_host* host, hob_id operation, std::int32_t, hob_str data) {
    Host& me = self(host);
    const std::lock_guard lock(me.mutex_);
    for (Socket& one : me.sockets)
      if (one.operation == operation && one.open) {
        one.sent.push_back(copy(data));
        return HOB_OK;
      }
    return HOB_NOT_FOUND;
  }
  static void socket_close(const hob_host* host, hob_id operation, std::int32_t code, hob_str reason) {
    Host& me = self(host);
    {
      const std::lock_guard lock(me.mutex_);
      const auto found = std::find_if(me.sockets.begin(), me.sockets.end(), [&](const Socket& one) { return one.operation == operation && !one.closed; });
      if (found == me.sockets.end()) return;
      found->closed = true;
      found->open = false;
    }
    me.result(operation, HOB_OK, R"({"code":)" + std::to_string(code) + R"(,"reason":)" + quote(copy(reason)) + "}");
  }

  static void write_log(const hob_host* host, std::int32_t level, hob_str line) {
    Host& me = self(host);
    const std::lock_guard lock(me.mutex_);
    me.log.push_back({level, copy(line)});
  }
  static std::int64_t now(const hob_host* host) {
    Host& me = self(host);
    const std::lock_guard lock(me.mutex_);
    return me.now_us_;
  }

  static void post(const hob_host* host, hob_id task) {
    Host& me = self(host);
    me.push([&me, task] {
      if (const auto* table = me.offers<hob_ext_executor>(HOB_EXT_EXECUTOR))
        me.enter("executor.run", [&] { table->run(me.plugin_, task); });
    });
  }
  static void run_blocking(const hob_host* host, hob_id task) {
    Host& me = self(host);
    const std::lock_guard lock(me.mutex_);
    ++me.blocking_;
    me.threads_.emplace_back([&me, task] {
      if (const auto* table = me.offers<hob_ext_executor>(HOB_EXT_EXECUTOR)) table->run_blocking(me.plugin_, task);
      const std::lock_guard done(me.mutex_);
      --me.blocking_;
      me.changed_.notify_all();
    });
  }
};

inline const void* Host::get_extension(const hob_host* host, const char* id) {
  using T = Tables;
  static constexpr hob_host_call call{sizeof call, 0, T::emit, T::finish, T::is_cancelled};
  static constexpr hob_host_http http{sizeof http, 0, T::http_request, T::http_cancel};
  static constexpr hob_host_kv kv{sizeof kv, 0, T::kv_get, T::kv_set, T::kv_remove, T::kv_list};
  static constexpr hob_host_timer timer{sizeof timer, 0, T::timer_start, T::timer_stop};
  static constexpr hob_host_secret secret{sizeof secret, 0, T::secret_read};
  static constexpr hob_host_method method{sizeof method, 0, T::method_invoke, T::method_cancel};
  static constexpr hob_host_channel channel{sizeof channel, 0, T::deliver};
  static constexpr hob_host_websocket websocket{sizeof websocket, 0, T::socket_open, T::socket_send, T::socket_close};
  static constexpr hob_host_log log{sizeof log, 0, T::write_log};
  static constexpr hob_host_clock clock{sizeof clock, 0, T::now, T::now};
  static constexpr hob_host_executor executor{sizeof executor, 0, T::post, T::run_blocking};
  static constexpr struct {
    std::string_view id;
    const void* table;
  } tables[] = {{HOB_HOST_CALL, &call},       {HOB_HOST_HTTP, &http},       {HOB_HOST_KV, &kv},
                {HOB_HOST_TIMER, &timer},     {HOB_HOST_SECRET, &secret},   {HOB_HOST_METHOD, &method},
                {HOB_HOST_CHANNEL, &channel}, {HOB_HOST_WEBSOCKET, &websocket}, {HOB_HOST_LOG, &log},
                {HOB_HOST_CLOCK, &clock},     {HOB_HOST_EXECUTOR, &executor}};
  Host& me = self(host);
  const std::lock_guard lock(me.mutex_);
  const std::string_view name(id ? id : "");
  me.asked_for.insert(std::string(name));
  if (me.options_.withheld.count(std::string(name))) return nullptr;
  for (const auto& one : tables)
    if (one.id == name) return one.table;
  return nullptr;
}

}  // namespace hob::test

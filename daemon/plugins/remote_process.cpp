#include "plugins/remote_process.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "plugins/host_tables.hpp"
#include "plugins/system_filter.hpp"

#include "hob/ext/channel.h"
#include "hob/ext/http.h"
#include "hob/ext/kv.h"
#include "hob/ext/log.h"
#include "hob/ext/method.h"
#include "hob/ext/secret.h"
#include "hob/ext/websocket.h"

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace hobd {
namespace {

constexpr std::size_t kFramesAPass = 256;          // then others get their turn
constexpr std::size_t kBytesAPass = 4 << 20;   // and bytes, before others have their turn
constexpr std::size_t kMaxHeld = 64 << 20;     // bytes that operations in flight brought
constexpr std::size_t kMaxQueued = 64 << 20;       // bytes that wait for a process which doesn't read
constexpr std::size_t kMaxNuisances = 5'000;       // a second
constexpr std::size_t kAcknowledgeAt = 256 << 10;  // bytes of WebSocket messages
constexpr std::chrono::seconds kEndLimit{1};  // from the end of the socket to the end of the process

template <class Number>
std::string_view bytes_of(const Number& number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

/// What a plugin needs of the file system: its own folder and the libraries that any program has.
std::string readable_paths(const Manifest& manifest) {
  std::string out = manifest.code.parent_path().string() + "\n";
  for (const char* path : {"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"}) {
    out += path;
    out += '\n';
  }
  return out;
}

}  // namespace

// ---- life ----

Result<std::shared_ptr<RemoteProcess>> RemoteProcess::start(std::weak_ptr<Owner> owner, Options options) {
  HostProcess process = TRY(HostProcess::start(options.program, options.name));
  std::shared_ptr<RemoteProcess> self(new RemoteProcess(std::move(owner), std::move(options), std::move(process)));
  TRY(self->begin());
  return self;
}

RemoteProcess::RemoteProcess(std::weak_ptr<Owner> owner, Options options, HostProcess process)
    : owner_(std::move(owner)),
      options_(std::move(options)),
      name_(options_.name),
      process_(std::move(process)),
      pid_(process_.pid()),
      socket_(options_.backends.core, process_.take_socket().release()),
      output_(options_.backends.core, process_.take_output().release()),
      pidfd_(options_.backends.core, process_.take_pidfd().release()),
      start_timer_(options_.backends.core),
      watch_timer_(options_.backends.core),
      output_timer_(options_.backends.core),
      end_timer_(options_.backends.core),
      writer_(socket_.native_handle()) {}

RemoteProcess::~RemoteProcess() = default;

Result<void> RemoteProcess::begin() {
  const Manifest& manifest = *options_.manifest;
  services_ = std::make_shared<HostServiceSet>(options_.backends, weak_from_this(), name_, manifest, options_.settings);
  Setup setup;
  setup.instance = name_;
  setup.plugin_id = manifest.id;
  setup.code = manifest.code.string();
  setup.lua = manifest.language == Manifest::Language::lua;
  setup.config = json::serialize(withhold_secrets(manifest, options_.settings));
  for (const std::string_view id : granted_extensions(manifest)) setup.granted.append(id) += '\n';
  setup.readable = readable_paths(manifest);
  if (!kIsSanitized) {
    setup.memory = 2 * options_.limits.memory;
    setup.filter = TRY(make_system_filter(manifest, pid_));
  }
  send(FrameKind::setup, 0, {setup.pack()});
  wait_to_read();
  wait_for_output();
  wait_for_end();
  start_timer_.expires_after(options_.limits.start);
  start_timer_.async_wait([weak = weak_from_this(), limit = options_.limits.start](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!error && self && !self->started_)
      self->kill("start", fmt::format("it is not ready {} ms after its start", limit.count()));
  });
  watch();
  return {};
}

void RemoteProcess::ask_to_stop() {
  stopping_ = true;
  send(FrameKind::stop, 0, {});
}

void RemoteProcess::kill(std::string rule, std::string what) {
  if (fate_.what.empty()) fate_ = {std::move(rule), std::move(what)};
  process_.kill();
}

void RemoteProcess::abandon() {
  abandoned_ = true;
  services_->close();
  for (auto* timer : {&start_timer_, &watch_timer_, &output_timer_, &end_timer_}) timer->cancel();
  for (auto* descriptor : {&socket_, &output_}) descriptor->cancel();
  process_.kill();  // finish_reading() takes it off the kernel
}

void RemoteProcess::wait_for_end() {
  pidfd_.async_wait(asio::posix::stream_descriptor::wait_read,
                    [self = shared_from_this()](const boost::system::error_code& error) {
                      if (!error) self->finish_reading();
                    });
}

/// The process is gone: what it had sent before still counts, then its end is told.
void RemoteProcess::finish_reading() {
  const std::optional<ProcessEnd> end = process_.reap();
  if (!end) return wait_for_end();
  if (abandoned_) {
    ended_ = true;
    return;
  }
  while (read_some()) {
  }
  read_output();
  if (!line_.empty()) output_line(std::exchange(line_, {}));
  ended_ = true;
  services_->close();
  for (auto* timer : {&start_timer_, &watch_timer_, &output_timer_, &end_timer_}) timer->cancel();
  socket_.cancel();
  output_.cancel();
  if (fate_.what.empty() && !stopping_) {
    fate_ = {end->is_signal() ? "crash" : "exit", "the process " + end->text()};
    // A plugin that ran into the wall of its address space usually dies of what it did with a null.
    if (end->max_rss > options_.limits.memory && !kIsSanitized)
      fate_ = {"memory", fmt::format("the process {} holding {} MiB; {} are the most", end->text(), end->max_rss >> 20,
                                     options_.limits.memory >> 20)};
  } else if (stopping_ && fate_.what.empty() && end->is_signal()) {
    log::warn(name_, "rule crash: the process {} while it was being stopped", end->text());
  }
  if (const auto owner = owner_.lock(); owner && !abandoned_) owner->process_ended(fate_);
}

// ---- writing ----

void RemoteProcess::send(FrameKind kind, std::uint64_t id, std::initializer_list<std::string_view> pieces) {
  if (ended_) return;
  const Result<bool> sent = writer_.send(kind, id, std::span(pieces.begin(), pieces.size()));
  if (sent.has_error()) {
    if (sent.error().code == Code::overloaded && kind == FrameKind::result) {
      const hob_status status = HOB_OVERLOADED;
      send(kind, id, {bytes_of(status), sent.error().message});
    } else if (sent.error().code == Code::overloaded && kind == FrameKind::call) {
      if (const auto owner = owner_.lock())
        (void)owner->process_finished(id, HOB_OVERLOADED, sent.error().message);
    }
    return;  // else the end of the process is on its way to us
  }
  if (*sent) return;
  if (writer_.waiting() > kMaxQueued)
    return kill("hang", fmt::format("it does not read: {} MiB wait for it", writer_.waiting() >> 20));
  if (!is_writing_) wait_to_write();
}

void RemoteProcess::wait_to_write() {
  is_writing_ = true;
  socket_.async_wait(asio::posix::stream_descriptor::wait_write,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       self->is_writing_ = false;
                       if (error || self->ended_) return;
                       const Result<bool> flushed = self->writer_.flush();
                       if (!flushed.has_error() && !*flushed) self->wait_to_write();
                     });
}

void RemoteProcess::call(hob_id id, const PluginFunction& function, bool listens, const CallText& text) {
  const std::uint16_t place = function_place(function);
  const auto flag = std::uint8_t(listens);
  const auto name = std::uint32_t(text.name.size()), payload = std::uint32_t(text.payload.size());
  send(FrameKind::call, id, {bytes_of(place), bytes_of(flag), bytes_of(name), text.name, bytes_of(payload), text.payload, text.extra});
}

void RemoteProcess::cancel(hob_id id) { send(FrameKind::cancel, id, {}); }

void RemoteProcess::message(hob_id id, std::string_view data, bool is_text) {
  const auto flag = std::uint8_t(is_text);
  send(FrameKind::message, id, {bytes_of(flag), data});
}

void RemoteProcess::taken(hob_id call, std::size_t bytes) {
  const auto count = std::uint64_t(bytes);
  send(FrameKind::taken, call, {bytes_of(count)});
}

void RemoteProcess::deaf(hob_id call) { send(FrameKind::deaf, call, {}); }

void RemoteProcess::operation_event(hob_id operation, std::uint32_t kind, std::string data,
                                    std::shared_ptr<std::atomic<std::size_t>> waiting) {
  events_[operation] = std::move(waiting);
  send(FrameKind::event, operation, {bytes_of(kind), data});
}

void RemoteProcess::operation_result(hob_id operation, hob_status status, std::string result) {
  events_.erase(operation);
  sent_.erase(operation);
  if (const auto held = held_.find(operation); held != held_.end()) {
    held_bytes_ -= held->second;
    held_.erase(held);
  }
  send(FrameKind::result, operation, {bytes_of(status), result});
}

Result<Principal> RemoteProcess::principal_of(hob_id call) const {
  const auto owner = owner_.lock();
  if (!owner) return Error{Code::cancelled, "the plugin is being stopped"};
  return owner->process_principal(call);
}

// ---- reading ----

void RemoteProcess::wait_to_read() {
  socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (!error && !self->ended_) self->read_frames();
                     });
}

void RemoteProcess::read_frames() {
  if (!read_some()) return;
  asio::post(options_.backends.core, [self = shared_from_this()] {
    if (!self->ended_ && !self->abandoned_) self->read_frames();
  });
}

/// One pass. True: there may be more right now. Otherwise somebody waits for it.
bool RemoteProcess::read_some() {
  Frame frame;
  std::size_t bytes = 0;
  for (std::size_t count = 0; count < kFramesAPass && bytes < kBytesAPass; ++count) {
    for (;;) {
      const Result<bool> next = reader_.next(frame);
      if (next.has_error()) return malformed(next.error().message), false;
      if (*next) break;
      const Result<FrameReader::Fill> filled = reader_.fill(socket_.native_handle());
      if (filled.has_error() && filled.error().code == Code::invalid) return malformed(filled.error().message), false;
      if (filled.has_error() || *filled == FrameReader::Fill::end) {
        if (process_.pid() < 0) return false;  // reaped: that was the last of it
        end_timer_.expires_after(kEndLimit);
        end_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
          const auto self = weak.lock();
          if (!error && self && !self->ended_) self->kill("frames", "it closed its socket and went on");
        });
        return false;
      }
      if (*filled == FrameReader::Fill::nothing) {
        if (process_.pid() >= 0) wait_to_read();
        return false;
      }
    }
    bytes += frame.payload().size();
    handle(frame);
    if (abandoned_ || (!fate_.what.empty() && process_.pid() >= 0)) return false;  // killed: its end is on its way
  }
  return true;
}

/// Whether what an operation brings may be held until it ends: the payloads are copied here, and the process pays
/// nothing for those that it sends as blobs. Answers the operation when not.
bool RemoteProcess::may_hold(const Frame& frame) {
  if (frame.kind == FrameKind::websocket_send || frame.kind == FrameKind::websocket_close ||
      frame.kind == FrameKind::operation_cancel)
    return true;
  const auto refuse = [&](hob_status status, std::string_view why) {
    send(FrameKind::result, frame.id, {bytes_of(status), why});
    return false;
  };
  if (held_.contains(frame.id)) return refuse(HOB_INVALID, fmt::format("operation {} is still in flight", frame.id));
  const std::size_t size = frame.payload().size();
  if (held_bytes_ + size > kMaxHeld) return refuse(HOB_OVERLOADED, "64 MiB of operations are in flight already");
  held_.emplace(frame.id, size);
  held_bytes_ += size;
  return true;
}

void RemoteProcess::malformed(std::string_view what) {
  kill("frames", fmt::format("it sent {}", what));
}

/// Something that a well-behaved process sends now and then (an answer that crossed a cancel) and a hostile one a lot.
void RemoteProcess::nuisance(std::string_view what) {
  const auto now = std::chrono::steady_clock::now();
  if (now - nuisance_window_ >= std::chrono::seconds(1)) {
    nuisance_window_ = now;
    nuisances_ = 0;
  }
  if (++nuisances_ > kMaxNuisances) kill("flood", fmt::format("it sent more than {} {} in a second", kMaxNuisances, what));
}

void RemoteProcess::handle_started(Unpacker in) {
  if (started_) return malformed("a second start");
  started_ = true;
  start_timer_.cancel();
  const auto status = in.number<hob_status>();
  const auto functions = in.number<std::uint64_t>();
  if (!in.ok()) return malformed("a malformed start");
  const auto owner = owner_.lock();
  if (!owner) return;
  if (status == HOB_OK) return owner->process_started(functions);
  stopping_ = true;  // it leaves by itself
  owner->process_started(plugin_error(status, in.rest()));
}

void RemoteProcess::handle(const Frame& frame) {
  if (abandoned_) return;
  Unpacker in(frame.payload());
  const auto owner = owner_.lock();
  if (!owner) return;
  switch (frame.kind) {
    case FrameKind::started: return handle_started(in);
    case FrameKind::emit: {
      const hob_status status = owner->process_emitted(frame.id, in.rest());
      // A process that keeps to its credits never gets here.
      if (status == HOB_OVERLOADED) kill("flood", "it emits more than 8 MiB that nobody has taken");
      if (status == HOB_NOT_FOUND) nuisance("chunks of calls that are over");
      return;
    }
    case FrameKind::finish: {
      const auto status = in.number<hob_status>();
      if (!in.ok()) return malformed("a malformed answer");
      if (owner->process_finished(frame.id, status, in.rest()) == HOB_NOT_FOUND) nuisance("answers to calls that are over");
      return;
    }
    case FrameKind::log: {
      const auto level = std::min<std::uint8_t>(in.number<std::uint8_t>(), HOB_LOG_ERROR);
      nuisance("log lines");
      return log::write(static_cast<log::Level>(level), name_, in.rest());
    }
    case FrameKind::event_taken: {
      const auto bytes = in.number<std::uint64_t>();
      if (const auto found = events_.find(frame.id); found != events_.end())
        *found->second -= std::min<std::size_t>(bytes, found->second->load());
      return;
    }
    case FrameKind::pong: pong_is_due_ = false; return;
    default: return handle_operation(frame);
  }
}

void RemoteProcess::handle_operation(const Frame& frame) {
  const auto extension = [&]() -> const char* {
    switch (frame.kind) {
      case FrameKind::http_request: return HOB_HOST_HTTP;
      case FrameKind::websocket_open:
      case FrameKind::websocket_send:
      case FrameKind::websocket_close: return HOB_HOST_WEBSOCKET;
      case FrameKind::kv_get:
      case FrameKind::kv_set:
      case FrameKind::kv_remove:
      case FrameKind::kv_list: return HOB_HOST_KV;
      case FrameKind::secret_read: return HOB_HOST_SECRET;
      case FrameKind::method_invoke: return HOB_HOST_METHOD;
      case FrameKind::channel_deliver: return HOB_HOST_CHANNEL;
      case FrameKind::operation_cancel: return HOB_HOST_CALL;  // whoever may start one
      default: return nullptr;
    }
  }();
  if (!extension) return malformed(fmt::format("a frame of kind {}", int(frame.kind)));
  // The plugin's side gives null for what isn't granted, so only a process that broke out of it gets here.
  if (!is_granted(*options_.manifest, extension))
    return kill("frames", fmt::format("it used {}, which it was not granted", extension));
  if (!may_hold(frame)) return;
  Unpacker in(frame.payload());
  const auto str = [&in] { return std::string(in.str()); };
  const auto rest = [&in] { return std::string(in.rest()); };
  HostServiceSet& host = *services_;
  const hob_id id = frame.id;
  switch (frame.kind) {
    case FrameKind::http_request: {
      std::string request = str(), body = rest();
      host.http_request(id, std::move(request), std::move(body));
      break;
    }
    case FrameKind::websocket_open: host.websocket_open(id, rest()); break;
    case FrameKind::websocket_send: {
      const bool is_text = in.number<std::uint8_t>() != 0;
      const std::string_view data = in.rest();
      if (host.websocket_send(id, data, is_text) == HOB_NOT_FOUND) {
        nuisance("messages to WebSockets that are closed");
        break;
      }
      std::size_t& unsaid = sent_[id];
      unsaid += data.size();
      if (unsaid >= kAcknowledgeAt) {
        const auto count = std::uint64_t(std::exchange(unsaid, 0));
        send(FrameKind::sent, id, {bytes_of(count)});
      }
      break;
    }
    case FrameKind::websocket_close: {
      const auto code = in.number<std::int32_t>();
      host.websocket_close(id, code, rest());
      break;
    }
    case FrameKind::kv_get: host.kv_get(id, rest()); break;
    case FrameKind::kv_set: {
      std::string key = str(), value = rest();
      host.kv_set(id, std::move(key), std::move(value));
      break;
    }
    case FrameKind::kv_remove: host.kv_remove(id, rest()); break;
    case FrameKind::kv_list: {
      std::string prefix = str(), after = rest();
      host.kv_list(id, std::move(prefix), std::move(after));
      break;
    }
    case FrameKind::secret_read: host.secret_read(id, rest()); break;
    case FrameKind::method_invoke: {
      std::string method = str(), params = str(), options = rest();
      host.method_invoke(id, std::move(method), std::move(params), std::move(options));
      break;
    }
    case FrameKind::channel_deliver: host.channel_deliver(id, rest()); break;
    default: host.cancel(id); break;
  }
  if (!in.ok()) malformed(fmt::format("a malformed frame of kind {}", int(frame.kind)));
}

}  // namespace hobd

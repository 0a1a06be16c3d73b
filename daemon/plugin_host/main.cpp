// hob-plugin-host: runs one plugin, native or Lua, in a process of its own.
//
// Started by hobd alone, with the socket as descriptor 3 (plugins/frames.hpp says what travels on it). It takes its
// setup from the first frame, gives up what a plugin has no need of (confine.hpp), loads the plugin with the
// daemon's own loader, and then serves frames until hobd says stop or is gone.
#include "plugin_host/confine.hpp"
#include "plugin_host/frame_host.hpp"
#include "plugin_host/strand.hpp"

#include "plugins/plugin_loader.hpp"
#include "plugins/plugin_tables.hpp"

#include <fmt/format.h>
#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace hobd {
namespace {

constexpr int kSocket = 3;
constexpr std::chrono::milliseconds kLongHold{100};

class PluginProcess {
 public:
  explicit PluginProcess(Link& link, const Setup& setup)
      : link_(link),
        host_(link, setup, [this](hob_id task) { run_blocking(task); }),
        strand_(link, {[this](const Frame& frame) { serve(frame); },
                       [this](hob_id task) {
                         if (tables_.executor.run) enter("hob.executor/1 run", [&] { tables_.executor.run(plugin_, task); });
                       },
                       [this](hob_id timer) {
                         if (tables_.timer.fire) enter("timer fire", [&] { tables_.timer.fire(plugin_, timer); });
                       }}) {
    host_.set_strand(strand_);
  }

  /// Loads and activates; what it offers.
  Result<std::uint64_t> load(const Setup& setup) {
    using Language = PluginCode::Language;
    plugin_ = TRY(load_plugin({setup.code, setup.plugin_id, setup.lua ? Language::lua : Language::native}, host_.host()));
    try {
      tables_ = read_tables(plugin_);
    } catch (...) {
      return Error{Code::internal, "get_extension() threw"};
    }
    TRY(activate_plugin(plugin_, setup.config));
    return functions_of(tables_);
  }

  void run() { strand_.run(); }

  void destroy() {
    strand_.close();
    if (plugin_) enter("destroy", [&] { plugin_->destroy(plugin_); });
  }

 private:
  /// Runs `work` inside the plugin. Exceptions of the plugin end here; `on_throw` says what it was.
  template <class Work, class OnThrow>
  void enter(const char* name, Work work, OnThrow on_throw) {
    const auto began = std::chrono::steady_clock::now();
    try {
      work();
    } catch (const std::exception& e) {
      on_throw(fmt::format("{} threw: {}", name, e.what()));
    } catch (...) {
      on_throw(fmt::format("{} threw", name));
    }
    const auto held = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
    if (held > kLongHold)
      host_.log(kWarn, fmt::format("{} held the plugin's strand for {} ms; use executor.run_blocking to block",
                                                name, held.count()));
  }
  template <class Work>
  void enter(const char* name, Work work) {
    enter(name, std::move(work),
          [this](const std::string& thrown) { host_.log(4, fmt::format("rule exceptions: {}; none may leave a plugin", thrown)); });
  }
  static constexpr std::int32_t kWarn = 3;

  void serve(const Frame& frame) {
    Unpacker in(frame.payload());
    switch (frame.kind) {
      case FrameKind::call: return call(frame.id, in);
      case FrameKind::cancel:
        host_.mark_cancelled(frame.id);
        return enter("cancel", [&] { plugin_->cancel(plugin_, frame.id); });
      case FrameKind::message: {
        const auto is_text = in.number<std::uint8_t>();
        if (tables_.routes.message)
          enter("hob.routes/1 message", [&] { tables_.routes.message(plugin_, frame.id, is_text, to_hob(in.rest())); });
        return;
      }
      case FrameKind::event: return event(frame.id, in);
      case FrameKind::result: {
        const auto status = in.number<hob_status>();
        host_.operation_ended(frame.id);
        if (tables_.operation.result)
          enter("hob.operation/1 result", [&] { tables_.operation.result(plugin_, frame.id, status, to_hob(in.rest())); });
        return;
      }
      case FrameKind::ping: return (void)link_.send(FrameKind::pong, frame.id);
      case FrameKind::stop: return strand_.stop();
      default: host_.acknowledge(frame); return;
    }
  }

  void call(hob_id id, Unpacker& in) {
    const PluginFunction* function = function_at(in.number<std::uint16_t>());
    const bool listens = in.number<std::uint8_t>() != 0;
    CallText text;
    text.name = in.str();
    text.payload = in.str();
    text.extra = in.rest();
    host_.open_call(id, listens);
    if (!in.ok() || !function || !function->present(tables_)) {
      host_.finish(id, HOB_UNSUPPORTED, "the plugin doesn't offer this");
      return;
    }
    enter(function->log_name, [&] { function->enter(tables_, plugin_, id, text); },
          [&](const std::string& thrown) {
            host_.finish(id, HOB_INTERNAL, thrown);
            host_.log(4, fmt::format("rule exceptions: {}; none may leave a plugin", thrown));
          });
  }

  void event(hob_id operation, Unpacker& in) {
    const auto kind = in.number<std::uint32_t>();
    const std::string_view data = in.rest();
    if (kind == HOB_EVENT_HEAD) host_.websocket_is_open(operation);
    if (tables_.operation.event)
      enter("hob.operation/1 event", [&] { tables_.operation.event(plugin_, operation, kind, to_hob(data)); });
    host_.event_taken(operation, data.size());
  }

  void run_blocking(hob_id task) {
    if (!tables_.executor.run_blocking) return;
    try {
      tables_.executor.run_blocking(plugin_, task);
    } catch (const std::exception& e) {
      host_.log(4, fmt::format("run_blocking threw: {}", e.what()));
    } catch (...) {
      host_.log(4, "run_blocking threw");
    }
  }

  Link& link_;
  FrameHost host_;
  Strand strand_;
  hob_plugin* plugin_ = nullptr;
  PluginTables tables_;
};

Setup read_setup(Link& link) {
  Frame frame;
  while (!link.take(frame)) link.wait(nullptr);
  auto setup = Setup::unpack(frame.kind == FrameKind::setup ? frame.payload() : std::string_view{});
  if (setup.has_error()) {
    std::fprintf(stderr, "%s\n", setup.error().message.c_str());
    ::_exit(70);
  }
  return *std::move(setup);
}

void report_start(Link& link, const Result<std::uint64_t>& loaded) {
  const Error error = loaded.has_error() ? loaded.error() : Error{Code::ok, {}};
  const std::uint64_t functions = loaded.has_error() ? 0 : *loaded;
  const std::string payload = Packer().number(hob_status(error.code)).number(functions).rest(error.message).bytes();
  const std::string_view piece = payload;
  (void)link.send(FrameKind::started, 0, std::span(&piece, 1));
}

Result<std::uint64_t> confine_and_load(PluginProcess& plugin, const Setup& setup) {
  const Result<void> confined = confine(setup);
  if (confined.has_error()) return confined.error().with_context("this process can't be confined");
  return plugin.load(setup);
}

/// Never returns: the plugin's threads and static destructors are not waited for.
[[noreturn]] void run() {
  Link link(kSocket);
  const Setup setup = read_setup(link);
  auto* plugin = new PluginProcess(link, setup);  // as long as the process: the plugin's threads may use it to the end
  const Result<std::uint64_t> loaded = confine_and_load(*plugin, setup);
  report_start(link, loaded);
  if (!loaded.has_error()) {
    plugin->run();
    plugin->destroy();
  }
  link.drain(std::chrono::seconds(2));
  ::_exit(loaded.has_error() ? 1 : 0);
}

}  // namespace
}  // namespace hobd

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// A plugin's crash shall look like one to hobd, also in a build with sanitizers.
static const char* plain_signals() {
  return "handle_segv=0:handle_sigbus=0:handle_abort=0:handle_sigill=0:handle_sigfpe=0:detect_leaks=0:die_after_fork=0";
}
extern "C" const char* __asan_default_options() { return plain_signals(); }
extern "C" const char* __tsan_default_options() { return plain_signals(); }
#endif

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "hob-plugin-host is started by hobd: hob-plugin-host INSTANCE PARENT_PID\n");
    return 64;
  }
  // One plugin, few threads: an arena for each would cost more memory than contention costs time.
  mallopt(M_ARENA_MAX, 1);
  if (!hobd::settle(pid_t(std::atol(argv[2])))) return 1;
  hobd::run();
}

// The C tables of a hob::Plugin. Every function here catches everything: no exception crosses.
#pragma once

namespace hob::detail {

inline Json tool_schema(std::initializer_list<Arg> args) {
  JsonObject properties;
  JsonArray required;
  for (const Arg& arg : args) {
    std::string_view type = arg.type;
    const bool is_optional = type.ends_with('?');
    if (is_optional) type.remove_suffix(1);
    constexpr std::string_view known[] = {"string", "integer", "number", "boolean", "array", "object"};
    bool is_known = false;
    for (const std::string_view name : known) is_known = is_known || name == type;
    if (!is_known) {
      throw Error{invalid, "argument \"" + std::string(arg.name) + "\": unknown type \"" + std::string(type) + "\""};
    }
    JsonObject property{{"type", boost::json::string_view(type.data(), type.size())}};
    if (!arg.doc.empty()) property["description"] = boost::json::string_view(arg.doc.data(), arg.doc.size());
    properties[arg.name] = std::move(property);
    if (!is_optional) required.emplace_back(boost::json::string_view(arg.name.data(), arg.name.size()));
  }
  JsonObject schema{{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

struct Glue {
  static Plugin& self(hob_plugin* plugin) { return *static_cast<Plugin*>(plugin->plugin_data); }

  /// Runs `body`; what it throws becomes a line in the log.
  template <class Body>
  static void guard(hob_plugin* plugin, const char* where, Body body) noexcept {
    try {
      body(self(plugin));
    } catch (...) {
      self(plugin).log_error(where, current_error());
    }
  }
  /// Runs a handler with its Call; what it throws becomes the answer. A call that was answered before takes no
  /// second one: the host finds no such call.
  template <class Body>
  static void serve(hob_plugin* plugin, hob_id id, hob_str context, Body body) noexcept {
    Link& link = *self(plugin).link_;
    link.set_serving(id);
    try {
      Call call(link, id, std::string(view(context)));
      body(self(plugin), call);
    } catch (...) {
      const Error error = current_error();
      link.finish(id, error.code == ok ? internal : error.code, error.message);
    }
    link.set_serving(0);
  }
  static constexpr hob_str kNone{nullptr, 0};

  template <class P>
  static hob_status create(const hob_host* host, hob_plugin** out) {
    std::unique_ptr<Link> link;
    try {
      if (!host || host->abi_major != HOB_ABI_MAJOR || !HOB_HAS(host, get_extension)) return HOB_UNSUPPORTED;
      link = std::make_unique<Link>(host);
    } catch (...) {
      return HOB_INTERNAL;
    }
    const Link& log = *link;
    try {
      auto made = std::make_unique<P>();
      Plugin& plugin = *made;
      plugin.link_ = std::move(link);
      try {
        plugin.setup();
      } catch (...) {
        const Error error = current_error();
        log.log(HOB_LOG_ERROR, "setup: " + error.message);
        return error.code == ok ? internal : error.code;
      }
      plugin.abi_ = {sizeof(hob_plugin), HOB_ABI_MAJOR, HOB_ABI_MINOR, 0, &plugin,
                     activate, cancel, destroy, get_extension};
      *out = &plugin.abi_;
      made.release();
      return HOB_OK;
    } catch (...) {
      if (link) link->log(HOB_LOG_ERROR, "create: " + current_error().message);
      return HOB_INTERNAL;
    }
  }

  static hob_status apply_config(Plugin& plugin, std::string_view text) {
    Json next = text.empty() ? Json(JsonObject()) : Json::parse(text, Plugin::kDepth);
    std::swap(plugin.config_, next);
    try {
      plugin.configure();
    } catch (...) {
      std::swap(plugin.config_, next);
      throw;
    }
    return HOB_OK;
  }
  static hob_status activate(hob_plugin* plugin, hob_str config) {
    try {
      return apply_config(self(plugin), view(config));
    } catch (...) {
      const Error error = current_error();
      self(plugin).link_->log(HOB_LOG_ERROR, "activate: " + error.message);
      return error.code == ok ? internal : error.code;
    }
  }
  static void configure(hob_plugin* plugin, hob_id id, hob_str config) {
    serve(plugin, id, kNone, [&](Plugin& p, Call& call) {
      apply_config(p, view(config));
      call.finish_bytes("{}");
    });
  }
  static void cancel(hob_plugin* plugin, hob_id call) {
    guard(plugin, "cancel", [&](Plugin& p) {
      p.link_->cancel(call);
      const auto key = p.frame_of_call_.find(call);
      if (key == p.frame_of_call_.end()) return;
      const auto frame = p.frames_.find(key->second);
      if (frame != p.frames_.end()) frame->second->scope.cancel();
    });
  }
  static void destroy(hob_plugin* plugin) {
    try {
      const std::unique_ptr<Plugin> owned(&self(plugin));
      owned->frames_.clear();  // background tasks end while the members they use still live
    } catch (...) {
      return;  // the plugin is gone, and so is its log
    }
  }

  static void tool_describe(hob_plugin* plugin, hob_id id) {
    serve(plugin, id, kNone, [&](Plugin& p, Call& call) {
      JsonArray list;
      for (const auto& [name, tool] : p.tools_) {
        list.push_back({{"name", name}, {"description", tool.doc}, {"parameters", tool.parameters}});
      }
      call.finish(Json{{"tools", std::move(list)}});
    });
  }
  static void tool_invoke(hob_plugin* plugin, hob_id id, hob_str name, hob_str args, hob_str context) {
    serve(plugin, id, context, [&](Plugin& p, Call& call) {
      const auto tool = p.tools_.find(std::string(view(name)));
      if (tool == p.tools_.end()) throw Error{not_found, "no tool \"" + std::string(view(name)) + "\" here"};
      tool->second.run(view(args), std::move(call));
    });
  }
  static void method_invoke(hob_plugin* plugin, hob_id id, hob_str name, hob_str params, hob_str user) {
    serve(plugin, id, user, [&](Plugin& p, Call& call) {
      const auto method = p.methods_.find(view(name));
      if (method == p.methods_.end()) throw Error{not_found, "no method \"" + std::string(view(name)) + "\" here"};
      method->second(view(params), std::move(call));
    });
  }
  static void provider_complete(hob_plugin* plugin, hob_id id, hob_str request) {
    serve(plugin, id, kNone, [&](Plugin& p, Call& call) { p.complete_(view(request), std::move(call)); });
  }
  static void provider_models(hob_plugin* plugin, hob_id id) {
    serve(plugin, id, kNone, [&](Plugin& p, Call& call) { p.models_(std::move(call)); });
  }
  static void embedder_describe(hob_plugin* plugin, hob_id id) {
    serve(plugin, id, kNone, [&](Plugin& p, Call& call) { p.describe_(std::move(call)); });
  }
  static void embedder_embed(hob_plugin* plugin, hob_id id, hob_str request) {
    serve(plugin, id, kNone, [&](Plugin& p, Call& call) { p.embed_(view(request), std::move(call)); });
  }
  static void channel_start(hob_plugin* plugin, hob_id id) {
    serve(plugin, id, kNone, [&](Plugin& p, Call& call) { p.start_(std::move(call)); });
  }
  static void channel_stop(hob_plugin* plugin, hob_id id) {
    serve(plugin, id, kNone, [&](Plugin& p, Call& call) { p.stop_(std::move(call)); });
  }
  static void channel_send(hob_plugin* plugin, hob_id id, hob_str message) {
    serve(plugin, id, kNone, [&](Plugin& p, Call& call) { p.send_(view(message), std::move(call)); });
  }
  static void routes_request(hob_plugin* plugin, hob_id id, hob_str head, hob_str body) {
    serve(plugin, id, kNone, [&](Plugin& p, Call& call) {
      Request request(id, view(head), view(body));
      const auto route = p.routes_.find(request.route());
      if (route == p.routes_.end()) throw Error{not_found, "no route " + std::string(request.route())};
      auto handler = route->second.find(std::string(request.method()));
      if (handler == route->second.end()) handler = route->second.find("");
      if (handler == route->second.end()) {
        throw Error{unsupported, std::string(request.method()) + " is not served at " + std::string(request.route())};
      }
      handler->second(std::move(request), std::move(call));
    });
  }
  static void routes_message(hob_plugin* plugin, hob_id call, std::int32_t is_text, hob_str data) {
    guard(plugin, "WebSocket message", [&](Plugin& p) { p.link_->message(call, is_text != 0, view(data)); });
  }
  static void operation_event(hob_plugin* plugin, hob_id id, std::uint32_t kind, hob_str data) {
    guard(plugin, "operation event", [&](Plugin& p) { p.link_->event(id, kind, view(data)); });
  }
  static void operation_result(hob_plugin* plugin, hob_id id, hob_status status, hob_str result) {
    guard(plugin, "operation result", [&](Plugin& p) { p.link_->result(id, to_code(status), view(result)); });
  }
  static void timer_fire(hob_plugin* plugin, hob_id timer) {
    guard(plugin, "timer", [&](Plugin& p) { p.link_->fire(timer); });
  }
  static void executor_run(hob_plugin* plugin, hob_id task) {
    guard(plugin, "posted task", [&](Plugin& p) { p.link_->run(task); });
  }

  static const void* get_extension(hob_plugin* plugin, const char* id) {
    static constexpr hob_ext_operation operation{sizeof operation, 0, operation_event, operation_result};
    static constexpr hob_ext_timer timer{sizeof timer, 0, timer_fire};
    static constexpr hob_ext_executor executor{sizeof executor, 0, executor_run, executor_run};
    static constexpr hob_ext_config config{sizeof config, 0, configure};
    static constexpr hob_ext_tool tool{sizeof tool, 0, tool_describe, tool_invoke};
    static constexpr hob_ext_method method{sizeof method, 0, method_invoke};
    static constexpr hob_ext_provider provider{sizeof provider, 0, provider_complete, provider_models};
    static constexpr hob_ext_embedder embedder{sizeof embedder, 0, embedder_describe, embedder_embed};
    static constexpr hob_ext_channel channel{sizeof channel, 0, channel_start, channel_stop, channel_send};
    static constexpr hob_ext_routes routes{sizeof routes, 0, routes_request, routes_message};

    const Plugin& p = self(plugin);
    const std::string_view name(id ? id : "");
    const auto if_offered = [](bool is_offered, const void* table) { return is_offered ? table : nullptr; };
    if (name == HOB_EXT_OPERATION) return &operation;
    if (name == HOB_EXT_TIMER) return &timer;
    if (name == HOB_EXT_EXECUTOR) return &executor;
    if (name == HOB_EXT_CONFIG) return &config;
    if (name == HOB_EXT_TOOL) return if_offered(!p.tools_.empty(), &tool);
    if (name == HOB_EXT_METHOD) return if_offered(!p.methods_.empty(), &method);
    if (name == HOB_EXT_PROVIDER) return if_offered(p.complete_ != nullptr, &provider);
    if (name == HOB_EXT_EMBEDDER) return if_offered(p.embed_ != nullptr, &embedder);
    if (name == HOB_EXT_CHANNEL) return if_offered(p.send_ != nullptr, &channel);
    if (name == HOB_EXT_ROUTES) return if_offered(!p.routes_.empty(), &routes);
    return nullptr;
  }
};

}  // namespace hob::detail

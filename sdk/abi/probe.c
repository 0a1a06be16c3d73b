/* Made by sdk/tools/make_probe.py from sdk/include/hob; not for editing.
 *
 * hob_print_layout() prints the size of every public struct and the place of every field, the numbers and the extension ids, as this
 * compiler sees them. The snapshots layout-*.txt hold what it printed for each release. A C program, rather than clang's
 * -fdump-record-layouts-complete: it runs with the compiler that builds Hob, on every architecture, and says constants and ids too.
 *
 * Compiled as a library with -g, its variables, one of each struct, are what abidiff compares. */
#include <hob/plugin.h>
#include <hob/ext/tool.h>
#include <hob/ext/provider.h>
#include <hob/ext/embedder.h>
#include <hob/ext/channel.h>
#include <hob/ext/routes.h>
#include <hob/ext/method.h>
#include <hob/ext/config.h>
#include <hob/ext/http.h>
#include <hob/ext/websocket.h>
#include <hob/ext/kv.h>
#include <hob/ext/timer.h>
#include <hob/ext/secret.h>
#include <hob/ext/executor.h>
#include <hob/ext/clock.h>
#include <hob/ext/log.h>

#include <stdio.h>

HOB_EXPORT extern hob_str hob_probe_hob_str;
hob_str hob_probe_hob_str;
HOB_EXPORT extern struct hob_host hob_probe_hob_host;
struct hob_host hob_probe_hob_host;
HOB_EXPORT extern struct hob_plugin hob_probe_hob_plugin;
struct hob_plugin hob_probe_hob_plugin;
HOB_EXPORT extern hob_entry hob_probe_hob_entry;
hob_entry hob_probe_hob_entry;
HOB_EXPORT extern hob_host_call hob_probe_hob_host_call;
hob_host_call hob_probe_hob_host_call;
HOB_EXPORT extern hob_ext_operation hob_probe_hob_ext_operation;
hob_ext_operation hob_probe_hob_ext_operation;
HOB_EXPORT extern hob_ext_tool hob_probe_hob_ext_tool;
hob_ext_tool hob_probe_hob_ext_tool;
HOB_EXPORT extern hob_ext_provider hob_probe_hob_ext_provider;
hob_ext_provider hob_probe_hob_ext_provider;
HOB_EXPORT extern hob_ext_embedder hob_probe_hob_ext_embedder;
hob_ext_embedder hob_probe_hob_ext_embedder;
HOB_EXPORT extern hob_ext_channel hob_probe_hob_ext_channel;
hob_ext_channel hob_probe_hob_ext_channel;
HOB_EXPORT extern hob_host_channel hob_probe_hob_host_channel;
hob_host_channel hob_probe_hob_host_channel;
HOB_EXPORT extern hob_ext_routes hob_probe_hob_ext_routes;
hob_ext_routes hob_probe_hob_ext_routes;
HOB_EXPORT extern hob_host_method hob_probe_hob_host_method;
hob_host_method hob_probe_hob_host_method;
HOB_EXPORT extern hob_ext_method hob_probe_hob_ext_method;
hob_ext_method hob_probe_hob_ext_method;
HOB_EXPORT extern hob_ext_config hob_probe_hob_ext_config;
hob_ext_config hob_probe_hob_ext_config;
HOB_EXPORT extern hob_host_http hob_probe_hob_host_http;
hob_host_http hob_probe_hob_host_http;
HOB_EXPORT extern hob_host_websocket hob_probe_hob_host_websocket;
hob_host_websocket hob_probe_hob_host_websocket;
HOB_EXPORT extern hob_host_kv hob_probe_hob_host_kv;
hob_host_kv hob_probe_hob_host_kv;
HOB_EXPORT extern hob_host_timer hob_probe_hob_host_timer;
hob_host_timer hob_probe_hob_host_timer;
HOB_EXPORT extern hob_ext_timer hob_probe_hob_ext_timer;
hob_ext_timer hob_probe_hob_ext_timer;
HOB_EXPORT extern hob_host_secret hob_probe_hob_host_secret;
hob_host_secret hob_probe_hob_host_secret;
HOB_EXPORT extern hob_host_executor hob_probe_hob_host_executor;
hob_host_executor hob_probe_hob_host_executor;
HOB_EXPORT extern hob_ext_executor hob_probe_hob_ext_executor;
hob_ext_executor hob_probe_hob_ext_executor;
HOB_EXPORT extern hob_host_clock hob_probe_hob_host_clock;
hob_host_clock hob_probe_hob_host_clock;
HOB_EXPORT extern hob_host_log hob_probe_hob_host_log;
hob_host_log hob_probe_hob_host_log;

#define STRUCT(type) fprintf(out, "struct %s size %zu\n", #type, sizeof(type))
#define FIELD(type, field) \
  fprintf(out, "field %s.%s offset %zu size %zu\n", #type, #field, offsetof(type, field), sizeof(((type *)0)->field))
#define NUMBER(name) fprintf(out, "number %s %lld\n", #name, (long long)name)
#define ID(name) fprintf(out, "id %s %s\n", #name, name)

HOB_EXPORT void hob_print_layout(FILE *out);
void hob_print_layout(FILE *out) {
  fprintf(out, "type hob_status size %zu\ntype hob_id size %zu\n", sizeof(hob_status), sizeof(hob_id));
  ID(HOB_HOST_CALL);
  ID(HOB_EXT_OPERATION);
  NUMBER(HOB_ABI_MAJOR);
  NUMBER(HOB_ABI_MINOR);
  NUMBER(HOB_OK);
  NUMBER(HOB_INTERNAL);
  NUMBER(HOB_NOT_FOUND);
  NUMBER(HOB_INVALID);
  NUMBER(HOB_DENIED);
  NUMBER(HOB_CANCELLED);
  NUMBER(HOB_TIMEOUT);
  NUMBER(HOB_UNAVAILABLE);
  NUMBER(HOB_UNSUPPORTED);
  NUMBER(HOB_OVERLOADED);
  NUMBER(HOB_EVENT_HEAD);
  NUMBER(HOB_EVENT_DATA);
  NUMBER(HOB_EVENT_BINARY);
  STRUCT(hob_str);
  FIELD(hob_str, data);
  FIELD(hob_str, size);
  STRUCT(hob_host);
  FIELD(hob_host, struct_size);
  FIELD(hob_host, abi_major);
  FIELD(hob_host, abi_minor);
  FIELD(hob_host, reserved);
  FIELD(hob_host, host_data);
  FIELD(hob_host, get_extension);
  STRUCT(hob_plugin);
  FIELD(hob_plugin, struct_size);
  FIELD(hob_plugin, abi_major);
  FIELD(hob_plugin, abi_minor);
  FIELD(hob_plugin, reserved);
  FIELD(hob_plugin, plugin_data);
  FIELD(hob_plugin, activate);
  FIELD(hob_plugin, cancel);
  FIELD(hob_plugin, destroy);
  FIELD(hob_plugin, get_extension);
  STRUCT(hob_entry);
  FIELD(hob_entry, struct_size);
  FIELD(hob_entry, abi_major);
  FIELD(hob_entry, abi_minor);
  FIELD(hob_entry, reserved);
  FIELD(hob_entry, plugin_id);
  FIELD(hob_entry, create);
  STRUCT(hob_host_call);
  FIELD(hob_host_call, struct_size);
  FIELD(hob_host_call, reserved);
  FIELD(hob_host_call, emit);
  FIELD(hob_host_call, finish);
  FIELD(hob_host_call, is_cancelled);
  STRUCT(hob_ext_operation);
  FIELD(hob_ext_operation, struct_size);
  FIELD(hob_ext_operation, reserved);
  FIELD(hob_ext_operation, event);
  FIELD(hob_ext_operation, result);
  ID(HOB_EXT_TOOL);
  STRUCT(hob_ext_tool);
  FIELD(hob_ext_tool, struct_size);
  FIELD(hob_ext_tool, reserved);
  FIELD(hob_ext_tool, describe);
  FIELD(hob_ext_tool, invoke);
  ID(HOB_EXT_PROVIDER);
  STRUCT(hob_ext_provider);
  FIELD(hob_ext_provider, struct_size);
  FIELD(hob_ext_provider, reserved);
  FIELD(hob_ext_provider, complete);
  FIELD(hob_ext_provider, models);
  ID(HOB_EXT_EMBEDDER);
  STRUCT(hob_ext_embedder);
  FIELD(hob_ext_embedder, struct_size);
  FIELD(hob_ext_embedder, reserved);
  FIELD(hob_ext_embedder, describe);
  FIELD(hob_ext_embedder, embed);
  ID(HOB_EXT_CHANNEL);
  ID(HOB_HOST_CHANNEL);
  STRUCT(hob_ext_channel);
  FIELD(hob_ext_channel, struct_size);
  FIELD(hob_ext_channel, reserved);
  FIELD(hob_ext_channel, start);
  FIELD(hob_ext_channel, stop);
  FIELD(hob_ext_channel, send);
  STRUCT(hob_host_channel);
  FIELD(hob_host_channel, struct_size);
  FIELD(hob_host_channel, reserved);
  FIELD(hob_host_channel, deliver);
  ID(HOB_EXT_ROUTES);
  STRUCT(hob_ext_routes);
  FIELD(hob_ext_routes, struct_size);
  FIELD(hob_ext_routes, reserved);
  FIELD(hob_ext_routes, request);
  FIELD(hob_ext_routes, message);
  ID(HOB_HOST_METHOD);
  ID(HOB_EXT_METHOD);
  STRUCT(hob_host_method);
  FIELD(hob_host_method, struct_size);
  FIELD(hob_host_method, reserved);
  FIELD(hob_host_method, invoke);
  FIELD(hob_host_method, cancel);
  STRUCT(hob_ext_method);
  FIELD(hob_ext_method, struct_size);
  FIELD(hob_ext_method, reserved);
  FIELD(hob_ext_method, invoke);
  ID(HOB_EXT_CONFIG);
  STRUCT(hob_ext_config);
  FIELD(hob_ext_config, struct_size);
  FIELD(hob_ext_config, reserved);
  FIELD(hob_ext_config, configure);
  ID(HOB_HOST_HTTP);
  STRUCT(hob_host_http);
  FIELD(hob_host_http, struct_size);
  FIELD(hob_host_http, reserved);
  FIELD(hob_host_http, request);
  FIELD(hob_host_http, cancel);
  ID(HOB_HOST_WEBSOCKET);
  STRUCT(hob_host_websocket);
  FIELD(hob_host_websocket, struct_size);
  FIELD(hob_host_websocket, reserved);
  FIELD(hob_host_websocket, open);
  FIELD(hob_host_websocket, send);
  FIELD(hob_host_websocket, close);
  ID(HOB_HOST_KV);
  STRUCT(hob_host_kv);
  FIELD(hob_host_kv, struct_size);
  FIELD(hob_host_kv, reserved);
  FIELD(hob_host_kv, get);
  FIELD(hob_host_kv, set);
  FIELD(hob_host_kv, remove);
  FIELD(hob_host_kv, list);
  ID(HOB_HOST_TIMER);
  ID(HOB_EXT_TIMER);
  STRUCT(hob_host_timer);
  FIELD(hob_host_timer, struct_size);
  FIELD(hob_host_timer, reserved);
  FIELD(hob_host_timer, start);
  FIELD(hob_host_timer, stop);
  STRUCT(hob_ext_timer);
  FIELD(hob_ext_timer, struct_size);
  FIELD(hob_ext_timer, reserved);
  FIELD(hob_ext_timer, fire);
  ID(HOB_HOST_SECRET);
  STRUCT(hob_host_secret);
  FIELD(hob_host_secret, struct_size);
  FIELD(hob_host_secret, reserved);
  FIELD(hob_host_secret, read);
  ID(HOB_HOST_EXECUTOR);
  ID(HOB_EXT_EXECUTOR);
  STRUCT(hob_host_executor);
  FIELD(hob_host_executor, struct_size);
  FIELD(hob_host_executor, reserved);
  FIELD(hob_host_executor, post);
  FIELD(hob_host_executor, run_blocking);
  STRUCT(hob_ext_executor);
  FIELD(hob_ext_executor, struct_size);
  FIELD(hob_ext_executor, reserved);
  FIELD(hob_ext_executor, run);
  FIELD(hob_ext_executor, run_blocking);
  ID(HOB_HOST_CLOCK);
  STRUCT(hob_host_clock);
  FIELD(hob_host_clock, struct_size);
  FIELD(hob_host_clock, reserved);
  FIELD(hob_host_clock, now_us);
  FIELD(hob_host_clock, monotonic_us);
  ID(HOB_HOST_LOG);
  NUMBER(HOB_LOG_TRACE);
  NUMBER(HOB_LOG_DEBUG);
  NUMBER(HOB_LOG_INFO);
  NUMBER(HOB_LOG_WARN);
  NUMBER(HOB_LOG_ERROR);
  STRUCT(hob_host_log);
  FIELD(hob_host_log, struct_size);
  FIELD(hob_host_log, reserved);
  FIELD(hob_host_log, write);
}

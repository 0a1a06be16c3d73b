/* The C plugin of this release's frozen set: answers, streams, waits until it is cancelled, uses kv. Built with the frozen headers on
 * every run of the tests; its binary lies beside, as a stranger built it then. */
#include <hob/c/text.h>
#include <hob/ext/kv.h>
#include <hob/ext/tool.h>

enum { MAX_WAITING = 16 };

typedef struct {
  hob_plugin plugin;
  const hob_host *host;
  const hob_host_call *call;
  const hob_host_kv *kv;
  hob_id waits[MAX_WAITING]; /* calls of "wait" */
  hob_id kv_call, kv_operation;
} old;

static old *self(hob_plugin *plugin) { return (old *)plugin->plugin_data; }
static void answer(old *me, hob_id call, hob_status status, const char *text) { me->call->finish(me->host, call, status, hob_text(text)); }

static void describe(hob_plugin *plugin, hob_id call) {
  answer(self(plugin), call, HOB_OK,
         "{\"tools\":["
         "{\"name\":\"echo\",\"description\":\"Answers what it got.\",\"parameters\":{\"type\":\"object\"}},"
         "{\"name\":\"stream\",\"description\":\"Streams.\",\"parameters\":{\"type\":\"object\"}},"
         "{\"name\":\"wait\",\"description\":\"Waits until it is cancelled.\",\"parameters\":{\"type\":\"object\"}},"
         "{\"name\":\"keep\",\"description\":\"Keeps a value.\",\"parameters\":{\"type\":\"object\"}}]}");
}

static void invoke(hob_plugin *plugin, hob_id call, hob_str name, hob_str arguments, hob_str context) {
  old *me = self(plugin);
  int i;
  (void)context;
  if (hob_equals(name, "echo")) {
    me->call->finish(me->host, call, HOB_OK, arguments);
  } else if (hob_equals(name, "stream")) {
    me->call->emit(me->host, call, hob_text("one"));
    me->call->emit(me->host, call, hob_text("two"));
    answer(me, call, HOB_OK, "\"done\"");
  } else if (hob_equals(name, "wait")) {
    for (i = 0; i < MAX_WAITING; ++i)
      if (me->waits[i] == 0) {
        me->waits[i] = call;
        return;
      }
    answer(me, call, HOB_OVERLOADED, "too many wait");
  } else if (hob_equals(name, "keep")) {
    if (!me->kv) {
      answer(me, call, HOB_DENIED, "add \"kv\": \"1MiB\" to \"permissions\"");
      return;
    }
    if (me->kv_call) {
      answer(me, call, HOB_OVERLOADED, "one at a time");
      return;
    }
    me->kv_call = call;
    me->kv->set(me->host, ++me->kv_operation, hob_text("key"), hob_text("value"));
  } else {
    answer(me, call, HOB_NOT_FOUND, "no such tool here");
  }
}

static void event(hob_plugin *plugin, hob_id operation, uint32_t kind, hob_str data) {
  (void)plugin;
  (void)operation;
  (void)kind;
  (void)data;
}
/* keep: the set is answered by a get of the same key, whose value is the answer. Odd operations set, even ones get. */
static void result(hob_plugin *plugin, hob_id operation, hob_status status, hob_str data) {
  old *me = self(plugin);
  hob_buffer out = {0};
  if (operation != me->kv_operation || me->kv_call == 0) return;
  if (status == HOB_OK && operation % 2 == 1) {
    me->kv->get(me->host, ++me->kv_operation, hob_text("key"));
    return;
  }
  if (operation % 2 == 1) ++me->kv_operation;
  if (status == HOB_OK) hob_append_quoted(&out, data);
  me->call->finish(me->host, me->kv_call, status, status == HOB_OK ? hob_written(&out) : data);
  me->kv_call = 0;
  hob_free(&out);
}

static hob_status activate(hob_plugin *plugin, hob_str config) {
  (void)plugin;
  (void)config;
  return HOB_OK;
}
static void cancel(hob_plugin *plugin, hob_id call) {
  old *me = self(plugin);
  int i;
  for (i = 0; i < MAX_WAITING; ++i)
    if (call != 0 && me->waits[i] == call) {
      me->waits[i] = 0;
      answer(me, call, HOB_CANCELLED, "cancelled, as asked");
    }
}
static void destroy(hob_plugin *plugin) { free(self(plugin)); }

static const void *get_extension(hob_plugin *plugin, const char *id) {
  static const hob_ext_tool tool = {sizeof(hob_ext_tool), 0, describe, invoke};
  static const hob_ext_operation operation = {sizeof(hob_ext_operation), 0, event, result};
  (void)plugin;
  if (strcmp(id, HOB_EXT_TOOL) == 0) return &tool;
  if (strcmp(id, HOB_EXT_OPERATION) == 0) return &operation;
  return NULL;
}

static hob_status create(const hob_host *host, hob_plugin **out) {
  old *made;
  if (host->abi_major != HOB_ABI_MAJOR) return HOB_UNSUPPORTED;
  made = (old *)calloc(1, sizeof *made);
  if (!made) return HOB_OVERLOADED;
  made->host = host;
  made->call = (const hob_host_call *)host->get_extension(host, HOB_HOST_CALL);
  made->kv = (const hob_host_kv *)host->get_extension(host, HOB_HOST_KV);
  made->plugin.struct_size = sizeof(hob_plugin);
  made->plugin.abi_major = HOB_ABI_MAJOR;
  made->plugin.abi_minor = HOB_ABI_MINOR;
  made->plugin.plugin_data = made;
  made->plugin.activate = activate;
  made->plugin.cancel = cancel;
  made->plugin.destroy = destroy;
  made->plugin.get_extension = get_extension;
  *out = &made->plugin;
  return HOB_OK;
}

HOB_EXPORT extern const hob_entry hob_plugin_entry;
const hob_entry hob_plugin_entry = {sizeof(hob_entry), HOB_ABI_MAJOR, HOB_ABI_MINOR, 0, PLUGIN_ID, create};

/* A tool in C99: rolls a die. Shows the ABI bare; it answers at once, so it needs no operations. */
#include <hob/ext/tool.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  hob_plugin plugin; /* first, so that the one is found from the other */
  const hob_host *host;
  const hob_host_call *call;
  unsigned state;
} dice;

static dice *self(hob_plugin *plugin) { return (dice *)plugin->plugin_data; }

static hob_str text(const char *s) {
  hob_str out;
  out.data = s;
  out.size = strlen(s);
  return out;
}

static void describe(hob_plugin *plugin, hob_id call) {
  dice *me = self(plugin);
  me->call->finish(me->host, call, HOB_OK,
                   text("{\"tools\":[{\"name\":\"roll_die\",\"description\":\"Roll one six-sided die.\","
                        "\"parameters\":{\"type\":\"object\",\"properties\":{}}}]}"));
}

static void invoke(hob_plugin *plugin, hob_id call, hob_str name, hob_str arguments, hob_str context) {
  dice *me = self(plugin);
  char result[32];
  (void)arguments;
  (void)context;
  if (name.size != 8 || memcmp(name.data, "roll_die", 8) != 0) {
    me->call->finish(me->host, call, HOB_NOT_FOUND, text("this plugin has the tool roll_die alone"));
    return;
  }
  me->state = me->state * 1664525u + 1013904223u;
  snprintf(result, sizeof result, "{\"value\":%u}", 1u + (me->state >> 16) % 6u);
  me->call->finish(me->host, call, HOB_OK, text(result));
}

static hob_status activate(hob_plugin *plugin, hob_str config) {
  (void)plugin;
  (void)config;
  return HOB_OK;
}
static void cancel(hob_plugin *plugin, hob_id call) {
  (void)plugin;
  (void)call;
}
static void destroy(hob_plugin *plugin) { free(self(plugin)); }

static const void *get_extension(hob_plugin *plugin, const char *id) {
  static const hob_ext_tool tool = {sizeof(hob_ext_tool), 0, describe, invoke};
  (void)plugin;
  return strcmp(id, HOB_EXT_TOOL) == 0 ? &tool : NULL;
}

static hob_status create(const hob_host *host, hob_plugin **out) {
  dice *me = (dice *)calloc(1, sizeof *me);
  if (!me) return HOB_OVERLOADED;
  me->host = host;
  me->call = (const hob_host_call *)host->get_extension(host, HOB_HOST_CALL);
  if (!me->call) {
    free(me);
    return HOB_UNSUPPORTED;
  }
  me->state = (unsigned)(size_t)me;
  me->plugin.struct_size = sizeof(hob_plugin);
  me->plugin.abi_major = HOB_ABI_MAJOR;
  me->plugin.abi_minor = HOB_ABI_MINOR;
  me->plugin.plugin_data = me;
  me->plugin.activate = activate;
  me->plugin.cancel = cancel;
  me->plugin.destroy = destroy;
  me->plugin.get_extension = get_extension;
  *out = &me->plugin;
  return HOB_OK;
}

HOB_EXPORT extern const hob_entry hob_plugin_entry;
const hob_entry hob_plugin_entry = {sizeof(hob_entry), HOB_ABI_MAJOR, HOB_ABI_MINOR, 0, "org.example.dice_c", create};

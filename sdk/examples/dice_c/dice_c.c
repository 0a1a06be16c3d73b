/* A tool in C99: rolls a die. Shows the ABI bare; it answers at once, so it needs no operations. */
#include <hob/c/text.h>
#include <hob/ext/tool.h>

typedef struct {
  hob_plugin plugin; /* first, so that the one is found from the other */
  const hob_host *host;
  const hob_host_call *call;
  unsigned state;
} dice;

static dice *self(hob_plugin *plugin) { return (dice *)plugin->plugin_data; }

static void answer(hob_plugin *plugin, hob_id call, hob_status status, const char *text) {
  self(plugin)->call->finish(self(plugin)->host, call, status, hob_text(text));
}

static void describe(hob_plugin *plugin, hob_id call) {
  answer(plugin, call, HOB_OK,
         "{\"tools\":[{\"name\":\"roll_die\",\"description\":\"Roll one die.\",\"parameters\":{\"type\":\"object\","
         "\"properties\":{\"sides\":{\"type\":\"integer\",\"description\":\"How many sides it has; 6 if left out.\"}},"
         "\"additionalProperties\":false}}]}");
}

static void invoke(hob_plugin *plugin, hob_id call, hob_str name, hob_str arguments, hob_str context) {
  dice *me = self(plugin);
  const hob_str given = hob_member(arguments, "sides");
  long long sides = 6;
  char result[48];
  (void)context;
  if (!hob_equals(name, "roll_die")) {
    answer(plugin, call, HOB_NOT_FOUND, "this plugin has the tool roll_die alone");
    return;
  }
  if (given.size > 0 && !hob_equals(given, "null") && !hob_integer(given, &sides)) {
    answer(plugin, call, HOB_INVALID, "\"sides\" must be an integer");
    return;
  }
  if (sides < 1) {
    answer(plugin, call, HOB_INVALID, "a die has at least one side");
    return;
  }
  me->state = me->state * 1664525u + 1013904223u;
  snprintf(result, sizeof result, "{\"value\":%lld}", 1 + (long long)(me->state >> 8) % sides);
  answer(plugin, call, HOB_OK, result);
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
  dice *me;
  if (host->abi_major != HOB_ABI_MAJOR) return HOB_UNSUPPORTED;
  me = (dice *)calloc(1, sizeof *me);
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

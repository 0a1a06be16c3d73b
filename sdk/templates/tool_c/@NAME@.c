/* A tool: what it takes, what it says, what it does. The model reads the two texts. */
#include <hob/c/text.h>
#include <hob/ext/tool.h>

typedef struct {
  hob_plugin plugin;
  const hob_host *host;
  const hob_host_call *call;
} @NAME@_plugin;

static @NAME@_plugin *self(hob_plugin *plugin) { return (@NAME@_plugin *)plugin->plugin_data; }

static void answer(hob_plugin *plugin, hob_id call, hob_status status, const char *text) {
  self(plugin)->call->finish(self(plugin)->host, call, status, hob_text(text));
}

static void describe(hob_plugin *plugin, hob_id call) {
  answer(plugin, call, HOB_OK,
         "{\"tools\":[{\"name\":\"@NAME@\",\"description\":\"Count the words of a text.\",\"parameters\":{"
         "\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\",\"description\":\"The text to look at.\"}},"
         "\"required\":[\"text\"],\"additionalProperties\":false}}]}");
}

static void invoke(hob_plugin *plugin, hob_id call, hob_str name, hob_str arguments, hob_str context) {
  hob_buffer text = {0};
  char result[48];
  int words = 0, in_word = 0;
  size_t i;
  (void)context;
  if (!hob_equals(name, "@NAME@")) {
    answer(plugin, call, HOB_NOT_FOUND, "this plugin has one tool, @NAME@");
    return;
  }
  if (!hob_append_unquoted(&text, hob_member(arguments, "text")) || text.failed) {
    answer(plugin, call, text.failed ? HOB_OVERLOADED : HOB_INVALID, "\"text\" must be a text");
    hob_free(&text);
    return;
  }
  for (i = 0; i < text.size; ++i) {
    const int is_space = strchr(" \t\r\n\v\f", text.data[i]) != NULL && text.data[i] != 0;
    if (!is_space && !in_word) ++words;
    in_word = !is_space;
  }
  hob_free(&text);
  snprintf(result, sizeof result, "{\"words\":%d}", words);
  answer(plugin, call, HOB_OK, result);
}

static hob_status activate(hob_plugin *plugin, hob_str config) {
  (void)plugin;
  (void)config;
  return HOB_OK;
}
static void cancel(hob_plugin *plugin, hob_id call) { /* every call is answered at once */
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
  @NAME@_plugin *made;
  if (host->abi_major != HOB_ABI_MAJOR) return HOB_UNSUPPORTED;
  made = (@NAME@_plugin *)calloc(1, sizeof *made);
  if (!made) return HOB_OVERLOADED;
  made->host = host;
  made->call = (const hob_host_call *)host->get_extension(host, HOB_HOST_CALL);
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
const hob_entry hob_plugin_entry = {sizeof(hob_entry), HOB_ABI_MAJOR, HOB_ABI_MINOR, 0, "@ID@", create};

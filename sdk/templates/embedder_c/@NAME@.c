/* An embedder that needs no model: counts groups of three letters. Good enough to find spelling variants; put your own
 * model in place of embed_one(). */
#include <hob/c/text.h>
#include <hob/ext/embedder.h>

#include <ctype.h>
#include <math.h>

enum { DIMENSION = 64, MAX_BATCH = 256 };

typedef struct {
  hob_plugin plugin;
  const hob_host *host;
  const hob_host_call *call;
} @NAME@_plugin;

static @NAME@_plugin *self(hob_plugin *plugin) { return (@NAME@_plugin *)plugin->plugin_data; }

static void answer(hob_plugin *plugin, hob_id call, hob_status status, const char *text) {
  self(plugin)->call->finish(self(plugin)->host, call, status, hob_text(text));
}

/* The name changes whenever the vectors do: Hob never compares vectors of two names. */
static void describe(hob_plugin *plugin, hob_id call) {
  answer(plugin, call, HOB_OK, "{\"model\":\"@NAME@-letters-1\",\"dimension\":64,\"max_batch\":256}");
}

static void embed_one(const char *text, size_t size, float *row) {
  size_t i, k;
  float length = 0;
  for (i = 0; i < size; ++i) { /* of " text ": place 0 and place size + 1 are spaces */
    unsigned hash = 2166136261u;
    for (k = i; k < i + 3; ++k) {
      const int c = k == 0 || k > size ? ' ' : tolower((unsigned char)text[k - 1]);
      hash = (hash ^ (unsigned)c) * 16777619u;
    }
    row[hash % DIMENSION] += 1;
  }
  for (i = 0; i < DIMENSION; ++i) length += row[i] * row[i];
  for (i = 0; i < DIMENSION && length > 0; ++i) row[i] /= sqrtf(length);
}

static void embed(hob_plugin *plugin, hob_id call, hob_str request) {
  const hob_str input = hob_member(request, "input");
  hob_buffer rows = {0};
  char index[8];
  int count = 0;
  if (input.size == 0 || input.data[0] != '[') {
    answer(plugin, call, HOB_INVALID, "\"input\" must be a list of texts");
    return;
  }
  for (;; ++count) {
    float row[DIMENSION] = {0};
    hob_buffer text = {0};
    hob_str item;
    snprintf(index, sizeof index, "%d", count);
    item = hob_member(input, index);
    if (item.size == 0) break;
    if (count == MAX_BATCH) {
      hob_free(&rows);
      answer(plugin, call, HOB_INVALID, "at most 256 texts at once");
      return;
    }
    if (hob_append_unquoted(&text, item) && text.size > 0) embed_one(text.data, text.size, row);
    hob_append(&rows, (const char *)row, sizeof row);
    hob_free(&text);
  }
  if (rows.failed) answer(plugin, call, HOB_OVERLOADED, "not enough memory");
  else self(plugin)->call->finish(self(plugin)->host, call, HOB_OK, hob_written(&rows));
  hob_free(&rows);
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
  static const hob_ext_embedder embedder = {sizeof(hob_ext_embedder), 0, describe, embed};
  (void)plugin;
  return strcmp(id, HOB_EXT_EMBEDDER) == 0 ? &embedder : NULL;
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

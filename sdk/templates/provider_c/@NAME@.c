/* A provider for models behind an OpenAI-like API, not streamed: a chat becomes one HTTP request, its answer one delta.
 * Connections, TLS, timeouts, retries and the key are Hob's. A provider that streams is shorter in C++ or Lua.
 *
 * Each call is kept under the id of its HTTP request, until the request's result. */
#include <hob/c/text.h>
#include <hob/ext/http.h>
#include <hob/ext/log.h>
#include <hob/ext/provider.h>

enum { MAX_WAITING = 256 };

typedef struct {
  hob_id operation, call;   /* 0: a free place */
  int is_models, status;    /* of the HTTP response, 0 before its head */
} waiting;

typedef struct {
  hob_plugin plugin;
  const hob_host *host;
  const hob_host_call *call;
  const hob_host_http *http;
  hob_buffer base_url;
  waiting waits[MAX_WAITING];
  hob_id last_operation;
} @NAME@_plugin;

static @NAME@_plugin *self(hob_plugin *plugin) { return (@NAME@_plugin *)plugin->plugin_data; }

static void answer(@NAME@_plugin *me, hob_id call, hob_status status, hob_str text) { me->call->finish(me->host, call, status, text); }

static waiting *find(@NAME@_plugin *me, hob_id operation) {
  size_t i;
  for (i = 0; i < MAX_WAITING; ++i)
    if (me->waits[i].operation == operation) return &me->waits[i];
  return NULL;
}

/* ---- asking the server ---- */

/* Starts a request for `call`, or answers why not. The key never enters this plugin: Hob fills it in, for the server that the
 * manifest pairs with it. */
static void ask(@NAME@_plugin *me, hob_id call, int is_models, hob_str body) {
  waiting *place = find(me, 0);
  hob_buffer url = {0}, head = {0};
  if (!place || !me->http) {
    if (!place) answer(me, call, HOB_OVERLOADED, hob_text("too many chats at once"));
    else answer(me, call, HOB_DENIED, hob_text("add \"http\": [\"config:base_url\"] to \"permissions\" in plugin.json"));
    return;
  }
  hob_append(&url, me->base_url.data, me->base_url.size);
  hob_append_text(&url, is_models ? "/models" : "/chat/completions");
  hob_append_text(&head, is_models ? "{\"method\":\"GET\",\"url\":" : "{\"method\":\"POST\",\"url\":");
  hob_append_quoted(&head, hob_written(&url));
  hob_append_text(&head, ",\"timeout_ms\":120000,\"headers\":{\"content-type\":\"application/json\",\"authorization\":\"Bearer ${secret:api_key}\"}}");
  if (url.failed || head.failed) {
    answer(me, call, HOB_OVERLOADED, hob_text("not enough memory"));
  } else {
    place->operation = ++me->last_operation;
    place->call = call;
    place->is_models = is_models;
    place->status = 0;
    me->http->request(me->host, place->operation, hob_written(&head), body);
  }
  hob_free(&url);
  hob_free(&head);
}

static void complete(hob_plugin *plugin, hob_id call, hob_str chat) {
  const hob_str model = hob_member(chat, "model"), messages = hob_member(chat, "messages"), limit = hob_member(chat, "max_tokens");
  hob_buffer body = {0};
  if (!hob_is_object(chat) || !hob_is_string(model) || messages.size == 0 || messages.data[0] != '[') {
    answer(self(plugin), call, HOB_INVALID, hob_text("a chat has a model and messages"));
    return;
  }
  hob_append_text(&body, "{\"stream\":false,\"model\":");
  hob_append(&body, model.data, model.size);
  hob_append_text(&body, ",\"messages\":");
  hob_append(&body, messages.data, messages.size);
  if (limit.size > 0) {
    hob_append_text(&body, ",\"max_tokens\":");
    hob_append(&body, limit.data, limit.size);
  }
  hob_append_text(&body, "}");
  if (body.failed) answer(self(plugin), call, HOB_OVERLOADED, hob_text("not enough memory"));
  else ask(self(plugin), call, 0, hob_written(&body));
  hob_free(&body);
}

static void models(hob_plugin *plugin, hob_id call) { ask(self(plugin), call, 1, hob_text("")); }

/* ---- what it answered ---- */

static void read_completion(@NAME@_plugin *me, hob_id call, hob_str body) {
  const hob_str choice = hob_member(hob_member(body, "choices"), "0"), usage = hob_member(body, "usage");
  const hob_str text = hob_member(hob_member(choice, "message"), "content"), reason = hob_member(choice, "finish_reason");
  const char *stop = hob_equals(reason, "\"length\"") ? "{\"stop\":\"length\"}" : hob_equals(reason, "\"content_filter\"") ? "{\"stop\":\"filtered\"}" : "{\"stop\":\"end\"}";
  hob_buffer plain = {0}, delta = {0};
  long long in = 0, out = 0;
  hob_status taken = HOB_OK;
  if (!hob_is_object(body) || !hob_append_unquoted(&plain, text)) {
    answer(me, call, HOB_UNAVAILABLE, hob_text("the model server's answer is not a chat completion"));
    hob_free(&plain);
    return;
  }
  hob_append_text(&delta, "{\"text\":");
  hob_append_quoted(&delta, hob_written(&plain));
  hob_append_text(&delta, "}");
  if (!delta.failed) taken = me->call->emit(me->host, call, hob_written(&delta));
  if (hob_integer(hob_member(usage, "prompt_tokens"), &in) && hob_integer(hob_member(usage, "completion_tokens"), &out) && in >= 0 && out >= 0) {
    delta.size = 0;
    hob_append_text(&delta, "{\"usage\":{\"input_tokens\":");
    hob_append_integer(&delta, in);
    hob_append_text(&delta, ",\"output_tokens\":");
    hob_append_integer(&delta, out);
    hob_append_text(&delta, ",\"cached_tokens\":0}}");
    if (!delta.failed) me->call->emit(me->host, call, hob_written(&delta));
  }
  if (plain.failed || delta.failed) answer(me, call, HOB_OVERLOADED, hob_text("not enough memory"));
  else if (taken != HOB_OK) answer(me, call, HOB_CANCELLED, hob_text("nobody listens any more"));
  else answer(me, call, HOB_OK, hob_text(stop));
  hob_free(&plain);
  hob_free(&delta);
}

static void read_models(@NAME@_plugin *me, hob_id call, hob_str body) {
  const hob_str data = hob_member(body, "data");
  hob_buffer out = {0};
  char index[16];
  int i;
  hob_append_text(&out, "{\"models\":[");
  for (i = 0;; ++i) {
    hob_str model;
    snprintf(index, sizeof index, "%d", i);
    model = hob_member(hob_member(data, index), "id");
    if (!hob_is_string(model)) break;
    hob_append_text(&out, i > 0 ? ",{\"id\":" : "{\"id\":");
    hob_append(&out, model.data, model.size);
    hob_append_text(&out, "}");
  }
  hob_append_text(&out, "]}");
  if (out.failed) answer(me, call, HOB_OVERLOADED, hob_text("not enough memory"));
  else answer(me, call, HOB_OK, hob_written(&out));
  hob_free(&out);
}

static void refuse(@NAME@_plugin *me, const waiting *place, hob_str body) {
  const hob_str words = hob_member(hob_member(body, "error"), "message");
  const int s = place->status;
  hob_buffer out = {0};
  hob_append_text(&out, "the model server answered ");
  hob_append_integer(&out, s);
  if (hob_is_string(words) && words.size < 1000) {
    hob_buffer plain = {0};
    hob_append_text(&out, ": ");
    if (hob_append_unquoted(&plain, words)) hob_append_quoted(&out, hob_written(&plain));
    hob_free(&plain);
  }
  answer(me, place->call, s == 401 || s == 403 ? HOB_DENIED : s == 404 ? HOB_NOT_FOUND : s == 429 ? HOB_OVERLOADED : s >= 500 ? HOB_UNAVAILABLE : HOB_INVALID,
         hob_written(&out));
  hob_free(&out);
}

static void event(hob_plugin *plugin, hob_id operation, uint32_t kind, hob_str data) {
  waiting *place = operation ? find(self(plugin), operation) : NULL;
  long long status = 0;
  if (place && kind == HOB_EVENT_HEAD && hob_integer(hob_member(data, "status"), &status)) place->status = (int)status;
}

static void result(hob_plugin *plugin, hob_id operation, hob_status status, hob_str data) {
  @NAME@_plugin *me = self(plugin);
  waiting *place = operation ? find(me, operation) : NULL;
  if (!place) return;
  if (status != HOB_OK) answer(me, place->call, status, data);
  else if (place->status / 100 != 2) refuse(me, place, data);
  else if (place->is_models) read_models(me, place->call, data);
  else read_completion(me, place->call, data);
  place->operation = place->call = 0;
}

static void cancel(hob_plugin *plugin, hob_id call) {
  @NAME@_plugin *me = self(plugin);
  size_t i;
  for (i = 0; i < MAX_WAITING; ++i)
    if (me->waits[i].operation && me->waits[i].call == call) me->http->cancel(me->host, me->waits[i].operation);
}

/* ---- life ---- */

static hob_status activate(hob_plugin *plugin, hob_str config) {
  @NAME@_plugin *me = self(plugin);
  if (!hob_append_unquoted(&me->base_url, hob_member(config, "base_url")) || me->base_url.size == 0) {
    const hob_host_log *log = (const hob_host_log *)me->host->get_extension(me->host, HOB_HOST_LOG);
    if (log) log->write(me->host, HOB_LOG_ERROR, hob_text("the config needs a base_url"));
    return HOB_INVALID;
  }
  return me->base_url.failed ? HOB_OVERLOADED : HOB_OK;
}
static void destroy(hob_plugin *plugin) {
  hob_free(&self(plugin)->base_url);
  free(self(plugin));
}

static const void *get_extension(hob_plugin *plugin, const char *id) {
  static const hob_ext_provider provider = {sizeof(hob_ext_provider), 0, complete, models};
  static const hob_ext_operation operation = {sizeof(hob_ext_operation), 0, event, result};
  (void)plugin;
  if (strcmp(id, HOB_EXT_PROVIDER) == 0) return &provider;
  if (strcmp(id, HOB_EXT_OPERATION) == 0) return &operation;
  return NULL;
}

static hob_status create(const hob_host *host, hob_plugin **out) {
  @NAME@_plugin *made;
  if (host->abi_major != HOB_ABI_MAJOR) return HOB_UNSUPPORTED;
  made = (@NAME@_plugin *)calloc(1, sizeof *made);
  if (!made) return HOB_OVERLOADED;
  made->host = host;
  made->call = (const hob_host_call *)host->get_extension(host, HOB_HOST_CALL);
  made->http = (const hob_host_http *)host->get_extension(host, HOB_HOST_HTTP);
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

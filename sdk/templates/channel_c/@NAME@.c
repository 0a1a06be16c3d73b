/* A channel over two webhooks: the other side POSTs messages to /hooks/@NAME@ and gets replies POSTed to a URL of its own.
 * Pairing, ordering, retries and splitting are Hob's; a channel carries messages.
 *
 * Each call that waits for the host is kept under the id of its operation, until the operation's result. */
#include <hob/c/text.h>
#include <hob/ext/channel.h>
#include <hob/ext/http.h>
#include <hob/ext/log.h>
#include <hob/ext/routes.h>

enum { MAX_WAITING = 1024 };

typedef struct {
  hob_id operation, call; /* 0: a free place */
  int is_http, status;    /* of the HTTP response, 0 before its head */
  hob_buffer id;          /* of the message */
} waiting;

typedef struct {
  hob_plugin plugin;
  const hob_host *host;
  const hob_host_call *call;
  const hob_host_channel *channel;
  const hob_host_http *http;
  hob_buffer token, url; /* the url as JSON */
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
/* A place for a call that waits; NULL when all are taken. */
static waiting *wait_for(@NAME@_plugin *me, hob_id call) {
  waiting *place = find(me, 0);
  if (!place) return NULL;
  place->operation = ++me->last_operation;
  place->call = call;
  place->is_http = place->status = 0;
  return place;
}
static void release(waiting *place) {
  hob_free(&place->id);
  place->operation = place->call = 0;
}

/* ---- in: a request to our route becomes an event ---- */

/* Tells nothing by how long it takes. */
static int equal(hob_str a, hob_str b) {
  unsigned difference = a.size != b.size;
  size_t i;
  for (i = 0; i < a.size && i < b.size; ++i) difference |= (unsigned)(a.data[i] ^ b.data[i]);
  return difference == 0;
}

static void request(hob_plugin *plugin, hob_id call, hob_str head, hob_str body) {
  @NAME@_plugin *me = self(plugin);
  const hob_str id = hob_member(body, "id"), from = hob_member(body, "from"), text = hob_member(body, "text");
  hob_buffer token = {0}, event = {0};
  waiting *place;
  int is_known;
  if (!hob_equals(hob_member(head, "route"), "\"/hooks/@NAME@\"")) {
    answer(me, call, HOB_NOT_FOUND, hob_text("this plugin has the route /hooks/@NAME@ alone"));
    return;
  }
  hob_append_unquoted(&token, hob_member(hob_member(head, "headers"), "x-token"));
  is_known = equal(hob_written(&token), hob_written(&me->token));
  hob_free(&token);
  if (!is_known) {
    answer(me, call, HOB_DENIED, hob_text("the header X-Token is missing or wrong"));
    return;
  }
  if (!hob_is_object(body) || !hob_is_string(id) || !hob_is_string(from) || !hob_is_string(text)) {
    answer(me, call, HOB_INVALID, hob_text("send {\"id\":\"...\",\"from\":\"...\",\"text\":\"...\"}"));
    return;
  }
  place = wait_for(me, call);
  if (!place) {
    answer(me, call, HOB_OVERLOADED, hob_text("too many messages at once"));
    return;
  }
  hob_append_text(&event, "{\"id\":");
  hob_append(&event, id.data, id.size);
  hob_append_text(&event, ",\"sender\":{\"id\":");
  hob_append(&event, from.data, from.size);
  hob_append_text(&event, "},\"text\":");
  hob_append(&event, text.data, text.size);
  hob_append_text(&event, "}");
  if (event.failed || !me->channel) {
    answer(me, call, HOB_OVERLOADED, hob_text("not enough memory"));
    release(place);
  } else {
    me->channel->deliver(me->host, place->operation, hob_written(&event)); /* the platform's own id makes repeats harmless */
  }
  hob_free(&event);
}

/* ---- out: a message becomes an HTTP request ---- */

static void start(hob_plugin *plugin, hob_id call) { answer(self(plugin), call, HOB_OK, hob_text("{}")); }
static void stop(hob_plugin *plugin, hob_id call) { answer(self(plugin), call, HOB_OK, hob_text("{}")); }

static void send(hob_plugin *plugin, hob_id call, hob_str message) {
  @NAME@_plugin *me = self(plugin);
  const hob_str id = hob_member(message, "id"), to = hob_member(hob_member(message, "to"), "id"), text = hob_member(message, "text");
  hob_buffer head = {0}, body = {0};
  waiting *place;
  if (!hob_is_object(message) || !hob_is_string(id) || !hob_is_string(to) || !hob_is_string(text)) {
    answer(me, call, HOB_INVALID, hob_text("a message has an id, a to and a text"));
    return;
  }
  if (!me->http) {
    answer(me, call, HOB_DENIED, hob_text("add \"http\": [\"config:url\"] to \"permissions\" in plugin.json"));
    return;
  }
  place = wait_for(me, call);
  if (!place) {
    answer(me, call, HOB_OVERLOADED, hob_text("too many messages at once"));
    return;
  }
  place->is_http = 1;
  hob_append(&place->id, id.data, id.size);
  hob_append_text(&head, "{\"method\":\"POST\",\"url\":");
  hob_append(&head, me->url.data, me->url.size);
  hob_append_text(&head, ",\"headers\":{\"content-type\":\"application/json\",\"idempotency-key\":");
  hob_append(&head, id.data, id.size);
  hob_append_text(&head, "}}");
  hob_append_text(&body, "{\"to\":");
  hob_append(&body, to.data, to.size);
  hob_append_text(&body, ",\"text\":");
  hob_append(&body, text.data, text.size);
  hob_append_text(&body, "}");
  if (head.failed || body.failed || place->id.failed) {
    answer(me, call, HOB_OVERLOADED, hob_text("not enough memory"));
    release(place);
  } else {
    me->http->request(me->host, place->operation, hob_written(&head), hob_written(&body));
  }
  hob_free(&head);
  hob_free(&body);
}

/* ---- what the host answers ---- */

static void event(hob_plugin *plugin, hob_id operation, uint32_t kind, hob_str data) {
  waiting *place = operation ? find(self(plugin), operation) : NULL;
  long long status = 0;
  if (place && kind == HOB_EVENT_HEAD && hob_integer(hob_member(data, "status"), &status)) place->status = (int)status;
}

static void result(hob_plugin *plugin, hob_id operation, hob_status status, hob_str data) {
  @NAME@_plugin *me = self(plugin);
  waiting *place = operation ? find(me, operation) : NULL;
  hob_buffer out = {0};
  if (!place) return;
  if (status != HOB_OK) {
    answer(me, place->call, status, data);
  } else if (!place->is_http) {
    hob_append_text(&out, "{\"status\":202,\"body\":");
    hob_append(&out, data.data, data.size);
    hob_append_text(&out, "}");
    answer(me, place->call, HOB_OK, hob_written(&out));
  } else if (place->status / 100 == 2) {
    hob_append_text(&out, "{\"message_id\":");
    hob_append(&out, place->id.data, place->id.size);
    hob_append_text(&out, "}");
    answer(me, place->call, HOB_OK, hob_written(&out));
  } else {
    hob_append_text(&out, "the receiver answered ");
    hob_append_integer(&out, place->status);
    answer(me, place->call, place->status == 429 ? HOB_OVERLOADED : place->status >= 500 ? HOB_UNAVAILABLE : HOB_INVALID, hob_written(&out));
  }
  hob_free(&out);
  release(place);
}

static void cancel(hob_plugin *plugin, hob_id call) {
  @NAME@_plugin *me = self(plugin);
  size_t i;
  for (i = 0; i < MAX_WAITING; ++i)
    if (me->waits[i].operation && me->waits[i].call == call && me->waits[i].is_http) me->http->cancel(me->host, me->waits[i].operation);
}

/* ---- life ---- */

static hob_status activate(hob_plugin *plugin, hob_str config) {
  @NAME@_plugin *me = self(plugin);
  const hob_str url = hob_member(config, "url");
  if (!hob_append_unquoted(&me->token, hob_member(config, "token")) || me->token.size == 0 || !hob_is_string(url)) {
    const hob_host_log *log = (const hob_host_log *)me->host->get_extension(me->host, HOB_HOST_LOG);
    if (log) log->write(me->host, HOB_LOG_ERROR, hob_text("the config needs a token and a url"));
    return HOB_INVALID;
  }
  hob_append(&me->url, url.data, url.size);
  return me->url.failed || me->token.failed ? HOB_OVERLOADED : HOB_OK;
}
static void destroy(hob_plugin *plugin) {
  @NAME@_plugin *me = self(plugin);
  size_t i;
  for (i = 0; i < MAX_WAITING; ++i) hob_free(&me->waits[i].id);
  hob_free(&me->token);
  hob_free(&me->url);
  free(me);
}

static const void *get_extension(hob_plugin *plugin, const char *id) {
  static const hob_ext_channel channel = {sizeof(hob_ext_channel), 0, start, stop, send};
  static const hob_ext_routes routes = {sizeof(hob_ext_routes), 0, request, NULL};
  static const hob_ext_operation operation = {sizeof(hob_ext_operation), 0, event, result};
  (void)plugin;
  if (strcmp(id, HOB_EXT_CHANNEL) == 0) return &channel;
  if (strcmp(id, HOB_EXT_ROUTES) == 0) return &routes;
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
  made->channel = (const hob_host_channel *)host->get_extension(host, HOB_HOST_CHANNEL);
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

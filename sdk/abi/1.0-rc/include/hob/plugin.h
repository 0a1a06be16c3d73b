/* hob/plugin.h: the core of the Hob plugin ABI. C99.
 *
 * A plugin is a shared library (or a Lua script) with a manifest, plugin.json, beside it. The library
 * exports one constant, hob_plugin_entry. The daemon calls create() with a hob_host and gets a
 * hob_plugin back. Everything else is an extension: a table of functions, found by a string id such as
 * "hob.tool/1", asked of the plugin (what it can do) or of the host (what it may use). A plugin links no
 * symbol of the daemon; the daemon needs no symbol of the plugin but the entry.
 *
 * Threads. Each function is marked:
 *   [plugin]  called on the plugin's strand: never two at once, though the OS thread may differ.
 *   [any]     may be called on any thread, any time in the stated lifetime.
 *
 * Memory. A pointer argument is borrowed until the function returns; copy what you keep. Nobody frees
 * what the other side allocated. Results travel through finish() and emit(), never as return values.
 *
 * Calls. The host starts a call with an id of its choice. The plugin answers with any number of emit()
 * and exactly one finish(): on success, on failure, and after cancel(). A second or late finish() finds
 * no such call and returns HOB_NOT_FOUND.
 *
 * Operations. The plugin starts an operation of the host (an HTTP request, a kv read) with an id of its
 * own choice, not 0 and not in use by another of its operations. The host answers through the plugin's
 * "hob.operation/1" extension with any number of event() and exactly one result(), never before the
 * function that started it has returned.
 *
 * Every function here can be expressed as (id, status, bytes), so a plugin cannot tell whether it runs
 * inside the daemon or in a process of its own.
 */
#ifndef HOB_PLUGIN_H
#define HOB_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HOB_ABI_MAJOR 1
#define HOB_ABI_MINOR 0

/* 0 is success. The list only grows; an unknown code reads as HOB_INTERNAL. */
typedef int32_t hob_status;
enum {
  HOB_OK = 0,
  HOB_INTERNAL = 1,    /* a fault on this side */
  HOB_NOT_FOUND = 2,   /* no such thing */
  HOB_INVALID = 3,     /* the request is malformed */
  HOB_DENIED = 4,      /* not allowed; the message names what would allow it */
  HOB_CANCELLED = 5,   /* ended because cancel() was asked for */
  HOB_TIMEOUT = 6,     /* the deadline passed */
  HOB_UNAVAILABLE = 7, /* the other end can't be reached now; trying later may help */
  HOB_UNSUPPORTED = 8, /* this version does not do that */
  HOB_OVERLOADED = 9   /* too much at once; trying later helps */
};

/* A call, an operation, a task or a timer. 0 is none. */
typedef uint64_t hob_id;

/* Bytes; UTF-8 where text is meant; not terminated. data may be null when size is 0. */
typedef struct {
  const char *data;
  size_t size;
} hob_str;

typedef struct hob_host hob_host;
typedef struct hob_plugin hob_plugin;

/* Made by the daemon; outlives the plugin. */
struct hob_host {
  uint32_t struct_size; /* sizeof of the maker's struct: read a field only if it lies below */
  uint32_t abi_major, abi_minor, reserved;
  void *host_data;
  /* A table of the host ("hob.host.http/1"), valid as long as the host; null when this host does not
   * know it or the manifest was not granted it. [any] */
  const void *(*get_extension)(const hob_host *host, const char *id);
};

/* Made by create(), freed by destroy(). */
struct hob_plugin {
  uint32_t struct_size;
  uint32_t abi_major, abi_minor, reserved;
  void *plugin_data;
  /* Called once, first. config_json is an object that fits the manifest's config_schema, {} if the owner
   * wrote none. Another status than HOB_OK: the plugin is destroyed and the daemon says why; log the
   * reason first. [plugin] */
  hob_status (*activate)(hob_plugin *plugin, hob_str config_json);
  /* A request to end `call` soon, with finish(HOB_CANCELLED) or with whatever it has. Unknown ids are
   * ignored: the answer may have crossed the request. [plugin] */
  void (*cancel)(hob_plugin *plugin, hob_id call);
  /* No call and no operation is in flight; none comes after. [plugin] */
  void (*destroy)(hob_plugin *plugin);
  /* A table of the plugin ("hob.tool/1"), valid until destroy(); null when it has none. May be asked
   * for before activate(). [any] */
  const void *(*get_extension)(hob_plugin *plugin, const char *id);
};

/* The one exported symbol:  const hob_entry hob_plugin_entry = {...}; */
typedef struct {
  uint32_t struct_size;
  uint32_t abi_major, abi_minor, reserved;
  const char *plugin_id; /* must equal "id" in plugin.json */
  /* Makes a plugin. Called once per configured instance, so keep no global state. [any] */
  hob_status (*create)(const hob_host *host, hob_plugin **out);
} hob_entry;

#define HOB_ENTRY_SYMBOL "hob_plugin_entry"

#if defined(__GNUC__)
#define HOB_EXPORT __attribute__((visibility("default")))
#else
#define HOB_EXPORT
#endif

/* ---- answering calls: every plugin needs this one, and every host has it ---- */

#define HOB_HOST_CALL "hob.host.call/1"
typedef struct {
  uint32_t struct_size;
  uint32_t reserved;
  /* Streams one chunk of the answer. What a chunk holds is said by the extension that was called. Never
   * blocks. HOB_OVERLOADED: more than 8 MiB wait for the reader; the chunk was not taken. HOB_CANCELLED:
   * nobody listens any more; finish soon. HOB_NOT_FOUND: no such call. [any] */
  hob_status (*emit)(const hob_host *host, hob_id call, hob_str chunk);
  /* Ends the call. On HOB_OK `result` is what the extension says; otherwise it is a message for people:
   * what was tried and what to do. HOB_NOT_FOUND: no such call, or already finished. [any] */
  hob_status (*finish)(const hob_host *host, hob_id call, hob_status status, hob_str result);
  /* 1 when the call was cancelled, its deadline passed or it is unknown; else 0. Cheap: poll it. [any] */
  int32_t (*is_cancelled)(const hob_host *host, hob_id call);
} hob_host_call;

/* ---- receiving the answers of host operations: needed by plugins that start any ---- */

#define HOB_EXT_OPERATION "hob.operation/1"
enum {
  HOB_EVENT_HEAD = 0,   /* JSON: response head of an HTTP request, opening of a WebSocket */
  HOB_EVENT_DATA = 1,   /* bytes: a piece of a body, a text message, one streamed event */
  HOB_EVENT_BINARY = 2  /* bytes: a binary WebSocket message */
};
typedef struct {
  uint32_t struct_size;
  uint32_t reserved;
  /* A part of the answer. [plugin] */
  void (*event)(hob_plugin *plugin, hob_id operation, uint32_t kind, hob_str data);
  /* The end: on HOB_OK what the host's function says, otherwise a message for people. [plugin] */
  void (*result)(hob_plugin *plugin, hob_id operation, hob_status status, hob_str result);
} hob_ext_operation;

#ifdef __cplusplus
}
#endif
#endif /* HOB_PLUGIN_H */

/* hob/ext/provider.h: language models.
 *
 * The canonical chat request, JSON:
 *   {"model":"name at the provider",
 *    "messages":[
 *      {"role":"system|user|assistant|tool", "content":"text" | [part...], "name"?: "...",
 *       "tool_calls"?: [{"id","name","arguments":"<JSON text>"}],   assistant only
 *       "carry"?: {...},                      assistant only: what the delta of that name said, as it was
 *       "tool_call_id"?: "..."}],                                    tool only
 *    "tools"?: [{"name","description","parameters":<JSON Schema>}],
 *    "tool_choice"?: "auto"|"none"|"required"|{"name":"..."},
 *    "max_tokens"?: n, "temperature"?: x, "top_p"?: x, "stop"?: ["..."],
 *    "response_format"?: {...}, "stream": true|false,
 *    "recalled"?: [{"id","text","at","speaker","conversation_id"}],  already woven into messages
 *    "user_id"?: "...", "extra"?: {...}}                             passed through by providers that can
 *   part: {"type":"text","text"} | {"type":"image","mime","data":"<base64>"} | {"type":"image","url"}
 *
 * Deltas, one JSON object an emit():
 *   {"text":"..."}  {"reasoning":"..."}
 *   {"tool_call":{"index":n,"id"?:"...","name"?:"...","arguments"?:"<next piece of JSON text>"}}
 *   {"usage":{"input_tokens":n,"output_tokens":n,"cached_tokens":n,"cache_write_tokens"?:n}}
 *     input_tokens is the whole prompt; cached_tokens of them were read from a cache, cache_write_tokens written to one
 *   {"carry":{...}}  handed back with the message when its tools have run, to the model that said it and no other
 * A provider that does not stream emits the same deltas, each whole.
 *
 * The result, JSON: {"stop":"end|length|tool_calls|filtered", "model"?:"the one that answered"}
 */
#ifndef HOB_EXT_PROVIDER_H
#define HOB_EXT_PROVIDER_H

#include "../plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HOB_EXT_PROVIDER "hob.provider/1"
typedef struct {
  uint32_t struct_size;
  uint32_t reserved;
  /* Answers a chat request. Errors carry the server's own words: HOB_DENIED for a refused key,
   * HOB_OVERLOADED for a rate limit (its message may begin "retry after N s: "), HOB_UNAVAILABLE for a
   * server that can't be reached or failed, HOB_INVALID for a request it does not take. [plugin] */
  void (*complete)(hob_plugin *plugin, hob_id call, hob_str request_json);
  /* Answers {"models":[{"id","context_window"?:n}]}. [plugin] */
  void (*models)(hob_plugin *plugin, hob_id call);
} hob_ext_provider;

#ifdef __cplusplus
}
#endif
#endif /* HOB_EXT_PROVIDER_H */

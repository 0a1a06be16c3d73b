/* hob/ext/embedder.h: texts to vectors. */
#ifndef HOB_EXT_EMBEDDER_H
#define HOB_EXT_EMBEDDER_H

#include "../plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HOB_EXT_EMBEDDER "hob.embedder/1"
typedef struct {
  uint32_t struct_size;
  uint32_t reserved;
  /* Answers {"model":"...","dimension":n,"max_batch":n}. The model name changes whenever the vectors do:
   * stored vectors of another name are not compared with new ones. An embedder that serves many models answers
   * model "" and dimension 0; each request names its model then, and its answer tells the dimension. [plugin] */
  void (*describe)(hob_plugin *plugin, hob_id call);
  /* request_json: {"input":["text",...],"purpose":"query"|"document","model"?}. The result is the one binary
   * payload of the ABI: little-endian float32, rows x dimension, in the order of the input. [plugin] */
  void (*embed)(hob_plugin *plugin, hob_id call, hob_str request_json);
} hob_ext_embedder;

#ifdef __cplusplus
}
#endif
#endif /* HOB_EXT_EMBEDDER_H */

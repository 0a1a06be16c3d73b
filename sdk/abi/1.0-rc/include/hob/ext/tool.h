/* hob/ext/tool.h: functions that the model (or a person) may call. */
#ifndef HOB_EXT_TOOL_H
#define HOB_EXT_TOOL_H

#include "../plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HOB_EXT_TOOL "hob.tool/1"
typedef struct {
  uint32_t struct_size;
  uint32_t reserved;
  /* Answers with JSON: {"tools":[{"name","description","parameters":<JSON Schema of an object>}]}. Asked
   * once, after activate(). A tool that the manifest does not list is refused. [plugin] */
  void (*describe)(hob_plugin *plugin, hob_id call);
  /* Runs tool `name` with a JSON object that fits its parameters. Answers with JSON of any type; emit()
   * of UTF-8 text shows progress. The deadline is the manifest's deadline_s, 30 s if it names none.
   * context_json: {"user_id","conversation_id","turn_id","tool_call_id"}, each may be absent. [plugin] */
  void (*invoke)(hob_plugin *plugin, hob_id call, hob_str name, hob_str arguments_json,
                 hob_str context_json);
} hob_ext_tool;

#ifdef __cplusplus
}
#endif
#endif /* HOB_EXT_TOOL_H */

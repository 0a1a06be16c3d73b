/* hob/ext/config.h: taking a changed config without a restart. */
#ifndef HOB_EXT_CONFIG_H
#define HOB_EXT_CONFIG_H

#include "../plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HOB_EXT_CONFIG "hob.config/1"
typedef struct {
  uint32_t struct_size;
  uint32_t reserved;
  /* The new config, checked against the manifest's schema. Answers {} when it is in force; another status
   * and the old one stays. A plugin without this extension is activated anew instead. [plugin] */
  void (*configure)(hob_plugin *plugin, hob_id call, hob_str config_json);
} hob_ext_config;

#ifdef __cplusplus
}
#endif
#endif /* HOB_EXT_CONFIG_H */

/* Crashes when the answer to its kv operation comes. */
static const void *operation_table(const char *id);
#define SIN_EXTENSION(p, id) operation_table(id)
#include "sin.h"
static void result(hob_plugin *p, hob_id operation, hob_status status, hob_str text) {
  UNUSED(p);
  UNUSED(operation);
  UNUSED(status);
  UNUSED(text);
  crash();
}
static const void *operation_table(const char *id) {
  static const hob_ext_operation table = {sizeof(hob_ext_operation), 0, NULL, result};
  return strcmp(id, HOB_EXT_OPERATION) == 0 ? &table : NULL;
}
static void sin(hob_plugin *p, hob_id call) {
  const hob_host_kv *kv = (const hob_host_kv *)host_table(p, HOB_HOST_KV);
  UNUSED(call);
  kv->get(SELF(p)->host, 1, str("k"));
}

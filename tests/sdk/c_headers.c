/* Each public C header compiles as strict C99. */
#include <hob/c/text.h>
#include <hob/ext/channel.h>
#include <hob/ext/clock.h>
#include <hob/ext/config.h>
#include <hob/ext/embedder.h>
#include <hob/ext/executor.h>
#include <hob/ext/http.h>
#include <hob/ext/kv.h>
#include <hob/ext/log.h>
#include <hob/ext/method.h>
#include <hob/ext/provider.h>
#include <hob/ext/routes.h>
#include <hob/ext/secret.h>
#include <hob/ext/timer.h>
#include <hob/ext/tool.h>
#include <hob/ext/websocket.h>

typedef int not_empty;

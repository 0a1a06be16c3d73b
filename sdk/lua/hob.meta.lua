---@meta hob
-- The API of Lua plugins, for editors (LuaLS) and readers. docs/lua.md tells the same as a story. A test holds this
-- file against the bindings: every function here exists, every function that exists is here.
--
-- Functions marked "waits" suspend the call they run in until the host has answered; other calls go on meanwhile.
-- They work in calls, timers and spawned tasks, also inside coroutines of your own and inside pcall, but not at the top level
-- of the script, in activate(), or in a callback of table.sort or string.gsub. They raise a hob.Error when the host
-- says no: e.code is one of the codes below, e.message the words.

---@class hob
---@field config table the plugin's config, from activate() on
local hob = {}

---@alias hob.Code "internal"|"not_found"|"invalid"|"denied"|"cancelled"|"timeout"|"unavailable"|"unsupported"|"overloaded"

---@class hob.Error
---@field code hob.Code
---@field message string

---@class hob.PluginSpec
---@field id string must equal "id" in plugin.json
---@field tools? hob.Tool[] made by hob.tool
---@field provider? hob.Provider a table, or what hob.http_provider makes
---@field embedder? hob.Embedder
---@field channel? hob.Channel
---@field routes? table<string, fun(request: hob.Request, out: hob.Stream): any> "POST /hooks/{name}" as in plugin.json; answers {status, headers, body}, a text, or nothing after out:start
---@field websockets? table<string, fun(peer: hob.Peer, head: hob.Request)> by path; the socket closes when it returns
---@field methods? table<string, fun(params: table, user: table, call: hob.Call): any> as under "provides" in plugin.json
---@field activate? fun(config: table) may not wait
---@field configure? fun(config: table) takes a changed config; raise to keep the old one. Without it the plugin is made anew

---@class hob.Provider
---@field complete fun(chat: table, out: hob.Out, call: hob.Call): string|table answers "end", "length", "tool_calls", "filtered" or {stop, model}
---@field models? fun(): (string|table)[] {id, context_window}

---@class hob.Embedder
---@field describe fun(): table {model, dimension, max_batch}
---@field embed fun(request: table): number[][] request.input, request.purpose

---@class hob.Channel
---@field send fun(message: table): string|table|nil the platform's message id
---@field start? fun()
---@field stop? fun()

---Makes the plugin that the script returns.
---@param spec hob.PluginSpec
---@return table
function hob.plugin(spec) end

---@class hob.Tool

---@class hob.ToolSpec
---@field name string
---@field doc? string what the model is told
---@field args? table<string, string|table> "integer", "string? what it means", or a JSON Schema; types: string integer number boolean array object
---@field parameters? table a whole JSON Schema instead of args
---@field run fun(args: table, call: hob.Call): any the result, any JSON value

---@param spec hob.ToolSpec
---@return hob.Tool
function hob.tool(spec) end

---@class hob.HttpProviderSpec
---@field request fun(chat: table, config: table): hob.HttpRequest
---@field event fun(event: hob.Event, out: hob.Out, state: table): boolean? sets state.stop (and state.model); false ends the stream
---@field models? fun(): (string|table)[]

---A provider that is a translation: one request, server-sent events back, each event to deltas. "[DONE]" ends it.
---@param spec hob.HttpProviderSpec
---@return hob.Provider
function hob.http_provider(spec) end

---Raises an error that answers the call with a status.
---@param code hob.Code
---@param message string
function hob.error(code, message) end

---Waits.
---@param ms number
function hob.sleep(ms) end

---Calls fn once, in a task of its own.
---@param ms number
---@param fn fun()
---@return hob.Timer
function hob.after(ms, fn) end

---Calls fn again and again; a turn is left out while the last one still runs.
---@param ms number
---@param fn fun()
---@return hob.Timer
function hob.every(ms, fn) end

---Runs fn in a task of its own, soon.
---@param fn fun()
function hob.spawn(fn) end

---@return number seconds since 1970
function hob.now() end

---@return number seconds of a clock that never goes back
function hob.monotonic() end

---Compares two texts in a time that tells nothing about them: for secrets and signatures.
---@param a string
---@param b string
---@return boolean
function hob.equal(a, b) end

---The raw value of a secret (needs "secrets.read"). Better: "${secret:name}" in a URL or header. Waits.
---@param name string
---@return string
function hob.secret(name) end

---Calls a method of the daemon's API. Waits.
---@param name string
---@param params? table
---@param options? {as?: hob.Call, on_event?: fun(event: any)} as: the call whose user asks
---@return any
function hob.method(name, params, options) end

---Hands an inbound message up (channels). When it returns the message is on disk. Waits.
---@param event table {id, sender = {id, name}, text, thread}
---@return table {accepted, duplicate}
function hob.deliver(event) end

---@class hob.json
---@field null any JSON's null
hob.json = {}

---@param value any
---@return string
function hob.json.encode(value) end

---@param text string
---@return any
function hob.json.decode(text) end

---Marks a list as an array, so that an empty one is [] and not {}.
---@param list? table
---@return table
function hob.json.array(list) end

---@param value any
---@return boolean
function hob.json.is_array(value) end

---@class hob.HttpRequest
---@field url string
---@field method? string POST when there is a body, else GET
---@field headers? table<string, string>
---@field body? string
---@field json? any a body, encoded
---@field timeout_ms? integer
---@field connect_timeout_ms? integer
---@field stall_timeout_ms? integer
---@field max_body? integer
---@field redirects? integer

---@class hob.http
hob.http = {}

---Waits for the whole response. A status that is not 2xx is no error here.
---@param request hob.HttpRequest
---@return hob.Response
function hob.http.request(request) end

---@param url string
---@param options? table the other members of a request
---@return hob.Response
function hob.http.get(url, options) end

---@param url string
---@param options? table the other members of a request
---@return hob.Response
function hob.http.post(url, options) end

---for piece in hob.http.stream{...} do: the body as it comes. Not 2xx raises. Leaving the loop ends the request.
---@param request hob.HttpRequest
---@return fun(): string?
function hob.http.stream(request) end

---for line in hob.http.lines{...} do: the same in lines, empty ones left out.
---@param request hob.HttpRequest
---@return fun(): string?
function hob.http.lines(request) end

---@class hob.Event
---@field event string "message" when the server gave no name
---@field data string

---for event in hob.http.sse{...} do: server-sent events. From a server that answers plain JSON instead one event
---named "whole" with the body.
---@param request hob.HttpRequest
---@return fun(): hob.Event?
function hob.http.sse(request) end

---@class hob.Response
---@field status integer
---@field headers table<string, string> names in lower case
---@field body string
---@field url string after redirects
local Response = {}

---@return any
function Response:json() end

---@return boolean whether the status is 2xx
function Response:ok() end

---Raises the error that fits the status, with the server's own words.
---@param who? string
function Response:fail(who) end

---@class hob.kv
hob.kv = {}

---Waits.
---@param key string
---@return string? nil when there is none
function hob.kv.get(key) end

---Waits until it is on disk.
---@param key string
---@param value string any bytes
function hob.kv.set(key, value) end

---Waits.
---@param key string
function hob.kv.remove(key) end

---Waits.
---@param prefix? string
---@param after? string go on behind this key
---@return string[] at most 1000, sorted
function hob.kv.list(prefix, after) end

---@class hob.websocket
hob.websocket = {}

---Opens a WebSocket; it outlives the call. Waits until it is open.
---@param request {url: string, headers?: table, subprotocol?: string, connect_timeout_ms?: integer, ping_ms?: integer, max_message?: integer}
---@return hob.Socket
function hob.websocket.connect(request) end

---@class hob.Socket
local Socket = {}

---@param data string
---@param kind? "text"|"binary"
function Socket:send(data, kind) end

---Waits.
---@return string? data nil when it is closed
---@return string kind "text" or "binary"; why, when it is closed
function Socket:receive() end

---@param code? integer
---@param reason? string
function Socket:close(code, reason) end

---@class hob.log
hob.log = {}

---@param ... any
function hob.log.trace(...) end

---@param ... any
function hob.log.debug(...) end

---@param ... any
function hob.log.info(...) end

---@param ... any
function hob.log.warn(...) end

---@param ... any
function hob.log.error(...) end

---@class hob.Timer
local Timer = {}

function Timer:stop() end

---@class hob.Call
---@field id integer
---@field context table tools: user_id, conversation_id, turn_id, tool_call_id
local Call = {}

---Streams text: the progress of a tool.
---@param text string
function Call:emit(text) end

---@return boolean
function Call:cancelled() end

---Streams an event: methods only.
---@param value any
function Call:event(value) end

---@class hob.Out
local Out = {}

---@param text? string
function Out:text(text) end

---@param text? string
function Out:reasoning(text) end

---@param call {index?: integer, id?: string, name?: string, arguments?: string}
function Out:tool_call(call) end

---@param usage {input_tokens?: integer, output_tokens?: integer, cached_tokens?: integer, cache_write_tokens?: integer}
function Out:usage(usage) end

---What the model must get back with its message when the tools of this answer have run.
---@param kept table
function Out:carry(kept) end

---@class hob.Request
---@field id string
---@field method string
---@field path string
---@field params table<string, string>
---@field query table<string, string>
---@field headers table<string, string>
---@field body string
---@field user? table
local Request = {}

---@return any
function Request:json() end

---@class hob.Stream
local Stream = {}

---@param head? {status?: integer, headers?: table<string, string>}
function Stream:start(head) end

---@param bytes string
function Stream:write(bytes) end

---@class hob.Peer
local Peer = {}

---@param text string
function Peer:send(text) end

---Waits.
---@return string? data nil when the client is gone
---@return string kind
function Peer:receive() end

---@param code? integer
---@param reason? string
function Peer:close(code, reason) end

return hob

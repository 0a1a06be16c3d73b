#include "plugins/lua_plugin.hpp"

namespace hobd {

// Scripts see the module it makes; its functions and their arguments are written down in sdk/lua/hob.meta.lua,
// for people in docs/lua.md. Library functions are taken as locals: a script that replaces a global changes
// nothing in here. Errors that are the script's fault are raised with its own line (level 3: require_* is called by a
// module function, which the script called).
const char* const kLuaPrelude = R"lua(
local core = ...
local error, pairs, ipairs, type, tostring, select = error, pairs, ipairs, type, tostring, select
local setmetatable, getmetatable, rawequal = setmetatable, getmetatable, rawequal
local concat, sort, find, sub, gsub, format = table.concat, table.sort, string.find, string.sub, string.gsub, string.format
local match, gmatch, max, pcall = string.match, string.gmatch, math.max, pcall

local hob = { json = { null = core.null }, http = {}, kv = {}, log = {}, websocket = {}, config = {} }
local dispatch = {}

-- errors ---------------------------------------------------------------------------------------------------

local Error = { __name = "hob.error", __tostring = function(e) return e.code .. ": " .. e.message end }
Error.__index = Error

local codes = { internal = true, not_found = true, invalid = true, denied = true, cancelled = true, timeout = true,
                unavailable = true, unsupported = true, overloaded = true }

local function fail(code, message) error(setmetatable({ code = code, message = message }, Error), 0) end

function hob.error(code, message)
  if not codes[code] then error("hob.error: the code is one of internal, not_found, invalid, denied, cancelled, timeout, unavailable, unsupported, overloaded", 2) end
  fail(code, tostring(message))
end

local function want(value, kind, name)
  if type(value) ~= kind then error(format("%s: a %s is wanted, not a %s", name, kind, type(value)), 3) end
  return value
end

local function only(t, name, known)
  for key in pairs(t) do
    if not known[key] then
      local names = {}
      for k in pairs(known) do names[#names + 1] = k end
      sort(names)
      error(format("%s: unknown member %q, known are %s", name, tostring(key), concat(names, ", ")), 3)
    end
  end
end

local function set(names)
  local s = {}
  for name in gmatch(names, "%S+") do s[name] = true end
  return s
end

-- JSON -----------------------------------------------------------------------------------------------------

local function encode(value)
  local text, reason = core.json_encode(value)
  if not text then fail("invalid", "JSON: " .. reason) end
  return text
end

local function decode(text)
  local value, reason = core.json_decode(text)
  if value == nil then fail("invalid", reason) end
  return value
end

function hob.json.encode(value) return encode(value) end
function hob.json.decode(text) return decode(want(text, "string", "hob.json.decode")) end
function hob.json.array(list) return setmetatable(list or {}, core.array) end
function hob.json.is_array(value) return type(value) == "table" and (#value > 0 or rawequal(getmetatable(value), core.array)) end

-- waiting for the host -------------------------------------------------------------------------------------

local function started(name, id, code, message)
  if not id then fail(code, name .. ": " .. message) end
  return id
end

local function result_of(name, id, on_letter)
  while true do
    local kind, first, second = core.await(id)
    if kind == "result" then
      if first ~= "ok" then fail(first, second) end
      return second
    end
    if on_letter then on_letter(kind, first) end
  end
end

function hob.sleep(ms) result_of("hob.sleep", started("hob.sleep", core.sleep(max(0, want(ms, "number", "hob.sleep") // 1 | 0)))) end
function hob.now() return core.now() end
function hob.monotonic() return core.monotonic() end
function hob.equal(a, b) return core.equal(want(a, "string", "hob.equal"), want(b, "string", "hob.equal")) end

function hob.spawn(fn)
  if not core.spawn(want(fn, "function", "hob.spawn")) then fail("overloaded", "hob.spawn: too many tasks") end
end

local timers = {}
local Timer = {}
Timer.__index = Timer
function Timer:stop()
  timers[self.id] = nil
  core.timer_stop(self.id)
end

local function start_timer(name, ms, fn, rep)
  local delay = max(0, ms // 1 | 0)
  local id = started(name, core.timer(delay, rep and max(1, delay) or 0))
  timers[id] = { fn = fn, rep = rep }
  return setmetatable({ id = id }, Timer)
end
function hob.after(ms, fn) return start_timer("hob.after", want(ms, "number", "hob.after"), want(fn, "function", "hob.after"), false) end
function hob.every(ms, fn) return start_timer("hob.every", want(ms, "number", "hob.every"), want(fn, "function", "hob.every"), true) end

function dispatch.timer(id)
  local timer = timers[id]
  if not timer or timer.running then return end
  if not timer.rep then timers[id] = nil return timer.fn() and nil end
  timer.running = true
  local guard <close> = setmetatable({}, { __close = function() timer.running = false end })
  timer.fn()
end

-- log ------------------------------------------------------------------------------------------------------

for level, name in ipairs { "trace", "debug", "info", "warn", "error" } do
  hob.log[name] = function(...)
    local parts = {}
    for i = 1, select("#", ...) do parts[i] = tostring((select(i, ...))) end
    core.log(level - 1, concat(parts, " "))
  end
end
print = hob.log.info

-- HTTP -----------------------------------------------------------------------------------------------------

local request_keys = set "method url headers body json timeout_ms connect_timeout_ms stall_timeout_ms max_body redirects"

local Response = {}
Response.__index = Response
function Response:json() return decode(self.body) end
function Response:ok() return self.status >= 200 and self.status < 300 end

local function server_words(response)
  local value = core.json_decode(response.body)
  local e = type(value) == "table" and (value.error or value.message or value.detail) or nil
  if type(e) == "table" then e = e.message end
  if type(e) == "string" and e ~= "" then return e end
  local text = gsub(gsub(response.body, "<[^<>]*>", " "), "%s+", " ")
  return #text > 300 and sub(text, 1, 300) .. "..." or text
end

local by_status = { [401] = "denied", [403] = "denied", [404] = "not_found", [408] = "timeout", [429] = "overloaded" }

function Response:fail(who)
  local code = by_status[self.status] or (self.status >= 500 and "unavailable" or "invalid")
  local retry = code == "overloaded" and self.headers["retry-after"]
  local prefix = retry and find(retry, "^%d+$") and "retry after " .. retry .. " s: " or ""
  fail(code, format("%s%s answered %d: %s", prefix, who or "the server", self.status, server_words(self)))
end

local function start_request(name, request, mode)
  only(want(request, "table", name), name, request_keys)
  want(request.url, "string", name .. ": url")
  local wire = { mode = mode }
  for key, value in pairs(request) do
    if key ~= "body" and key ~= "json" then wire[key] = value end
  end
  local body = request.body or ""
  if request.json ~= nil then
    body = encode(request.json)
    local headers = { ["content-type"] = "application/json" }
    for key, value in pairs(request.headers or {}) do headers[key] = value end
    wire.headers = headers
  end
  wire.method = request.method or (request.json ~= nil or request.body) and "POST" or "GET"
  if type(body) ~= "string" then error(name .. ": body: a string is wanted, use json for a table", 3) end
  return started(name, core.http(encode(wire), body))
end

local function head_of(text)
  local head = decode(text)
  return setmetatable({ status = head.status, headers = head.headers or {}, url = head.url, body = "" }, Response)
end

local function whole_request(name, request)
  local response
  local id = start_request(name, request, "whole")
  local body = result_of(name, id, function(kind, data) if kind == "head" then response = head_of(data) end end)
  response = response or setmetatable({ status = 0, headers = {} }, Response)
  response.body = body
  return response
end

function hob.http.request(request) return whole_request("hob.http.request", request) end
local function with_url(name, url, options, method)
  local request = { url = want(url, "string", name), method = method }
  for key, value in pairs(options or {}) do request[key] = value end
  return whole_request(name, request)
end
function hob.http.get(url, options) return with_url("hob.http.get", url, options, "GET") end
function hob.http.post(url, options) return with_url("hob.http.post", url, options, "POST") end

-- The answer in pieces, as an iterator that ends the request when the loop is left. Not 2xx: raises.
local function pieces(name, request, mode)
  local id = start_request(name, request, mode)
  local response
  local function next_piece()
    while true do
      local kind, first, second = core.await(id)
      if kind == "head" then
        response = head_of(first)
      elseif kind == "result" then
        if first ~= "ok" then fail(first, second) end
        if response and not response:ok() then
          response.body = response.body .. second
          response:fail()
        end
        return nil
      elseif response and not response:ok() then
        response.body = response.body .. first
      else
        return first
      end
    end
  end
  return next_piece, setmetatable({}, { __close = function() core.abandon(id) end })
end

function hob.http.stream(request)
  local next_piece, closer = pieces("hob.http.stream", request, "stream")
  return next_piece, nil, nil, closer
end

function hob.http.sse(request)
  local next_piece, closer = pieces("hob.http.sse", request, "sse")
  return function()
    local piece = next_piece()
    if not piece then return nil end
    local line = find(piece, "\n", 1, true)
    if not line then return { event = piece, data = "" } end
    return { event = sub(piece, 1, line - 1), data = sub(piece, line + 1) }
  end, nil, nil, closer
end

function hob.http.lines(request)
  local next_piece, closer = pieces("hob.http.lines", request, "stream")
  local rest, at, ended = "", 1, false
  return function()
    while true do
      local stop = find(rest, "\n", at, true)
      if stop then
        local line = sub(rest, at, stop - 1)
        at = stop + 1
        if sub(line, -1) == "\r" then line = sub(line, 1, -2) end
        if line ~= "" then return line end
      elseif ended then
        local line = sub(rest, at)
        rest, at = "", 1
        return line ~= "" and line or nil
      else
        if #rest - at > 8388608 then fail("overloaded", "a line of more than 8 MiB") end
        local piece = next_piece()
        if piece then rest, at = sub(rest, at) .. piece, 1 else ended = true end
      end
    end
  end, nil, nil, closer
end

-- the other services ---------------------------------------------------------------------------------------

local function kv(name, verb, first, second)
  return started(name, core.kv(verb, want(first, "string", name), want(second, "string", name)))
end
function hob.kv.get(key)
  local kind, code, value = core.await(kv("hob.kv.get", "get", key, ""))
  if code == "not_found" then return nil end
  if code ~= "ok" then fail(code, value) end
  return value
end
function hob.kv.set(key, value) result_of("hob.kv.set", kv("hob.kv.set", "set", key, value)) end
function hob.kv.remove(key) result_of("hob.kv.remove", kv("hob.kv.remove", "remove", key, "")) end
function hob.kv.list(prefix, after) return decode(result_of("hob.kv.list", kv("hob.kv.list", "list", prefix or "", after or ""))).keys end

function hob.method(name, params, options)
  want(name, "string", "hob.method")
  options = options or {}
  only(want(options, "table", "hob.method"), "hob.method", { as = true, on_event = true })
  local wire = {}
  if options.as then wire.as_call = options.as.id end
  local id = started("hob.method", core.method(name, encode(params or {}), encode(wire)))
  local text = result_of("hob.method", id, function(_, data) if options.on_event then options.on_event(decode(data)) end end)
  return text ~= "" and decode(text) or nil
end

function hob.secret(name) return result_of("hob.secret", started("hob.secret", core.secret(want(name, "string", "hob.secret")))) end
function hob.deliver(event) return decode(result_of("hob.deliver", started("hob.deliver", core.deliver(encode(want(event, "table", "hob.deliver")))))) end

local Socket = {}
Socket.__index = Socket
function Socket:send(data, kind)
  local code = core.ws_send(self.id, want(data, "string", "send"), kind ~= "binary")
  if code ~= "ok" then fail(code, code == "not_found" and "the WebSocket is not open" or "the WebSocket takes no more now") end
end
function Socket:receive()
  if self.reason then return nil, self.reason end
  local kind, first, second = core.await(self.id)
  if kind ~= "result" then return first, kind == "binary" and "binary" or "text" end
  if first == "cancelled" then fail(first, second) end
  self.reason = first == "ok" and "closed" or second
  return nil, self.reason
end
function Socket:close(code, reason) core.ws_close(self.id, code or 1000, reason or "") end

local socket_keys = set "url headers subprotocol connect_timeout_ms ping_ms max_message"
function hob.websocket.connect(request)
  only(want(request, "table", "hob.websocket.connect"), "hob.websocket.connect", socket_keys)
  want(request.url, "string", "hob.websocket.connect: url")
  local id = started("hob.websocket.connect", core.ws_open(encode(request)))
  local kind, first, second = core.await(id)
  if kind == "result" then fail(first == "ok" and "unavailable" or first, second) end
  return setmetatable({ id = id }, Socket)
end

-- calls ----------------------------------------------------------------------------------------------------

local Call = {}
Call.__index = Call
local function emit(id, chunk)
  local code = core.emit(id, chunk)
  if code == "ok" then return end
  if code == "cancelled" then fail(code, "the call was cancelled") end
  if code == "not_found" then fail(code, "this call has ended") end
  fail(code, "the reader of this call is too slow")
end
function Call:emit(text)
  if not core.valid_utf8(want(text, "string", "emit")) then fail("invalid", "emit: the text is not UTF-8") end
  emit(self.id, text)
end
function Call:cancelled() return core.is_cancelled(self.id) end

local function new_call(id, context) return setmetatable({ id = id, context = context or {} }, Call) end
local function decoded(text) return text ~= "" and decode(text) or {} end

local plugin

local plugin_keys = set "id tools provider embedder channel routes websockets methods activate configure"
local Plugin, Tool = {}, {}

local function check_functions(t, name, required, optional)
  want(t, "table", "hob.plugin: " .. name)
  only(t, "hob.plugin: " .. name, set(required .. " " .. optional))
  for key in pairs(set(required)) do want(t[key], "function", format("hob.plugin: %s.%s", name, key)) end
  for key, fn in pairs(t) do want(fn, "function", format("hob.plugin: %s.%s", name, key)) end
end

local function check_map(t, name)
  for key, fn in pairs(want(t, "table", "hob.plugin: " .. name)) do
    want(key, "string", "hob.plugin: a key of " .. name)
    want(fn, "function", format("hob.plugin: %s[%q]", name, key))
  end
end

function hob.plugin(spec)
  only(want(spec, "table", "hob.plugin"), "hob.plugin", plugin_keys)
  want(spec.id, "string", "hob.plugin: id")
  for i, tool in ipairs(want(spec.tools or {}, "table", "hob.plugin: tools")) do
    if getmetatable(tool) ~= Tool then error(format("hob.plugin: tools[%d] is not made by hob.tool", i), 2) end
  end
  if spec.provider then check_functions(spec.provider, "provider", "complete", "models") end
  if spec.embedder then check_functions(spec.embedder, "embedder", "describe embed", "") end
  if spec.channel then check_functions(spec.channel, "channel", "send", "start stop") end
  if spec.routes then check_map(spec.routes, "routes") end
  if spec.websockets then check_map(spec.websockets, "websockets") end
  if spec.methods then check_map(spec.methods, "methods") end
  if spec.activate ~= nil then want(spec.activate, "function", "hob.plugin: activate") end
  if spec.configure ~= nil then want(spec.configure, "function", "hob.plugin: configure") end
  return setmetatable(spec, Plugin)
end

function dispatch.load(value, expected)
  if type(value) ~= "table" or getmetatable(value) ~= Plugin then error("the script returned no plugin: end it with return hob.plugin { ... }", 0) end
  if value.id ~= expected then error(format("the script's id is %q, plugin.json says %q", value.id, expected), 0) end
  plugin = value
  local offers = { "hob.operation/1", "hob.timer/1" }
  for key, id in pairs { tools = "hob.tool/1", provider = "hob.provider/1", embedder = "hob.embedder/1", channel = "hob.channel/1",
                         methods = "hob.method/1", configure = "hob.config/1" } do
    if value[key] then offers[#offers + 1] = id end
  end
  if value.routes or value.websockets then offers[#offers + 1] = "hob.routes/1" end
  return concat(offers, " ")
end

function dispatch.activate(config)
  hob.config = decode(config ~= "" and config or "{}")
  if plugin.activate then plugin.activate(hob.config) end
end

function dispatch.configure(_, config)
  local new = decode(config)
  plugin.configure(new)
  hob.config = new
  return "{}"
end

-- tools ----------------------------------------------------------------------------------------------------

local simple_types = set "string integer number boolean array object"

local function schema_of(args, name)
  local properties, required = {}, hob.json.array()
  for key, kind in pairs(args) do
    if type(kind) == "table" then
      properties[key] = kind
    else
      local base, optional, doc = match(kind, "^(%l+)(%??)%s*(.*)$")
      if not simple_types[base] then error(format("hob.tool: %s.args.%s: %q is none of string, integer, number, boolean, array, object (with ? for optional)", name, key, kind), 3) end
      properties[key] = { type = base, description = doc ~= "" and doc or nil }
      if optional == "" then required[#required + 1] = key end
    end
  end
  sort(required)
  return { type = "object", properties = properties, required = required, additionalProperties = false }
end

local tool_keys = set "name doc args parameters run"
function hob.tool(spec)
  only(want(spec, "table", "hob.tool"), "hob.tool", tool_keys)
  want(spec.name, "string", "hob.tool: name")
  want(spec.run, "function", "hob.tool: run")
  want(spec.doc or "", "string", "hob.tool: doc")
  local parameters = spec.parameters or schema_of(want(spec.args or {}, "table", "hob.tool: args"), spec.name)
  return setmetatable({ name = spec.name, doc = spec.doc or "", parameters = parameters, run = spec.run }, Tool)
end

function dispatch.tool_describe()
  local list = hob.json.array()
  for i, tool in ipairs(plugin.tools) do list[i] = { name = tool.name, description = tool.doc, parameters = tool.parameters } end
  return encode { tools = list }
end

function dispatch.tool_invoke(id, name, args, context)
  for _, tool in ipairs(plugin.tools) do
    if tool.name == name then
      local result = tool.run(decoded(args), new_call(id, decoded(context)))
      return encode(result)
    end
  end
  fail("not_found", "no tool " .. name)
end

-- providers, embedders -------------------------------------------------------------------------------------

local Out = {}
Out.__index = Out
function Out:text(text) if text and text ~= "" and text ~= core.null then emit(self.id, encode { text = text }) end end
function Out:reasoning(text) if text and text ~= "" and text ~= core.null then emit(self.id, encode { reasoning = text }) end end
function Out:tool_call(call)
  emit(self.id, encode { tool_call = { index = call.index or 0, id = call.id, name = call.name, arguments = call.arguments } })
end
function Out:usage(usage)
  emit(self.id, encode { usage = { input_tokens = usage.input_tokens or 0, output_tokens = usage.output_tokens or 0, cached_tokens = usage.cached_tokens or 0 } })
end

function dispatch.provider_complete(id, request)
  local stop = plugin.provider.complete(decode(request), setmetatable({ id = id }, Out), new_call(id))
  if type(stop) ~= "table" then stop = { stop = stop or "end" } end
  return encode(stop)
end

function dispatch.provider_models()
  local models = hob.json.array()
  for i, model in ipairs(plugin.provider.models and plugin.provider.models() or {}) do
    models[i] = type(model) == "string" and { id = model } or model
  end
  return encode { models = models }
end

local http_provider_keys = set "request event models"
function hob.http_provider(spec)
  only(want(spec, "table", "hob.http_provider"), "hob.http_provider", http_provider_keys)
  want(spec.request, "function", "hob.http_provider: request")
  want(spec.event, "function", "hob.http_provider: event")
  return {
    models = spec.models,
    complete = function(chat, out)
      local state = {}
      for event in hob.http.sse(spec.request(chat, hob.config)) do
        if event.data == "[DONE]" then break end
        if spec.event(event, out, state) == false then break end
      end
      if not state.stop then fail("unavailable", "the model server ended its answer halfway") end
      return { stop = state.stop, model = state.model }
    end,
  }
end

function dispatch.embedder_describe() return encode(plugin.embedder.describe()) end
function dispatch.embedder_embed(_, request) return core.pack_vectors(plugin.embedder.embed(decode(request))) end

-- channels, methods ----------------------------------------------------------------------------------------

function dispatch.channel_start() if plugin.channel.start then plugin.channel.start() end return "{}" end
function dispatch.channel_stop() if plugin.channel.stop then plugin.channel.stop() end return "{}" end
function dispatch.channel_send(_, message)
  local receipt = plugin.channel.send(decode(message))
  if type(receipt) == "string" then receipt = { message_id = receipt } end
  return encode(receipt or {})
end

function dispatch.method_invoke(id, name, params, user)
  local method = plugin.methods[name]
  if not method then fail("not_found", "no method " .. name) end
  local call = new_call(id)
  function call:event(value) emit(id, encode(value)) end
  local result = method(decoded(params), decoded(user), call)
  return encode(result == nil and {} or result)
end

-- routes ---------------------------------------------------------------------------------------------------

local Stream = {}
Stream.__index = Stream
function Stream:start(head)
  if self.started then fail("internal", "the response was started already") end
  self.started = true
  emit(self.id, encode { status = head and head.status or 200, headers = head and head.headers or {} })
end
function Stream:write(bytes)
  if not self.started then self:start() end
  emit(self.id, want(bytes, "string", "write"))
end

local Peer = {}
Peer.__index = Peer
function Peer:send(text) Call.emit(self, text) end
function Peer:receive()
  local kind, first, second = core.await(self.inbox)
  if kind == "result" then return nil, second end
  return first, kind == "binary" and "binary" or "text"
end
function Peer:close(code, reason) self.closing = { code = code or 1000, reason = reason or "" } end

local function websocket_request(id, head)
  local handler = plugin.websockets and plugin.websockets[head.route or head.path]
  if not handler then fail("not_found", "no WebSocket at " .. tostring(head.path)) end
  local inbox, code, message = core.inbox(id)
  local peer = setmetatable({ id = id, inbox = started("websocket", inbox, code, message) }, Peer)
  emit(id, encode { status = 101 })
  handler(peer, head)
  return encode(peer.closing or { code = 1000, reason = "" })
end

function dispatch.routes_request(id, head, body)
  head = decode(head)
  if head.websocket == true then return websocket_request(id, head) end
  local handler = plugin.routes and plugin.routes[head.method .. " " .. (head.route or head.path)]
  if not handler then fail("not_found", "no route " .. head.method .. " " .. head.path) end
  head.body = body
  function head:json() return decode(self.body) end
  local stream = setmetatable({ id = id, started = false }, Stream)
  local answer = handler(head, stream)
  if stream.started then return "" end
  if type(answer) == "string" then answer = { body = answer } end
  answer = answer or {}
  answer.status = answer.status or (answer.body ~= nil and 200 or 204)
  if type(answer.body) == "string" and not core.valid_utf8(answer.body) then  -- bytes: JSON can't hold them
    stream:start(answer)
    stream:write(answer.body)
    return ""
  end
  return encode { status = answer.status, headers = answer.headers or {}, body = answer.body or "" }
end

-- require --------------------------------------------------------------------------------------------------

local loaded, loading = { hob = hob }, {}
function require(name)
  want(name, "string", "require")
  if loaded[name] ~= nil then return loaded[name] end
  if loading[name] then error("require: " .. name .. " requires itself", 2) end
  local chunk = core.module(name)
  loading[name] = true
  local ok, value = pcall(chunk, name)
  loading[name] = nil
  if not ok then error(value, 0) end
  loaded[name] = value == nil and true or value
  return loaded[name]
end

return dispatch
)lua";

}  // namespace hobd

#include "plugins/lua_plugin.hpp"

namespace hobd {

// The second half of the prelude, in the scope of the first: what a script defines (tools, providers, routes) and
// how the ABI's calls reach it.
const char* const kLuaPreludeCalls = R"lua(
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
-- The object that the host promises; anything else never reaches the script.
local function decoded(text)
  local value = text ~= "" and decode(text) or {}
  if type(value) ~= "table" or hob.json.is_array(value) then fail("invalid", "a JSON object is wanted") end
  return value
end

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
  emit(self.id, encode { usage = { input_tokens = usage.input_tokens or 0, output_tokens = usage.output_tokens or 0, cached_tokens = usage.cached_tokens or 0, cache_write_tokens = usage.cache_write_tokens } })
end
function Out:carry(kept) emit(self.id, encode { carry = kept }) end

function dispatch.provider_complete(id, request)
  local stop = plugin.provider.complete(decoded(request), setmetatable({ id = id }, Out), new_call(id))
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
function dispatch.embedder_embed(_, request) return core.pack_vectors(plugin.embedder.embed(decoded(request))) end

-- channels, methods ----------------------------------------------------------------------------------------

function dispatch.channel_start() if plugin.channel.start then plugin.channel.start() end return "{}" end
function dispatch.channel_stop() if plugin.channel.stop then plugin.channel.stop() end return "{}" end
function dispatch.channel_send(_, message)
  local receipt = plugin.channel.send(decoded(message))
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

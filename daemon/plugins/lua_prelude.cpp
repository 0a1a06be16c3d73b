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
  if not timer or timer.task and core.is_running(timer.task) then return end
  if not timer.rep then timers[id] = nil end
  timer.task = core.task()
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
  local ended = false
  local function next_piece()
    while not ended do
      local kind, first, second = core.await(id)
      if kind == "head" then
        response = head_of(first)
      elseif kind == "result" then
        ended = true
        if first ~= "ok" then fail(first, second) end
        if response and not response:ok() then
          response.body = response.body .. second
          response:fail()
        end
        if mode == "sse" and second ~= "" then return "whole\n" .. second end
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

)lua";

}  // namespace hobd

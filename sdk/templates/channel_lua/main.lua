-- A channel over two webhooks: the other side POSTs messages to /hooks/@NAME@ and gets replies POSTed to a URL of its own.
-- Pairing, ordering, retries and splitting are Hob's; a channel carries messages.
local hob = require "hob"

local function receive(request)
  if not hob.equal(request.headers["x-token"] or "", hob.config.token) then
    hob.error("denied", "the header X-Token is missing or wrong")
  end
  local body = request:json()
  if type(body) ~= "table" or type(body.id) ~= "string" or type(body.from) ~= "string" or type(body.text) ~= "string" then
    hob.error("invalid", 'send {"id":"...","from":"...","text":"..."}')
  end
  -- The platform's own id makes repeats harmless; when deliver returns the message is on disk.
  local accepted = hob.deliver { id = body.id, sender = { id = body.from }, text = body.text }
  return { status = 202, body = accepted }
end

local function send(message)
  if type(message.id) ~= "string" or type(message.to) ~= "table" then hob.error("invalid", "a message has an id and a to") end
  local response = hob.http.post(hob.config.url, { headers = { ["idempotency-key"] = message.id },
    json = { to = message.to.id, text = message.text } })
  if not response:ok() then response:fail("the receiver") end
  return message.id
end

return hob.plugin { id = "@ID@", routes = { ["POST /hooks/@NAME@"] = receive }, channel = { send = send } }

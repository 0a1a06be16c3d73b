-- Any program as a channel: it POSTs messages to /hooks/<path> and gets the replies POSTed to a URL of its own.
local hob = require "hob"

local function receive(request)
  local config = hob.config
  if not hob.equal(request.headers["x-hob-secret"] or "", config.secret) then
    hob.error("denied", "the header X-Hob-Secret is missing or wrong")
  end
  local event = request:json()
  if type(event) ~= "table" or type(event.id) ~= "string" or type(event.text) ~= "string" or
     type(event.sender) ~= "table" or type(event.sender.id) ~= "string" then
    hob.error("invalid", 'send {"id":"...","sender":{"id":"...","name":"..."},"text":"...","thread":"..."}')
  end
  local answer = hob.deliver { id = event.id, sender = { id = event.sender.id, name = event.sender.name },
    text = event.text, thread = event.thread }
  return { status = 202, body = { accepted = answer.accepted, duplicate = answer.duplicate } }
end

local function send(message)
  local response = hob.http.post(hob.config.url, { json = message,
    headers = { ["Idempotency-Key"] = message.id, ["X-Hob-Secret"] = hob.config.secret } })
  if not response:ok() then response:fail("the webhook's receiver") end
  local ok, receipt = pcall(response.json, response)
  return ok and type(receipt) == "table" and type(receipt.message_id) == "string" and receipt.message_id or message.id
end

return hob.plugin { id = "channel_webhook",
  routes = { ["POST /hooks/{config:path}"] = receive },
  channel = { send = send } }

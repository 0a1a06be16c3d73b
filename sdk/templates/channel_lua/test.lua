local test = require "hob.test"

local function host() return test.host { config = { token = "0123456789abcdef", url = "https://example.org/replies" } } end
local function post(to, token)
  return to:route("POST /hooks/@NAME@", { headers = { ["x-token"] = token }, body = { id = "m1", from = "anna", text = "hello" } })
end
local message = { id = "o1", to = { id = "anna" }, text = "hi", kind = "reply" }

test.case("a message with the token is delivered", function()
  local host = host()
  local answer = post(host, "0123456789abcdef")
  test.equal(answer.result.status, 202)
  test.equal(host:delivered(), { { id = "m1", sender = { id = "anna" }, text = "hello" } })
end)

test.case("a message without it is denied", function()
  local host = host()
  test.equal(post(host, "wrong").status, "denied")
  test.equal(#host:delivered(), 0)
end)

test.case("a reply is POSTed under its own id", function()
  local host = host()
  host:answer { status = 200 }
  test.equal(host:send(message).result, { message_id = "o1" })
  local request = host:requests()[1]
  test.equal(request.url, "https://example.org/replies")
  test.equal(request.head.headers["idempotency-key"], "o1")
end)

test.case("a receiver in trouble is tried again", function()
  local host = host()
  host:answer { status = 503 }
  test.equal(host:send(message).status, "unavailable")
end)

local test = require "hob.test"

local chat = { model = "sample", stream = true, messages = { { role = "user", content = "Say hello." } } }
-- As the server sent them.
local recorded = 'data: {"model":"sample","choices":[{"delta":{"role":"assistant","content":"Hel"},"finish_reason":null}]}\n\n' ..
  'data: {"model":"sample","choices":[{"delta":{"content":"lo."},"finish_reason":null}]}\n\n' ..
  'data: {"model":"sample","choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2}}\n\n' ..
  'data: [DONE]\n\n'

local function host(reply)
  return test.host { config = { base_url = "https://api.example.org/v1" }, http = { reply } }
end

test.case("recorded events become deltas", function()
  local host = host { body = recorded }
  local answer = host:complete(chat)
  test.equal(answer.status, "ok")
  test.equal(answer.result.stop, "end")
  test.equal(answer.chunks[1], { text = "Hel" })
  test.equal(answer.chunks[2], { text = "lo." })
  test.equal(answer.chunks[3].usage.output_tokens, 2)
  local request = host:requests()[1]
  test.equal(request.url, "https://api.example.org/v1/chat/completions")
  test.equal(request.head.headers.authorization, "Bearer ${secret:api_key}")
end)

test.case("half an answer is no answer", function()
  test.check(host { body = recorded:sub(1, 120) }:complete(chat).status ~= "ok")
end)

test.case("a refused key is denied", function()
  test.equal(host { status = 401, body = { error = { message = "bad key" } } }:complete(chat).status, "denied")
end)

test.case("models are listed", function()
  test.equal(host { body = { data = { { id = "sample" } } } }:models().result, { models = { { id = "sample" } } })
end)

-- A provider for models behind an OpenAI-like API: a chat becomes an HTTP request, server-sent events become deltas.
-- Connections, TLS, timeouts, cancellation, retries and the key are Hob's.
local hob = require "hob"

local function base() return (hob.config.base_url:gsub("/+$", "")) end
-- The key never enters this plugin: Hob fills it in, for the server that the manifest pairs with it.
local headers = { authorization = "Bearer ${secret:api_key}" }

return hob.plugin { id = "@ID@", provider = hob.http_provider {
  request = function(chat)
    if type(chat.messages) ~= "table" then hob.error("invalid", "a chat has messages") end
    return { url = base() .. "/chat/completions", headers = headers,
      json = { model = chat.model, messages = chat.messages, max_tokens = chat.max_tokens, stream = true } }
  end,
  event = function(event, out, state)
    local answer = hob.json.decode(event.data)
    local choice = answer.choices[1] or {}
    state.model = answer.model
    out:text(choice.delta and choice.delta.content)
    if type(answer.usage) == "table" then
      out:usage { input_tokens = answer.usage.prompt_tokens, output_tokens = answer.usage.completion_tokens }
    end
    if type(choice.finish_reason) == "string" then
      state.stop = choice.finish_reason == "length" and "length" or choice.finish_reason == "content_filter" and "filtered" or "end"
    end
  end,
  models = function()
    local response = hob.http.get(base() .. "/models", { headers = headers })
    if not response:ok() then response:fail("the model server") end
    local list = {}
    for i, model in ipairs(response:json().data) do list[i] = { id = model.id } end
    return list
  end } }

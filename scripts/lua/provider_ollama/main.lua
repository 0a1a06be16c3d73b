-- Language models of an Ollama server, over its own API: POST /api/chat streams one JSON object a line.
local hob = require "hob"

local function base() return (hob.config.base_url or "http://127.0.0.1:11434"):gsub("/+$", "") end

-- Ollama takes arguments as an object alone. What a model wrote that is none, it shall still see.
local function to_arguments(text)
  if text == nil or text == "" then return {} end
  local is_json, value = pcall(hob.json.decode, text)
  if is_json and type(value) == "table" and not hob.json.is_array(value) then return value end
  return { invalid_json = text }
end

local function to_message(message)
  local out = { role = message.role, content = message.content }
  if hob.json.is_array(message.content) then
    local texts, images = {}, {}
    for _, part in ipairs(message.content) do
      if part.type == "text" then texts[#texts + 1] = part.text end
      if part.type == "image" then
        local inlined = part.url and part.url:match "^data:[^,]*;base64,(.*)$"
        images[#images + 1] = part.data or inlined or hob.error("unsupported", "Ollama takes images as data, not as a URL")
      end
    end
    out.content, out.images = table.concat(texts, "\n"), #images > 0 and images or nil
  end
  if message.tool_calls then
    out.thinking = message.carry and message.carry.thinking
    out.tool_calls = hob.json.array()
    for i, call in ipairs(message.tool_calls) do
      out.tool_calls[i] = { ["function"] = { name = call.name, arguments = to_arguments(call.arguments) } }
    end
  end
  return out
end

local function to_body(chat)
  local format, think = chat.response_format, chat.extra and chat.extra.think
  if think == nil then think = hob.config.think end
  local body = { model = chat.model, stream = true, messages = hob.json.array(), keep_alive = hob.config.keep_alive,
    think = think,
    format = format and (format.type == "json_object" and "json" or format.json_schema and format.json_schema.schema) or nil,
    options = { num_predict = chat.max_tokens, temperature = chat.temperature, top_p = chat.top_p, stop = chat.stop,
      seed = chat.extra and chat.extra.seed, num_ctx = hob.config.context_window } }
  local names = {}
  for i, message in ipairs(chat.messages) do
    body.messages[i] = to_message(message)
    for _, call in ipairs(message.tool_calls or {}) do names[call.id] = call.name end
    if message.role == "tool" then body.messages[i].tool_name = names[message.tool_call_id] end
  end
  for i, tool in ipairs(chat.tool_choice ~= "none" and chat.tools or {}) do
    body.tools = body.tools or {}
    body.tools[i] = { type = "function", ["function"] = tool }
  end
  return body
end

-- Ollama's older versions give calls no id. Other providers, which may go on with the conversation, want each to be the only one.
local function made_id(number) return ("call_%d_%d"):format(math.floor(hob.now() * 1000000), number) end

local function answer(body, out)
  local calls, thoughts, done = 0, {}, nil
  for line in hob.http.lines { url = base() .. "/api/chat", json = body } do
    local is_json, piece = pcall(hob.json.decode, line)
    if not is_json or type(piece) ~= "table" then hob.error("unavailable", "Ollama sent a line that is not JSON") end
    if piece.error then hob.error("unavailable", "Ollama: " .. tostring(piece.error)) end
    local message = piece.message or {}
    out:reasoning(message.thinking)
    thoughts[#thoughts + 1] = message.thinking
    out:text(message.content)
    for _, call in ipairs(message.tool_calls or {}) do
      out:tool_call { index = calls, id = call.id or made_id(calls), name = call["function"].name,
        arguments = hob.json.encode(call["function"].arguments or {}) }
      calls = calls + 1
    end
    if piece.done then done = piece break end
  end
  if not done then hob.error("unavailable", "Ollama ended its answer halfway") end
  out:usage { input_tokens = done.prompt_eval_count, output_tokens = done.eval_count }
  -- While tools run the model wants its thoughts back.
  if calls > 0 and #thoughts > 0 then out:carry { thinking = table.concat(thoughts) } end
  local stop = calls > 0 and "tool_calls" or done.done_reason == "length" and "length" or "end"
  return { stop = stop, model = done.model }
end

-- Takes out what Ollama says the model lacks. False: it says something else.
local function leave_out(body, fault)
  local words = type(fault) == "table" and fault.code == "invalid" and fault.message or ""
  if body.tools and words:find("does not support tools", 1, true) then body.tools = nil return true end
  if body.think and words:find("does not support thinking", 1, true) then body.think = nil return true end
  return false
end

local function complete(chat, out)
  local body = to_body(chat)
  while true do
    local is_answered, result = pcall(answer, body, out)
    if is_answered then return result end
    if not leave_out(body, result) then error(result, 0) end
  end
end

local function models()
  local response = hob.http.get(base() .. "/api/tags", { timeout_ms = 10000 })
  if not response:ok() then response:fail("Ollama") end
  local list = {}
  for i, model in ipairs(response:json().models) do list[i] = { id = model.name, context_window = hob.config.context_window } end
  return list
end

return hob.plugin { id = "provider_ollama", provider = { complete = complete, models = models } }

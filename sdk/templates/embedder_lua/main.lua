-- An embedder that needs no model: counts groups of three letters. Good enough to find spelling variants; put your own
-- model (or hob.http.post to a server) in place of embed_one().
local hob = require "hob"

local dimension = 64

local function embed_one(text)
  local row, length = {}, 0
  for i = 1, dimension do row[i] = 0.0 end
  local letters = " " .. text:lower() .. " "
  for i = 1, #letters - 2 do
    local a, b, c = letters:byte(i, i + 2)
    local slot = ((a * 31 + b) * 31 + c) % dimension + 1
    row[slot] = row[slot] + 1.0
  end
  for i = 1, dimension do length = length + row[i] * row[i] end
  for i = 1, dimension do row[i] = length > 0 and row[i] / length ^ 0.5 or 0.0 end
  return row
end

return hob.plugin { id = "@ID@", embedder = {
  -- The name changes whenever the vectors do: Hob never compares vectors of two names.
  describe = function() return { model = "@NAME@-letters-1", dimension = dimension, max_batch = 256 } end,
  embed = function(request)
    if type(request.input) ~= "table" then hob.error("invalid", '"input" must be a list of texts') end
    local rows = {}
    for i, text in ipairs(request.input) do rows[i] = embed_one(type(text) == "string" and text or "") end
    return rows
  end } }

local test = require "hob.test"

local function embed(host, texts)
  local answer = host:embed { input = texts, purpose = "document" }
  test.equal(answer.status, "ok")
  local dimension, rows = host:embedder().result.dimension, {}
  for i = 1, #texts do
    rows[i] = {}
    for k = 1, dimension do rows[i][k] = string.unpack("<f", answer.text, ((i - 1) * dimension + k - 1) * 4 + 1) end
  end
  return rows
end

local function dot(a, b)
  local sum = 0
  for i = 1, #a do sum = sum + a[i] * b[i] end
  return sum
end

test.case("like texts are near, others far", function()
  local rows = embed(test.host(), { "colour", "color", "weather" })
  test.check(dot(rows[1], rows[2]) > dot(rows[1], rows[3]))
end)

test.case("an input that is no list is invalid", function()
  test.equal(test.host():embed("{}").status, "invalid")
end)

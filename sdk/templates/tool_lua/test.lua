local test = require "hob.test"

test.case("it counts words", function()
  local host = test.host()
  test.equal(host:tool("@NAME@", { text = "three small words" }).result, { words = 3 })
  test.equal(host:tool("@NAME@", { text = "" }).result, { words = 0 })
end)

test.case("a text that is missing is invalid", function()
  test.equal(test.host():tool("@NAME@", {}).status, "invalid")
end)

-- A tool in Lua: rolls a die.
local hob = require "hob"

return hob.plugin { id = "org.example.dice_lua",
  tools = { hob.tool { name = "roll_die", doc = "Roll one die.",
    args = { sides = "integer? How many sides it has; 6 if left out." },
    run = function(args)
      local sides = args.sides
      if sides == nil or sides == hob.json.null then sides = 6 end
      if math.type(sides) ~= "integer" then hob.error("invalid", '"sides" must be an integer') end
      if sides < 1 then hob.error("invalid", "a die has at least one side") end
      return { value = math.random(sides) }
    end } } }

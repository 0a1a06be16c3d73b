-- Rolls dice as games write them: "d6", "2d6+1", "4d20-3".
local hob = require "hob"

return hob.plugin { id = "tool_dice",
  tools = { hob.tool { name = "roll_dice", doc = "Roll dice, e.g. 2d6+1. Answers each die and the total.",
    args = { dice = "string how many dice of how many sides, plus or minus a number: d20, 2d6+1" },
    run = function(args)
      local count, sides, sign, bonus = args.dice:match("^%s*(%d*)[dD](%d+)%s*([+-]?)%s*(%d*)%s*$")
      count, sides, bonus = tonumber(count == "" and 1 or count), tonumber(sides), tonumber(bonus) or 0
      if not sides or (sign == "") ~= (bonus == 0 and not args.dice:match("[+-]")) or
         count < 1 or count > 100 or sides < 2 or sides > 1000 or bonus > 1000000 then
        hob.error("invalid", "write dice like d20 or 2d6+1: at most 100 dice of 2 to 1000 sides")
      end
      local rolls, total = {}, sign == "-" and -bonus or bonus
      for i = 1, count do
        rolls[i] = math.random(sides)
        total = total + rolls[i]
      end
      return { rolls = rolls, total = total }
    end } } }

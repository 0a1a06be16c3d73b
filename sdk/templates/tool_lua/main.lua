-- A tool: what it takes, what it says, what it does. The model reads the two texts.
local hob = require "hob"

return hob.plugin { id = "@ID@",
  tools = { hob.tool { name = "@NAME@", doc = "Count the words of a text.",
    args = { text = "string The text to look at." },
    run = function(args)
      if type(args.text) ~= "string" then hob.error("invalid", '"text" must be a text') end
      local words = 0
      for _ in args.text:gmatch("%S+") do words = words + 1 end
      return { words = words }
    end } } }

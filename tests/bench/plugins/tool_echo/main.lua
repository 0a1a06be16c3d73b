-- Answers its arguments: what a call costs when the tool does nothing.
local hob = require "hob"
return hob.plugin { id = "tool_echo",
  tools = { hob.tool { name = "echo_lua", doc = "Answers its arguments.", args = { text = "string" },
    run = function(args) return args end } } }

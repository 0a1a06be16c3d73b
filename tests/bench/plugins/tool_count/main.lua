local hob = require "hob"
local url

return hob.plugin {
  id = "tool_count",
  activate = function(config) url = config.url end,
  tools = {
    hob.tool {
      name = "count", doc = "Count one run.",
      parameters = { type = "object", properties = { id = { type = "string" } }, required = { "id" }, additionalProperties = false },
      run = function(args)
        local answer = hob.http.post(url .. "/tool", { body = args.id })
        return { counted = answer.status == 200, id = args.id }
      end,
    },
  },
}

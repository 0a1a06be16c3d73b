#include "plugins/tool_description.hpp"

#include "base/log.hpp"

namespace hobd {

Result<std::vector<ToolManifest>> describe_tools(const Manifest& manifest, const std::string& instance,
                                                 std::string_view answer) {
  const auto document = parse_json_object(answer);
  const json::array* list = document.has_error() ? nullptr : array_at(*document, "tools");
  if (!list) return Error{Code::invalid, "describe did not answer {\"tools\": [...]}"};
  std::vector<ToolManifest> tools;
  for (const json::value& item : *list) {
    if (!item.is_object()) continue;
    const json::object& said = item.get_object();
    const std::string name(string_or(said, "name"));
    const auto declared = manifest.tools.find(name);
    if (declared == manifest.tools.end()) {
      log::error(instance, "tool \"{}\" is refused: the manifest doesn't list it; to allow it, add \"tools\": {{\"{}\": {{}}}} to {}",
                 name, name, manifest.file.string());
      continue;
    }
    ToolManifest tool = declared->second;
    const std::string_view description = string_or(said, "description");
    if (tool.description.empty())
      tool.description = description;
    else if (!description.empty() && description != tool.description)
      log::warn(instance, "tool {}: its description differs from the manifest's, which counts", name);
    if (const json::object* parameters = object_at(said, "parameters")) {
      if (tool.parameters.is_null()) {
        const json::value schema(*parameters);
        if (const auto compiled = Schema::compile(schema); compiled.has_error()) {
          log::error(instance, "tool {} is refused: parameters: {}", name, compiled.error().message);
          continue;
        }
        tool.parameters = schema;
      } else if (tool.parameters != json::value(*parameters)) {
        log::warn(instance, "tool {}: its parameters differ from the manifest's, which count", name);
      }
    }
    if (tool.parameters.is_null()) tool.parameters = json::object{{"type", "object"}, {"properties", json::object{}}};
    tools.push_back(std::move(tool));
  }
  return tools;
}

}  // namespace hobd

// The model "offline": no model, and honest about it.
#include <hob/plugin.hpp>

#include "answer.hpp"

namespace {

/// Word by word, as a model would stream.
void stream(std::string_view text, hob::Deltas& out) {
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    const std::size_t size = space == std::string_view::npos ? text.size() : space + 1;
    out.text(text.substr(0, size));
    text.remove_prefix(size);
  }
}

class Offline final : public hob::Plugin {
  void setup() override {
    provider([this](const hob::Json& chat, hob::Deltas& out) { return complete(chat, out); },
             [] {
               hob::JsonArray models;
               models.push_back(hob::JsonObject{{"id", "offline"}});
               return hob::Json{{"models", models}};
             });
  }

  hob::Completion complete(const hob::Json& chat, hob::Deltas& out) {
    const provider_offline::Answer answer = provider_offline::answer(chat);
    if (answer.expression) {
      const hob::Json arguments{{"expression", *answer.expression}};
      const std::string id = "calc_" + std::to_string(now().time_since_epoch().count());
      out.tool_call(0, id, "calculate", arguments.dump());
    } else if (chat["stream"].boolean(true)) {
      stream(answer.text, out);
    } else {
      out.text(answer.text);
    }
    out.usage({});
    return {answer.expression ? "tool_calls" : "end", "offline"};
  }
};

}  // namespace
HOB_PLUGIN("provider_offline", Offline)

// A tool: what it takes, what it says, what it does. The model reads the two texts.
#include <hob/plugin.hpp>

#include <cctype>

namespace {

int count_words(std::string_view text) {
  int words = 0;
  bool in_word = false;
  for (const unsigned char c : text) {
    if (std::isspace(c) == 0 && !in_word) ++words;
    in_word = std::isspace(c) == 0;
  }
  return words;
}

class @CLASS@ final : public hob::Plugin {
  void setup() override {
    tool("@NAME@", {{"text", "string", "The text to look at."}}, "Count the words of a text.",
         [](const hob::Json& args) { return hob::Json{{"words", count_words(args.get<std::string>("text"))}}; });
  }
};

}  // namespace
HOB_PLUGIN("@ID@", @CLASS@)

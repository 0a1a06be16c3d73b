// A tool in C++: rolls a die.
#include <hob/plugin.hpp>

#include <random>

class Dice final : public hob::Plugin {
  void setup() override {
    tool("roll_die", {{"sides", "integer?", "How many sides it has; 6 if left out."}}, "Roll one die.",
         [this](const hob::Json& args) {
           const int sides = args.get("sides", 6);
           if (sides < 1) throw hob::Error{hob::invalid, "a die has at least one side"};
           return hob::Json{{"value", 1 + random_() % static_cast<unsigned>(sides)}};
         });
  }
  std::mt19937 random_{std::random_device{}()};
};
HOB_PLUGIN("org.example.dice", Dice)

// Standing wishes: what a person says of how Hob is to behave from now on, not of what it is to do just now. Pure; thread: any.
#pragma once

#include "memory/statements.hpp"

#include <optional>

namespace hobd {

struct Wish {
  std::string text;  // "Asks Hob to always answer in German"; "": it is one, and says nothing
  std::string_view topic;
};
/// "Always answer in German", "call me Sam", "never use emoji": none when the words of a clause are none.
std::optional<Wish> wish_of(std::string_view message, const std::vector<Word>& words);

}  // namespace hobd

// Words of a text in any language, lower-cased, for comparing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace provider_offline {

/// Letters and digits between anything else. Scripts that are written without spaces (Chinese, Japanese)
/// give one word a character.
std::vector<std::string> words_of(std::string_view text);

/// Words that say little by themselves: articles, pronouns, question words, in a few languages.
bool is_stop_word(std::string_view word);

/// Words that ask for a kind of answer rather than about something: "name" in "what is my cat's name".
bool is_light_word(std::string_view word);

/// The same word, give or take a spelling or an ending: colour and color, walk and walked.
bool is_alike(std::string_view a, std::string_view b);

/// Whether the text asks something: a question mark at its end, or a question's first word.
bool is_question(std::string_view text);

}  // namespace provider_offline

// Words for the lexical search: what goes into the index, and what a query becomes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;

namespace hobd {

/// `text` as it is indexed: characters of scripts that are written without spaces (Chinese, Japanese, Thai, ...)
/// stand alone, so that any run of them can be found; all else is unchanged.
std::string search_text(std::string_view text);

/// Makes search_text() known to SQL; the view that feeds the index calls it.
int add_search_text_function(sqlite3* db);

/// The words to look for in any text a person wrote: letters and digits, lower-cased, each once, at most 64, without
/// English stop words unless there are no others.
std::vector<std::string> search_words(std::string_view text);

/// Whether `words` hold `word`, or another form of it by the look of it ("door", "doors"). The index has real stems.
bool holds_word(const std::vector<std::string>& words, std::string_view word);

/// The FTS5 query for one such word, among all rows or those of one user.
std::string word_query(std::string_view word);
std::string word_query(std::int64_t user, std::string_view word);

}  // namespace hobd

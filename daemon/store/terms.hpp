// Terms: what a text is found by. One analysis serves the index, queries and scoring, so that they never disagree.
//
// A term is a word as it counts for a search: without case, compatibility forms and accents, reduced to its English stem
// where it is written in Latin letters ("Running" -> "run", "café" -> "cafe"). Scripts that are written without spaces
// (Han, kana, Thai, Lao, Khmer, Burmese) give each character and each pair of neighbours. Terms hold lower-case ASCII
// letters, digits and bytes above 0x7f, nothing else: FTS5's "ascii" tokenizer takes each as one token, and none is syntax.
// Pure; thread: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;

namespace hobd {

/// The terms of any bytes, in order, with repeats; ill-formed UTF-8 separates. A longer one is cut to 64 bytes.
std::vector<std::string> terms(std::string_view text);

/// The terms to look for: each once, at most 64, without stop words unless there are no others, and without single characters
/// that stand in a pair.
std::vector<std::string> query_terms(std::string_view text);

/// Whether a term says nothing by itself: "the", "what", "did". English.
bool is_stop_term(std::string_view term);

/// What the index holds of a text: each of its terms once, prefixed by its owner ("12xpaint"), so that a posting list is one
/// user's rows only. Separated by spaces.
std::string index_terms(std::int64_t user, std::string_view text);
/// One of those.
std::string owned_term(std::int64_t user, std::string_view term);

/// Makes index_terms(user, text) known to SQL: the views that an index reads its texts from call it.
int add_terms_function(sqlite3* db);

}  // namespace hobd

// How notes are written: from the words of a clause to a text that can stand alone later. Pure; thread: any.
#pragma once

#include "memory/phrase.hpp"
#include "memory/dates.hpp"

namespace hobd {

/// The words [first, last) as they were written, without "my" and "our", without an idle end ("now", "too"). "" when nothing
/// is left, or when it only means something in its conversation ("it", "that one").
std::string capture_text(std::string_view message, std::span<const Word> words, Capture capture);

/// "lyon" -> "Lyon"; ends with a full stop.
std::string as_note(std::string text);
/// "live" -> "lives", "am" -> "is"; past forms and modals stay.
std::string third_person(std::string_view verb);
/// "lives" -> "live", "is" -> "am"; "" when it is no verb of what people are or do that rules know.
std::string first_person(std::string_view verb);
std::string capital(std::string text);
std::string uncapital(std::string text);

/// Which way a bare "Tuesday" looks.
enum class Looking { back, ahead };
struct DatedText {
  std::string text;  // with each date spelled out: "on Tuesday 24 November 2026"
  std::vector<DateMention> dates;  // what they are, `at` and `size` in the new text
};
/// Whether a text counts a date from when it was said: "tomorrow", "next Friday".
bool has_relative_date(std::string_view text);
DatedText spell_out_dates(std::string_view text, Time said_at, Looking looking);
/// "Lives in Lyon in May 2026, moved there." says when at the wrong place: "Lives in Lyon, moved there in May 2026." The first
/// date of `dated` goes to its end.
std::string with_date_last(const DatedText& dated);

}  // namespace hobd

#include "memory/note_text.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace hobd {
namespace {

using namespace std::chrono;

constexpr std::size_t kMostBytes = 240;

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

constexpr auto kIdleEnds = std::to_array<std::string_view>({"now", "too", "currently", "though", "lol", "haha", "anyway", "btw", "again", "please",
                                                            "and", "but", "so", "actually", "tho", "right", "instead", "already", "yay", "hob", "ok",
                                                            "okay", "thanks", "thank", "thx", "is", "or", "really", "today,"});
constexpr auto kPointing = std::to_array<std::string_view>(
    {"it", "that", "this", "those", "these", "you", "your", "so", "not", "what", "how", "when", "where", "why", "them", "him", "i", "there",
     "here", "to know", "everything", "nothing", "something", "anything", "like", "one", "myself", "me", "as", "than", "if", "about",
     "right", "today", "now", "hard", "hob", "u", "someone", "somebody", "everyone", "they", "he", "she", "we", "which", "who", "just"});

struct Verb {
  std::string_view first, third;
};
constexpr auto kVerbs = std::to_array<Verb>(
    {{"am", "is"},         {"have", "has"},       {"do", "does"},         {"live", "lives"},     {"work", "works"},     {"love", "loves"},
     {"like", "likes"},    {"hate", "hates"},     {"dislike", "dislikes"}, {"prefer", "prefers"}, {"play", "plays"},     {"study", "studies"},
     {"speak", "speaks"},  {"own", "owns"},       {"drive", "drives"},    {"enjoy", "enjoys"},   {"collect", "collects"}, {"take", "takes"},
     {"run", "runs"},      {"adore", "adores"},   {"detest", "detests"},  {"go", "goes"},        {"get", "gets"},       {"suffer", "suffers"},
     {"volunteer", "volunteers"}, {"practise", "practises"}, {"practice", "practices"}, {"come", "comes"}, {"ride", "rides"},
     {"sing", "sings"},    {"teach", "teaches"},  {"read", "reads"},      {"eat", "eats"},       {"drink", "drinks"},   {"plan", "plans"}});
constexpr auto kPast = std::to_array<std::string_view>({"moved", "was", "started", "got", "quit", "graduated", "turned", "can", "will", "lived",
                                                        "retired", "adopted", "became", "grew", "visited", "passed", "relocated", "joined",
                                                        "bought", "sold", "lost", "broke", "went", "had", "left", "resigned", "died", "no",
                                                        "used", "never", "stopped", "gave", "won", "ran", "began"});

bool is_preposition(std::string_view word) {
  return is_one_of(word, {"on", "in", "at", "by", "until", "till", "since", "from", "to", "for", "before", "after", "during", "of", "between", "is",
                          "through", "around", "about"});
}

std::string day_text(sys_days day) {
  constexpr std::string_view kDays[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
  constexpr std::string_view kMonths[] = {"January", "February", "March",     "April",   "May",      "June",
                                          "July",    "August",   "September", "October", "November", "December"};
  const year_month_day date{day};
  return fmt::format("{} {} {} {}", kDays[weekday{day}.c_encoding()], unsigned(date.day()), kMonths[unsigned(date.month()) - 1], int(date.year()));
}
std::string month_text(sys_days day) {
  const std::string text = day_text(day);
  return text.substr(text.find(' ', text.find(' ') + 1) + 1);  // without the weekday and the day
}

/// What stands for a mention, with its preposition.
struct Spelled {
  std::string_view preposition;
  std::string text;
};
Spelled spell(const DateMention& mention) {
  const sys_days from = floor<days>(mention.from);
  const auto length = mention.to - mention.from;
  if (length <= hours(36)) return {"on", day_text(from)};
  if (length <= hours(72)) return {"on", "the weekend of " + day_text(from)};
  if (length <= hours(24 * 10)) return {"in", "the week of " + day_text(from)};
  if (length <= hours(24 * 32)) return {"in", month_text(from)};
  if (length >= hours(24 * 360) && length <= hours(24 * 370)) return {"in", fmt::format("{}", int(year_month_day{from}.year()))};
  return {"", {}};
}

/// A bare weekday, day or month is the next one of a plan and the last one of a tale.
void turn(DateMention& mention, std::string_view words, Time said_at, Looking looking) {
  const std::string low = to_lower_ascii(words);
  const auto names = [&](std::initializer_list<std::string_view> list) {
    return std::any_of(list.begin(), list.end(), [&](std::string_view each) { return low.find(each) != std::string::npos; });
  };
  if (mention.is_range || names({"last", "ago", "yesterday", "next", "tomorrow", "today", "tonight", "this", "past", "coming", "previous"})) return;
  if (std::count_if(low.begin(), low.end(), [](char c) { return c >= '0' && c <= '9'; }) >= 4) return;  // has its year
  const bool has_month = names({"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"});
  const bool has_weekday = names({"mon", "tues", "wednes", "thurs", "fri", "satur", "sun"});
  const auto shift = [&](int sign) {
    if (has_month) {
      const auto move = [&](Time time) {
        const sys_days day = floor<days>(time);
        const year_month_day date = year_month_day{day} + years(sign);
        return Time(sys_days(date.ok() ? date : date.year() / date.month() / last)) + (time - day);
      };
      mention.from = move(mention.from);
      mention.to = move(mention.to);
    } else if (has_weekday) {
      mention.from += days(7 * sign);
      mention.to += days(7 * sign);
    }
  };
  if (looking == Looking::ahead && (has_month ? mention.to <= said_at : mention.from <= said_at)) shift(1);
  if (looking == Looking::back && mention.from > said_at) shift(-1);
}

}  // namespace

std::string capital(std::string text) {
  if (!text.empty()) text[0] = char(std::toupper(static_cast<unsigned char>(text[0])));
  return text;
}
std::string uncapital(std::string text) {
  if (!text.empty()) text[0] = char(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

std::string capture_text(std::string_view message, std::span<const Word> words, Capture capture) {
  std::size_t first = capture.first, last = capture.last;
  while (last > first && (words[last - 1].is_mark || std::find(kIdleEnds.begin(), kIdleEnds.end(), words[last - 1].text) != kIdleEnds.end()))
    --last;
  while (first < last && (words[first].is_mark || is_one_of(words[first].text, {"also", "both", "just", "really"}))) ++first;
  if (first == last || std::find(kPointing.begin(), kPointing.end(), words[first].text) != kPointing.end()) return {};
  std::string text;
  std::size_t end = words[first].at;
  if (end > 0 && std::string_view("+$#").find(message[end - 1]) != std::string_view::npos) text = message[end - 1];
  for (std::size_t i = first; i < last; ++i) {
    const Word& word = words[i];
    if (word.size == 0) continue;
    if (word.at < end) return {};  // words of the rule's making, not of the message
    if (is_one_of(word.text, {"me", "myself", "you", "your", "u"})) return {};
    const std::string_view gap = message.substr(end, word.at - end);
    if (i > first && !text.empty()) text += gap.size() <= 3 && gap.find('\n') == std::string_view::npos ? gap : std::string_view(" ");
    text += is_one_of(word.text, {"my", "our"}) ? std::string_view("their") : message.substr(word.at, word.size);
    end = word.at + word.size;
  }
  while (end < message.size() && std::string_view("+#%").find(message[end]) != std::string_view::npos) text += message[end++];
  std::string clean;
  for (const char c : text) {
    if (c == '"' || c == '\n' || c == '\r') continue;
    if (c == ' ' && (clean.empty() || clean.back() == ' ')) continue;
    clean += c;
  }
  if (clean.size() > kMostBytes) return {};
  return std::string(trim(clean));
}

std::string as_note(std::string text) {
  std::string clean;
  for (const char c : text) {
    if (c == ' ' && (clean.empty() || clean.back() == ' ')) continue;
    if ((c == '.' || c == ',') && !clean.empty() && clean.back() == ' ') clean.pop_back();
    clean += c;
  }
  // "a exam", "an meeting": rules write "a", what follows is the speaker's.
  for (std::size_t at = clean.find(" a "); at != std::string::npos; at = clean.find(" a ", at + 1))
    if (at + 3 < clean.size() && std::string_view("aeioAEIO").find(clean[at + 3]) != std::string_view::npos) clean.insert(at + 2, "n");
  while (!clean.empty() && (clean.back() == ' ' || clean.back() == ',' || clean.back() == '.')) clean.pop_back();
  return clean.empty() ? clean : capital(clean) + '.';
}

std::string third_person(std::string_view verb) {
  for (const Verb& each : kVerbs)
    if (each.first == verb) return std::string(each.third);
  if (is_one_of(verb, {"can", "will", "must", "should", "may", "was", "had", "did", "went", "got", "left", "put", "parked", "kept", "gave", "bought",
                       "sold", "met", "saw", "took", "made", "hid", "lent", "lost", "paid", "told", "set", "never", "always", "once", "used"}) ||
      verb.ends_with("ed"))
    return std::string(verb);
  if (verb.ends_with('s') || verb.ends_with('x') || verb.ends_with("ch") || verb.ends_with("sh") || verb.ends_with('o'))
    return std::string(verb) + "es";
  if (verb.ends_with('y') && verb.size() > 1 && std::string_view("aeiou").find(verb[verb.size() - 2]) == std::string_view::npos)
    return std::string(verb.substr(0, verb.size() - 1)) + "ies";
  return std::string(verb) + "s";
}

std::string first_person(std::string_view verb) {
  if (verb == "'s" || verb == "are") return "am";
  if (verb == "were") return "was";
  for (const Verb& each : kVerbs)
    if (each.third == verb || each.first == verb) return std::string(each.first);
  return std::find(kPast.begin(), kPast.end(), verb) == kPast.end() ? std::string() : std::string(verb);
}

bool has_relative_date(std::string_view text) {
  for (const Word& word : words_of_text(text))
    if (is_one_of(word.text, {"tomorrow", "today", "yesterday", "tonight", "next", "last", "this", "ago"})) return true;
  return false;
}

DatedText spell_out_dates(std::string_view text, Time said_at, Looking looking) {
  DatedText result;
  std::size_t done = 0;
  for (DateMention mention : find_dates(text, said_at)) {
    if (mention.at < done || mention.at + mention.size > text.size()) continue;
    std::string_view words = text.substr(mention.at, mention.size);
    turn(mention, words, said_at, looking);
    const Spelled spelled = spell(mention);
    result.text += text.substr(done, mention.at - done);
    done = mention.at + mention.size;
    const std::size_t begin = result.text.size();
    if (spelled.text.empty()) {
      result.text += words;
    } else {
      // The preposition that is there stays, be it before the mention or its first word.
      const std::string before(trim(result.text));
      const std::size_t space = before.find_last_of(' ');
      const std::string last = to_lower_ascii(space == std::string::npos ? before : before.substr(space + 1));
      const std::string head = to_lower_ascii(words.substr(0, words.find(' ')));
      if (is_preposition(head)) {
        result.text += head + ' ';
      } else if (last == "the" || last == "this") {
        result.text.resize(before.size() - last.size());
      } else if (!is_preposition(last) && !before.empty()) {
        result.text += std::string(spelled.preposition) + ' ';
      }
      result.text += spelled.text;
      if (to_lower_ascii(words).find("tonight") != std::string::npos || to_lower_ascii(words).find("evening") != std::string::npos)
        result.text += " in the evening";
    }
    mention.at = begin;
    mention.size = result.text.size() - begin;
    result.dates.push_back(mention);
  }
  result.text += text.substr(done);
  return result;
}

}  // namespace hobd

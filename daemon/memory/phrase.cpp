#include "memory/phrase.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace hobd {
namespace {

constexpr std::size_t kMostPhraseWords = 24;

/// Whether the words could name a person: up to three, alphabetic, none of them a common word.
bool is_name_word(const Word& word) {
  if (word.is_mark || word.text.size() < 2 || is_no_name(word.text)) return false;
  return std::none_of(word.text.begin(), word.text.end(),
                      [](char c) { return (c >= '0' && c <= '9') || c == '@' || c == '/' || c == '_'; });
}

bool is_adjective_of_relation(std::string_view word) {
  constexpr std::string_view kList[] = {"older", "younger", "big", "little", "best", "twin", "eldest", "oldest", "youngest", "late",
                                        "half", "new", "old", "good", "close", "elder", "baby", "first", "second", "former"};
  return std::find(std::begin(kList), std::end(kList), word) != std::end(kList);
}

/// What can't stand before the noun that a capture ends in: "a bit of a cook" names no trade.
bool is_joint(std::string_view word) {
  constexpr std::string_view kList[] = {"of", "to", "for", "with", "not", "and", "or", "in", "on", "at", "good", "bad", "terrible", "great", "horrible",
                                        "decent", "lousy", "awful", "heavy", "light", "bit", "kind", "sort"};
  return std::find(std::begin(kList), std::end(kList), word) != std::end(kList);
}

}  // namespace

Phrase::Phrase(std::string_view pattern) {
  std::size_t marked = 0;
  for (std::string_view token : split(pattern, ' ')) {
    if (token.empty()) continue;
    Part part;
    if (token.ends_with('?')) {
      part.optional = true;
      token.remove_suffix(1);
    }
    if (token.starts_with('=')) {
      constexpr std::string_view kNumbers[] = {"1", "2", "3"};
      part.name = kNumbers[std::min<std::size_t>(marked++, 2)];
      token.remove_prefix(1);
    }
    if (token.starts_with('{')) {
      part.name = token.substr(1, token.size() - 2);
      part.kind = part.name == "name"    ? Kind::name
                  : part.name == "rel"   ? Kind::relation
                  : part.name == "num"   ? Kind::number
                  : part.name == "pet"   ? Kind::pet
                  : part.name == "event" ? Kind::event
                  : part.name == "thing" ? Kind::thing
                  : part.name == "job"   ? Kind::job
                                         : Kind::phrase;
    } else {
      part.words = split(token, '|');
    }
    parts_.push_back(std::move(part));
  }
}

std::optional<Match> Phrase::match(std::span<const Word> words, std::size_t from, Reach reach) const {
  Match match;
  if (!step(words, from, 0, reach, match)) return std::nullopt;
  return match;
}

bool Phrase::step(std::span<const Word> words, std::size_t at, std::size_t index, Reach reach, Match& match) const {
  if (index == parts_.size()) {
    match.end = at;
    return reach == Reach::part || at == words.size();
  }
  const Part& part = parts_[index];
  const auto takes = [&](std::size_t last) {
    if (!part.name.empty()) match.captures[part.name] = {at, last};
    if (step(words, last, index + 1, reach, match)) return true;
    if (!part.name.empty()) match.captures.erase(part.name);
    return false;
  };
  /// One to `most` words whose last one satisfies `is_last`, the others not being marks; the longest first.
  const auto takes_ending_in = [&](std::size_t most, auto is_last) {
    for (std::size_t count = std::min(most, words.size() - at); count > 0; --count) {
      const auto run = words.subspan(at, count);
      if (std::any_of(run.begin(), run.end(), [](const Word& word) { return word.is_mark || is_joint(word.text); })) continue;
      if (is_last(run.back().text) || is_last(singular_of(run.back().text)))
        if (takes(at + count)) return true;
    }
    return false;
  };
  if (at < words.size()) {
    const Word& word = words[at];
    bool taken = false;
    switch (part.kind) {
      case Kind::words:
        taken = std::any_of(part.words.begin(), part.words.end(),
                            [&](std::string_view each) { return each == word.text || (each == "is" && word.text == "'s"); }) &&
                takes(at + 1);
        break;
      case Kind::phrase:
        // As few words as will do when something follows, else all of them.
        if (index + 1 == parts_.size()) {
          taken = !word.is_mark && words.size() - at <= kMostPhraseWords && takes(words.size());
        } else {
          for (std::size_t last = at + 1; !taken && last <= std::min(words.size(), at + kMostPhraseWords); ++last)
            taken = !word.is_mark && takes(last);
        }
        break;
      case Kind::name:
        for (std::size_t count = std::min<std::size_t>(3, words.size() - at); !taken && count > 0; --count) {
          const auto run = words.subspan(at, count);
          const bool are_names = std::all_of(run.begin(), run.end(), is_name_word);
          const bool capitals = std::all_of(run.begin(), run.end(), [](const Word& each) { return each.is_capital; });
          // Without capitals only where nothing else can follow ("my name is ana").
          if (are_names && (capitals || (count == 1 && at + 1 == words.size()))) taken = takes(at + count);
        }
        break;
      case Kind::relation:
        for (std::size_t count = std::min<std::size_t>(3, words.size() - at); !taken && count > 0; --count) {
          const auto run = words.subspan(at, count);
          const bool adjectives = std::all_of(run.begin(), run.end() - 1,
                                              [](const Word& each) { return is_adjective_of_relation(each.text); });
          const std::string last = singular_of(run.back().text);
          if (adjectives && (is_relation_word(run.back().text) || is_relation_word(last))) taken = takes(at + count);
        }
        break;
      case Kind::number: taken = number_of(word.text) && takes(at + 1); break;
      case Kind::pet: taken = takes_ending_in(4, is_pet_word); break;
      case Kind::event: taken = takes_ending_in(4, is_event_word); break;
      case Kind::thing: taken = takes_ending_in(5, is_thing_word); break;
      case Kind::job: taken = takes_ending_in(5, is_job_word); break;
    }
    if (taken) return true;
  }
  return part.optional && step(words, at, index + 1, reach, match);
}

}  // namespace hobd

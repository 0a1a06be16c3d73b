// What can be seen of a message without understanding it: which kinds of words it has, how long it is, how it is built. The
// scorer weighs these traits; the rules and the reasons that people read come from them too.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace hobd::routing {

/// Kinds of words come first, in the order of kWordLists; then what the shape of the message says.
enum class Trait : std::uint8_t {
  // What is asked needs thought.
  proof, maths, fault, program_task, code_topic, plan, constraint, law, money, health, compare, digest, analysis, long_text,
  letter, architecture, judgement, negotiation, depth, many_facts, research, puzzle, business, feelings, deliberate,
  // What is asked is simple.
  greeting, thanks, yes_no, reminder, list, weather, device, unit, quick_question, word_help, text_fix, translate, told, recall, chat, house, errand,
  about_hob, chance, follow_up, small_request,
  // The shape.
  why_own, how_start, short_order, sum_in_words, trouble_told, why_asked, people_matter, supposes, short_what, short_closed, contrast, code_order, two_parts, imperative_make, fenced_code, code_marks, many_numbers, some_numbers, many_sentences, two_questions, many_commas,
  lines, tiny, short_one, middle, longish, long_one, very_long, tells_only, quoted_payload, hard_kinds, hard_many, easy_kinds, unknown_words,
  count
};
inline constexpr std::size_t kTraits = static_cast<std::size_t>(Trait::count);
inline constexpr std::size_t kWordTraits = static_cast<std::size_t>(Trait::small_request) + 1;
inline constexpr std::size_t kHardWordTraits = static_cast<std::size_t>(Trait::deliberate) + 1;

std::string_view trait_name(Trait trait);

struct Features {
  std::array<float, kTraits> values{};  // 0 absent .. 1 (kinds of words: 1 for one hit, 1.5 for two or more)
  std::size_t words = 0, bytes = 0;     // of the whole message; words beyond the window are reckoned from its bytes
  bool is_all_small_talk = false;       // nothing but greetings, thanks, yes and no
  bool is_consent = false;              // yes, no, "the second one": an answer to what was asked
  bool is_binary = false;               // not what people type
  bool is_plain_edit = false;           // "fix the typos in this: ..."
  bool is_follow_up = false;            // leans on what was said before
  bool has(Trait trait) const { return values[static_cast<std::size_t>(trait)] > 0; }
  float& operator[](Trait trait) { return values[static_cast<std::size_t>(trait)]; }
};

/// The part of a message that is looked at: its beginning and its end, as lower-case words with single spaces.
/// Invalid UTF-8 is harmless. Some microseconds, whatever the length.
struct NormalText {
  std::string words;
  std::string first_sentence, last_sentence;  // their words; empty when there is one sentence: rambling begins or ends with what is wanted
  std::size_t bytes = 0;      // of the whole text
  std::size_t head_end = 0;   // in `words`: where a quoted or pasted payload begins; words.size() when there is none
  std::string_view raw;       // what was given
};
NormalText normalise(std::string_view text);

/// The words of people that mean something here; built once by the one who asks.
class Lexicon {
 public:
  Lexicon();
  ~Lexicon();
  Lexicon(const Lexicon&) = delete;
  Lexicon& operator=(const Lexicon&) = delete;
  Features features(const NormalText& text) const;

 private:
  struct Tables;
  std::unique_ptr<const Tables> tables_;
};

}  // namespace hobd::routing

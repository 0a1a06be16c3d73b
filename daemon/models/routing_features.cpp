#include "models/routing_features.hpp"

#include "models/routing_words.hpp"

#include <algorithm>
#include <unordered_map>
#include <vector>

namespace hobd::routing {
namespace {

/// What is looked at of a long message: people say what they want first or last.
constexpr std::size_t kWindowHead = 640, kWindowTail = 240;
/// Longer "words" are no words of any language: base64, minified code.
constexpr std::size_t kLongestWord = 40;

using Mask = std::uint64_t;
constexpr Mask bit(Trait trait) { return Mask{1} << static_cast<unsigned>(trait); }
/// What a word is besides its kinds.
constexpr Mask kPlain = Mask{1} << 63, kFiller = Mask{1} << 62, kPolite = Mask{1} << 61, kLeaning = Mask{1} << 60, kPeople = Mask{1} << 59, kContrast = Mask{1} << 58, kAsks = Mask{1} << 57, kWants = Mask{1} << 56;
constexpr Mask kHard = (Mask{1} << kHardWordTraits) - 1;
constexpr Mask kEasy = ((Mask{1} << kWordTraits) - 1) & ~kHard;
static_assert(kWordTraits <= 56, "one bit each, and eight for what else a word is");
constexpr Mask kSmallTalk = bit(Trait::greeting) | bit(Trait::thanks) | bit(Trait::yes_no);

constexpr std::string_view kNames[] = {
    "proof", "maths", "fault", "program_task", "code_topic", "plan", "constraint", "law", "money", "health", "compare", "digest", "analysis",
    "long_text", "letter", "architecture", "judgement", "negotiation", "depth", "many_facts", "research", "puzzle", "business", "feelings",
    "deliberate", "greeting", "thanks", "yes_no", "reminder", "list", "weather", "device", "unit", "quick_question", "word_help", "text_fix",
    "translate", "told", "recall", "chat", "house", "errand", "about_hob", "chance", "follow_up", "small_request", "why_own", "how_start", "short_order", "sum_in_words", "trouble_told", "why_asked", "people_matter", "supposes", "short_what", "short_closed", "contrast", "code_order", "two_parts",
    "imperative_make", "fenced_code", "code_marks", "many_numbers", "some_numbers", "many_sentences", "two_questions", "many_commas", "lines",
    "tiny", "short_one", "middle", "longish", "long_one", "very_long", "tells_only", "quoted_payload", "hard_kinds", "hard_many", "easy_kinds",
    "unknown_words"};
static_assert(std::size(kNames) == kTraits);

/// Words that may stand beside "thanks" and "hello" without asking for anything; that begin a request; that lean on what was said.
constexpr std::string_view kFillerWords =
    "you so much very really mate hob again that thats was there all now for the to a my friend its it is just that's dir das "
    "wars beaucoup muchas this of and but";
constexpr std::string_view kPoliteWords =
    "please pls plz can could would will you hob hey hi hello ok okay help me i need want to now so and then us like id bitte "
    "kannst du mir quickly just also have";
constexpr std::string_view kMakers[] = {"write", "create", "build", "design", "develop", "draft", "compose", "generate", "implement", "plan", "prepare", "analyse", "analyze", "compare", "explain",
                                        "prove", "derive", "summarise", "summarize", "review", "debug", "refactor", "optimise", "optimize", "evaluate", "outline", "propose", "devise", "formulate",
                                        "rewrite", "schreib", "schreibe", "entwirf", "erstelle", "erkläre", "vergleiche", "analysiere", "écris", "rédige", "explique", "compare", "escribe", "explica", "redacta",
                                        "solve", "calculate", "invent", "organise", "organize", "critique", "argue", "diagnose", "investigate", "research", "model", "simulate"};
/// "Remind me to call the lawyer about the contract" is about a reminder and not about the law.
constexpr std::string_view kNoting[] = {"remind", "nudge", "ping", "wake", "add", "put", "throw", "stick", "note", "remember", "erinner", "erinnere", "setz", "merk", "rappelle", "ajoute", "recuérdame", "set", "tick", "mark", "save"};
/// Whom matters between people are with.
constexpr std::string_view kPeopleWords =
    "friend friends husband wife partner boyfriend girlfriend mother father mum mom dad parents parent sister brother son daughter kids kid child children teen baby toddler boss manager colleague colleagues coworker coworkers employee employees "
    "neighbor neighbour neighbors neighbours landlord tenant flatmate roommate ex stepfather stepmother uncle aunt cousin teacher team client clients couple couples family people everyone someone everybody band choir grandmother grandfather grandma grandpa inlaws him her them";
/// "But", "won't", "keeps": something is not as it should be.
constexpr std::string_view kContrastWords =
    "but wont cant couldnt doesnt didnt isnt arent keeps keep refuses refuse never although however suddenly anymore despite instead wouldnt shouldnt hasnt havent still nicht aber trotzdem nie nur mais pas jamais pero nunca";
constexpr std::string_view kWantWords = "help need want id would brauche möchte voudrais necesito";
/// A first word that asks for yes or no; what makes a short question one of judgement all the same.
constexpr std::string_view kClosed[] = {"is", "are", "was", "were", "do", "does", "did", "can", "has", "have", "will", "ist", "sind", "hat", "est", "es"};
constexpr std::string_view kAsking[] = {"what", "whats", "which", "who", "whos", "when", "whens", "where", "wheres", "how", "hows", "was", "wer", "wann", "wo", "wie", "quel", "quelle", "qui", "quand", "combien", "cuál", "cuánto", "cuándo", "dónde", "qué", "quién"};

/// What a household's assistant is told to do in a word or two.
constexpr std::string_view kOrders[] = {"add", "put", "stick", "buy", "get", "order", "remind", "text", "call", "ring", "ping", "move", "cancel", "turn", "switch", "play", "stop", "set", "open", "close", "lock", "unlock", "dim", "start", "check",
                                        "read", "show", "send", "flip", "roll", "pick", "spell", "translate", "convert", "define", "mark", "delete", "clear", "save", "note", "name", "book", "search", "find", "google", "track", "wake", "pause", "skip", "mute",
                                        "remember", "forget", "repeat", "say", "tell", "sing", "list", "count", "pop", "take", "make", "stell", "setz", "mach", "spiel", "schalte", "pon", "mets", "ajoute", "lights", "volume", "next", "louder", "remove", "update", "change", "give", "message", "email", "announce", "tidy"};
constexpr std::string_view kTellers[] = {"i", "we", "my", "our", "today", "just", "so", "im", "ive", "the", "had", "got", "finally", "ugh", "ich", "wir", "mein", "meine", "je", "nous", "mon", "yo", "he", "she", "they",
                                         "yesterday", "hey", "note", "fyi", "its", "tom", "anyway", "well", "oh", "btw", "lol", "haha", "omg"};
constexpr std::string_view kLeaningWords =
    "it that this them those these one ones he she they there das es ça eso";
constexpr std::string_view kJoining[] = {"and", "now", "then", "but", "also", "why", "und", "aber", "et", "mais", "y", "pero", "again", "same", "instead", "what", "ok", "so", "or", "more", "continue", "go", "another", "shorter", "longer"};

constexpr std::string_view kConsent[] = {"yes", "yeah", "yep", "yup", "sure", "please", "no", "nope", "do", "go", "ja", "oui", "sí", "si"};

template <std::size_t N>
bool is_in(const std::string_view (&list)[N], std::string_view word) {
  return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

bool is_word_byte(unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c >= 0x80; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Appends the words of `text`; true at `in_word` when the last byte appended may be gone on with.
void append_words(std::string_view text, std::string& out) {
  bool in_word = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c >= 'A' && c <= 'Z') c = static_cast<unsigned char>(c + 32);
    if (c == '\'' || c == '`') {
      if (c == '`') in_word = false;
      continue;
    }
    // ’ (E2 80 99) is an apostrophe; “ ” … – — and « » part words, as ASCII punctuation does.
    if (c == 0xE2 && i + 2 < text.size() && static_cast<unsigned char>(text[i + 1]) == 0x80) {
      if (static_cast<unsigned char>(text[i + 2]) != 0x99) in_word = false;
      i += 2;
      continue;
    }
    if (c == 0xC2 && i + 1 < text.size()) {  // ¿ ¡ « » and the no-break space
      in_word = false;
      ++i;
      continue;
    }
    const bool is_plus = (c == '+' || c == '#') && in_word && (out.back() == 'c' || out.back() == '+');
    const bool is_inner = (c == '.' || c == ',') && in_word && is_digit(out.back()) && i + 1 < text.size() && is_digit(text[i + 1]);
    if (!is_word_byte(c) && !is_plus && !is_inner) {
      in_word = false;
      continue;
    }
    if (!in_word && !out.empty()) out.push_back(' ');
    in_word = true;
    out.push_back(static_cast<char>(c));
    // À..Þ (C3 80..9E) in lower case.
    if (c == 0xC3 && i + 1 < text.size()) {
      auto next = static_cast<unsigned char>(text[++i]);
      if (next >= 0x80 && next <= 0x9E && next != 0x97) next = static_cast<unsigned char>(next + 0x20);
      out.push_back(static_cast<char>(next));
    }
  }
}

/// Where what the message is about begins, when it brings a text of its own: after a colon, at a quote, at a new line.
std::size_t payload_start(std::string_view text) {
  for (std::size_t i = 3; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') return i;
    if (c == ':' && i + 1 < text.size() && (text[i + 1] == ' ' || text[i + 1] == '\n')) return i;
    const bool opens = text[i - 1] == ' ' && (c == '"' || text.substr(i).starts_with("“") || text.substr(i).starts_with("„") || text.substr(i).starts_with("«"));
    if (opens) return i;
  }
  return text.size();
}

bool ends_sentence(std::string_view text, std::size_t at) {
  if (text[at] == '\n') return true;
  return (text[at] == '.' || text[at] == '!' || text[at] == '?') && (at + 1 == text.size() || text[at + 1] == ' ' || text[at + 1] == '\n');
}

void take_sentences(std::string_view head, std::string_view tail, NormalText& normal) {
  std::size_t first = 0;
  while (first < head.size() && !ends_sentence(head, first)) ++first;
  std::size_t end = tail.size();
  while (end > 0 && (ends_sentence(tail, end - 1) || tail[end - 1] == ' ')) --end;
  std::size_t last = end;
  while (last > 0 && !ends_sentence(tail, last - 1)) --last;
  if (last == 0 && head.data() == tail.data()) return;
  append_words(head.substr(0, first), normal.first_sentence);
  append_words(tail.substr(last, end - last), normal.last_sentence);
}

std::size_t count_of(std::string_view text, char what) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), what)); }

constexpr std::array<bool, 256> kCodeMarks = [] {
  std::array<bool, 256> marks{};
  for (const char c : std::string_view(";{}()[]=<>_\\|$")) marks[static_cast<unsigned char>(c)] = true;
  return marks;
}();

std::string_view without_suffix(std::string_view word) {
  for (const std::string_view suffix : {"ing", "ed", "es", "s", "d"})
    if (word.size() > suffix.size() + 3 && word.ends_with(suffix)) return word.substr(0, word.size() - suffix.size());
  return {};
}

}  // namespace

std::string_view trait_name(Trait trait) { return kNames[static_cast<std::size_t>(trait)]; }

NormalText normalise(std::string_view text) {
  NormalText normal;
  normal.raw = text;
  normal.bytes = text.size();
  const std::string_view head = text.substr(0, text.size() > kWindowHead + kWindowTail ? kWindowHead : text.size());
  normal.words.reserve(kWindowHead + kWindowTail + 16);
  const std::size_t payload = payload_start(head);
  append_words(head.substr(0, payload), normal.words);
  normal.head_end = normal.words.size();
  append_words(head.substr(payload), normal.words);
  if (head.size() < text.size()) append_words(text.substr(text.size() - kWindowTail), normal.words);
  take_sentences(head, head.size() < text.size() ? text.substr(text.size() - kWindowTail) : head, normal);
  return normal;
}

struct Lexicon::Tables {
  struct Entry {
    Mask word = 0;      // alone
    Mask phrase = 0;    // the whole key, of several words
    std::uint8_t reach = 1;  // the longest phrase that begins with this word, in words
  };

  std::unordered_map<std::string_view, Entry> entries;
  std::vector<std::pair<std::string_view, Mask>> stems;  // sorted

  void read(std::string_view list, Mask mask, std::string& storage) {
    std::size_t at = 0;
    while (at < list.size()) {
      const std::size_t end = std::min(list.find(' ', at), list.size());
      if (end > at) add(list.substr(at, end - at), mask, storage);
      at = end + 1;
    }
  }

  void add(std::string_view written, Mask mask, std::string& storage) {
    const std::size_t begin = storage.size();
    std::size_t words = 1;
    for (const char c : written) {
      if (c == '\'') continue;
      words += c == '_' || c == '/';
      storage.push_back(c == '_' || c == '/' ? ' ' : c);
    }
    std::string_view key = std::string_view(storage).substr(begin);
    if (key.ends_with('*')) {
      stems.emplace_back(key.substr(0, key.size() - 1), mask);
      return;
    }
    Entry& entry = entries[key];
    (words > 1 ? entry.phrase : entry.word) |= mask;
    if (words == 1) return;
    Entry& first = entries[key.substr(0, key.find(' '))];
    first.reach = std::max(first.reach, static_cast<std::uint8_t>(std::min<std::size_t>(words, 6)));
  }

  Mask stem_of(std::string_view word) const {
    auto at = std::upper_bound(stems.begin(), stems.end(), word, [](std::string_view w, const auto& stem) { return w < stem.first; });
    // A shorter stem may stand a little before a longer one that does not fit.
    for (int back = 0; back < 3 && at != stems.begin(); ++back)
      if (--at; word.starts_with(at->first)) return at->second;
    return 0;
  }

  std::string storage;  // of all keys
};

Lexicon::Lexicon() {
  auto tables = std::make_unique<Tables>();
  std::size_t bytes = kPlainWords.size() + kFillerWords.size() + kPoliteWords.size() + kLeaningWords.size() + kPeopleWords.size() + kContrastWords.size() + kWantWords.size() + 16 * std::size(kAsking);
  for (const std::string_view list : kWordLists) bytes += list.size();
  tables->storage.reserve(bytes + 1);  // views into it must stay
  tables->entries.reserve(8'192);
  for (std::size_t i = 0; i < kWordTraits; ++i) tables->read(kWordLists[i], Mask{1} << i, tables->storage);
  tables->read(kPlainWords, kPlain, tables->storage);
  tables->read(kFillerWords, kFiller | kPlain, tables->storage);
  tables->read(kPoliteWords, kPolite | kPlain, tables->storage);
  tables->read(kWantWords, kWants | kPlain, tables->storage);
  for (const std::string_view word : kAsking)
    if (word != "was") tables->read(word, kAsks | kPlain, tables->storage);  // English has another "was"
  tables->read(kPeopleWords, kPeople | kPlain, tables->storage);
  tables->read(kContrastWords, kContrast | kPlain, tables->storage);
  tables->read(kLeaningWords, kLeaning | kPlain, tables->storage);
  auto& stems = tables->stems;
  std::sort(stems.begin(), stems.end());
  for (std::size_t i = 1; i < stems.size();) {
    if (stems[i].first != stems[i - 1].first) {
      ++i;
      continue;
    }
    stems[i - 1].second |= stems[i].second;
    stems.erase(stems.begin() + static_cast<std::ptrdiff_t>(i));
  }
  tables_ = std::move(tables);
}
Lexicon::~Lexicon() = default;

Features Lexicon::features(const NormalText& text) const {
  Features found;
  found.bytes = text.bytes;
  const std::string_view words = text.words;
  const std::string_view raw = text.raw.substr(0, kWindowHead);
  std::array<std::uint16_t, kWordTraits> hits{}, payload_hits{};
  std::size_t count = 0, head_words = 0, unknown = 0, numbers = 0, covered = 0, consumed = 0;
  bool is_small_talk = true, has_small_talk = false, leans = false, has_long_word = false, has_people = false, has_contrast = false, asks_inside = false, has_two_parts = false;
  bool wants = false;  // "I need", "help", "I want you to"
  std::string_view first, second, task, previous;
  for (std::size_t at = 0; at < words.size();) {
    const std::size_t end = std::min(words.find(' ', at), words.size());
    const std::string_view word = words.substr(at, end - at);
    ++count;
    head_words += at < text.head_end;
    if (count == 1) first = word;
    if (count == 2) second = word;
        Mask mask = 0;
    std::size_t mask_end = end;
    const auto known = tables_->entries.find(word);
    if (known != tables_->entries.end()) {
      mask = known->second.word;
      std::size_t until = end;
      for (std::uint8_t length = 2; length <= known->second.reach && until < words.size(); ++length) {
        until = std::min(words.find(' ', until + 1), words.size());
        const auto phrase = tables_->entries.find(words.substr(at, until - at));
        if (phrase == tables_->entries.end() || phrase->second.phrase == 0) continue;
        mask |= phrase->second.phrase;
        mask_end = until;
      }
    }
    if (mask == 0 && word.size() <= kLongestWord) {
      mask = tables_->stem_of(word);
      if (mask == 0)
        if (const std::string_view base = without_suffix(word); !base.empty())
          if (const auto stem = tables_->entries.find(base); stem != tables_->entries.end()) mask = stem->second.word;
    }
    if (task.empty() && !(mask & kPolite)) task = word;
    if (is_digit(word.front())) ++numbers;
    has_long_word = has_long_word || word.size() > kLongestWord;
    const bool is_emoji = word.size() >= 3 && static_cast<unsigned char>(word[0]) >= 0xE2 && static_cast<unsigned char>(word[0]) != 0xE3 && word.size() <= 16;
    if (mask == 0 && at >= covered && !is_digit(word.front())) ++unknown;
    if (mask & kSmallTalk) {
      has_small_talk = true;
      covered = std::max(covered, mask_end);
    } else if (at >= covered && !(mask & kFiller) && !(is_emoji && count <= 8)) {
      is_small_talk = false;
    }
    if (mask_end > end) covered = std::max(covered, mask_end);
    leans = leans || (count <= 8 && (mask & kLeaning));
    has_people = has_people || (mask & kPeople);
    has_contrast = has_contrast || (mask & kContrast);
    asks_inside = asks_inside || (count > 2 && (mask & kAsks));
    // "..., and what follows from that": one question is simple more often than two.
    has_two_parts = has_two_parts || (count > 4 && previous == "and" && ((mask & kAsks) || word == "why" || is_in(kClosed, word)));
    previous = word;
    wants = wants || ((mask & kWants) && (count <= 4 || word == "help"));
    // What lies within a longer phrase is no hit of its own: "how long should I" has no "should I".
    if (mask_end <= consumed) mask &= ~(kHard | kEasy) | kSmallTalk;
    if (mask_end > end) consumed = std::max(consumed, mask_end);
    // "Thanks" and "good" in the midst of a sentence are no small talk.
    if (count > 3) mask &= ~kSmallTalk;
    auto& into = at < text.head_end ? hits : payload_hits;
    for (Mask left = mask & (kHard | kEasy); left; left &= left - 1) ++into[static_cast<std::size_t>(__builtin_ctzll(left))];
    at = end + 1;
  }
  // A text that only is to be corrected, put into another language or kept is not a task by what it says.
  const auto in_head = [&](Trait trait) { return hits[static_cast<std::size_t>(trait)] > 0; };
  const bool has_payload = count > head_words + 2;
  const bool is_errand = in_head(Trait::text_fix) || in_head(Trait::translate) || in_head(Trait::list) || in_head(Trait::told) || in_head(Trait::word_help) || in_head(Trait::small_request);
  bool is_head_hard = false;
  for (const Trait hard : {Trait::proof, Trait::fault, Trait::law, Trait::health, Trait::depth, Trait::digest, Trait::analysis, Trait::deliberate, Trait::long_text, Trait::compare, Trait::letter})
    is_head_hard = is_head_hard || in_head(hard);
  found.is_plain_edit = has_payload && is_errand && !is_head_hard && head_words <= 24;
  if (!found.is_plain_edit)
    for (std::size_t i = 0; i < kWordTraits; ++i) hits[i] = static_cast<std::uint16_t>(hits[i] + payload_hits[i]);

  if (is_in(kNoting, task) && count <= 30 && (in_head(Trait::reminder) || in_head(Trait::list) || in_head(Trait::told)))
    for (std::size_t i = 0; i < kHardWordTraits; ++i) hits[i] = 0;
  int hard = 0, easy = 0;
  for (std::size_t i = 0; i < kWordTraits; ++i) {
    found.values[i] = hits[i] == 0 ? 0.0F : hits[i] == 1 ? 1.0F : 1.5F;
    const bool is_weak = i == static_cast<std::size_t>(Trait::code_topic) || i == static_cast<std::size_t>(Trait::constraint) || i == static_cast<std::size_t>(Trait::follow_up) ||
                         i == static_cast<std::size_t>(Trait::yes_no) || i == static_cast<std::size_t>(Trait::unit);
    if (hits[i] && !is_weak) ++(i < kHardWordTraits ? hard : easy);
  }
  // Beyond the window five bytes make a word.
  const std::size_t window = std::min(text.bytes, kWindowHead + kWindowTail);
  found.words = count + (text.bytes - window) / 5;
  // Scripts without blanks: three bytes a sign, two signs a word.
  if (has_long_word && count < text.bytes / 24) found.words = std::max(found.words, text.bytes / 6);
  std::size_t controls = 0;
  for (const char c : raw) controls += (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' && c != '\r') || static_cast<unsigned char>(c) == 0x7F;
  found.is_binary = controls * 20 > raw.size() || (raw.size() > 200 && count * 60 < raw.size());
  found.is_all_small_talk = is_small_talk && text.bytes < 120 && (has_small_talk || count == 0 || (count <= 2 && unknown == count && static_cast<unsigned char>(words[0]) >= 0xF0));
  found.is_follow_up = count <= 14 && (is_in(kJoining, first) || in_head(Trait::follow_up) || leans);

  found.is_consent = in_head(Trait::yes_no) && ((!in_head(Trait::thanks) && !in_head(Trait::greeting)) || is_in(kConsent, first));

  const auto set = [&](Trait trait, bool holds) {
    if (holds) found[trait] = 1.0F;
  };
  const std::size_t questions = count_of(raw, '?');
  const bool is_why = first == "why" || first == "warum" || first == "wieso" || first == "pourquoi" || second == "why" || words.find(" why ") != std::string_view::npos || words.ends_with(" why");
  set(Trait::why_own, is_why && (words.find(" my ") != std::string_view::npos || words.find(" this ") != std::string_view::npos || words.find(" i ") != std::string_view::npos || words.find(" mein") != std::string_view::npos));
  set(Trait::how_start, first == "how" && (second == "do" || second == "can" || second == "would" || second == "should" || second == "could"));
  set(Trait::imperative_make, is_in(kMakers, task));
  set(Trait::short_order, count <= 12 && is_in(kOrders, task) && hard == 0 && !in_head(Trait::code_topic));
  // "A tank fills in 6 hours and drains in 12 ...": a question with figures, longer than a conversion is.
  const bool asks_amount = words.find("how ") != std::string_view::npos || words.find("what ") != std::string_view::npos || words.find("when ") != std::string_view::npos || words.find("wie ") != std::string_view::npos || words.find("combien ") != std::string_view::npos;
  const bool is_sum_in_words = numbers >= 2 && count >= 12 && asks_amount && !found.is_plain_edit;
  set(Trait::sum_in_words, is_sum_in_words);
  // The words that begin a quick question also begin long ones.
  if (found.words > 14) found[Trait::quick_question] *= is_sum_in_words ? 0.0F : 0.4F;
  set(Trait::fenced_code, raw.find("```") != std::string_view::npos);
  const auto marks = static_cast<std::size_t>(std::count_if(raw.begin(), raw.end(), [](char c) { return kCodeMarks[static_cast<unsigned char>(c)]; }));
  set(Trait::code_marks, marks >= 5 && marks * 25 > raw.size());
  set(Trait::many_numbers, numbers >= 4);
  set(Trait::some_numbers, numbers == 2 || numbers == 3);
  std::size_t sentences = 0, lines = 0;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    sentences += raw[i] != '\n' && ends_sentence(raw, i);
    lines += raw[i] == '\n';
  }
  set(Trait::many_sentences, sentences >= 3);
  set(Trait::two_questions, questions >= 2);
  set(Trait::many_commas, count_of(raw, ',') >= 3);
  set(Trait::lines, lines >= 3);
  const std::size_t length = found.is_plain_edit ? std::min<std::size_t>(head_words + (found.words - head_words) / 6, 60) : found.words;
  set(length <= 3 ? Trait::tiny : length <= 8 ? Trait::short_one : length <= 15 ? Trait::middle : length <= 30 ? Trait::longish : length <= 80 ? Trait::long_one : Trait::very_long, true);
  set(Trait::tells_only, questions == 0 && is_in(kTellers, first) && !found.has(Trait::imperative_make) && !wants);
  // "My washing machine trips the breaker": a trouble that is told wants help.
  const auto has_hit = [&](Trait trait) { return hits[static_cast<std::size_t>(trait)] > 0; };
  const bool is_trouble = has_hit(Trait::fault) || has_hit(Trait::health) || has_hit(Trait::feelings) || has_hit(Trait::law) || has_hit(Trait::money) || has_hit(Trait::judgement);
  const bool is_judged = has_hit(Trait::judgement) || has_hit(Trait::feelings) || words.starts_with("should") || words.starts_with("would") || words.starts_with("could");
  set(Trait::why_asked, is_why && !has_hit(Trait::quick_question) && !has_hit(Trait::house));
  set(Trait::people_matter, has_people && (first == "how" || is_why || words.find("should") != std::string_view::npos || words.find(" would") != std::string_view::npos || has_contrast) && easy == 0);
  set(Trait::supposes, words.starts_with("if ") || words.find(" if ") != std::string_view::npos || words.starts_with("would ") || words.find(" would ") != std::string_view::npos || words.find("suppose") != std::string_view::npos);
  set(Trait::short_what, found.words <= 9 && is_in(kAsking, first) && !is_judged && !has_contrast && second != "should" && second != "would" && second != "makes" && second != "do" && second != "can" && second != "if");
  set(Trait::short_closed, found.words <= 7 && is_in(kClosed, first) && !is_judged && !has_contrast && second != "we" && second != "i");
  set(Trait::code_order, in_head(Trait::code_topic) && !found.has(Trait::short_what) && !found.has(Trait::short_closed) && (is_in(kOrders, task) || is_in(kMakers, task) || hits[static_cast<std::size_t>(Trait::code_topic)] >= 2) && !has_hit(Trait::errand));
  // What is simple in a few words may be a detail of a longer request.
  if (found.words > 16 && !found.is_plain_edit)
    for (std::size_t i = kHardWordTraits; i < kWordTraits; ++i) found.values[i] *= i == static_cast<std::size_t>(Trait::list) || i == static_cast<std::size_t>(Trait::chat) ? 0.8F : 0.5F;
  if (count > 10) found[Trait::unit] *= 0.3F;
  if (count > 12) found[Trait::recall] *= 0.4F;
  set(Trait::two_parts, has_two_parts && !found.is_plain_edit);
  if (has_two_parts) {
    found[Trait::quick_question] *= 0.5F;
    found[Trait::recall] *= 0.5F;
  }
  set(Trait::contrast, has_contrast && easy == 0 && count >= 6);
  set(Trait::trouble_told, is_trouble && found.has(Trait::tells_only) && count >= 5);
  if (is_trouble || asks_inside || has_contrast) found[Trait::tells_only] = 0;
  set(Trait::quoted_payload, found.is_plain_edit);
  set(Trait::hard_kinds, hard > 0);
  found[Trait::hard_many] = static_cast<float>(std::min(std::max(hard - 1, 0), 4)) / 2.0F;
  set(Trait::easy_kinds, easy > 0 && hard == 0);
  if (count >= 3) found[Trait::unknown_words] = static_cast<float>(unknown) / static_cast<float>(count);
  return found;
}

}  // namespace hobd::routing

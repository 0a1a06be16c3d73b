#include "memory/rules_extractor.hpp"

#include "base/text.hpp"
#include "memory/clause_subject.hpp"
#include "memory/note_text.hpp"
#include "memory/rules_table.hpp"
#include "memory/slots.hpp"
#include "memory/standing_wishes.hpp"

#include <algorithm>

namespace hobd {
namespace {

using Words = std::vector<Word>;

const std::vector<Phrase>& relation_names() {
  static const std::vector<Phrase> list = [] {
    std::vector<Phrase> phrases;
    for (const std::string_view pattern : {"my {rel} 's full|first|last? name is {name}", "my {rel} is called|named {name}", "my {rel} is {name}",
                                           "the name of my {rel} is {name}"})
      phrases.emplace_back(pattern);
    return phrases;
  }();
  return list;
}
const std::vector<Phrase>& relation_persons() {
  static const std::vector<Phrase> list = [] {
    std::vector<Phrase> phrases;
    for (const std::string_view pattern : {"i have|got a|an {rel} called|named {name}", "i have|got a|an {rel} , {name}", "{name} is my {rel}",
                                           "this is my {rel} , {name}", "this is my {rel} {name}"})
      phrases.emplace_back(pattern);
    return phrases;
  }();
  return list;
}

class Extraction {
 public:
  explicit Extraction(const Utterance& utterance) : utterance_(utterance), subjects_(utterance.text) {}

  std::vector<Finding> run() {
    const std::vector<Clause> clauses = clauses_of(utterance_.text);
    for (std::size_t i = 0; i < clauses.size(); ++i) {
      const Clause& clause = clauses[i];
      if (clause.sense != Sense::stated) continue;
      clause_ = &clause;
      const std::size_t before = findings_.size();
      Words words = clause.words;
      if (take_leading_date(words)) continue;
      std::string wrong;
      if (i + 1 < clauses.size() && join_denial(words, clauses[i + 1], wrong)) {
        ++i;
      } else {
        take_wrong(words, wrong);
      }
      read(words);
      if (!wrong.empty())
        for (std::size_t at = before; at < findings_.size(); ++at)
          if (findings_[at].intent != Finding::Intent::ends) findings_[at].intent = Finding::Intent::corrects;
      if (findings_.size() == before && !wrong.empty()) replace(words, wrong);
      if (findings_.size() == before && clause.to_keep) keep(words);
      if (findings_.size() >= kMostFindings) break;
    }
    keep_last_of_slots();
    if (findings_.size() > kMostFindings) findings_.resize(kMostFindings);
    return std::move(findings_);
  }

 private:
  std::string text_of(const Words& words, Capture capture) const { return capture_text(utterance_.text, words, capture); }

  /// "Next Friday I'm flying to Rome": the date in front belongs to what follows. True when there is nothing else.
  bool take_leading_date(Words& words) {
    if (clause_->sentence != date_sentence_) leading_date_.clear();
    if (words[0].text == "i" || words[0].text == "my" || words[0].text == "we") return false;
    const std::size_t from = words[0].at, end = words.back().at + words.back().size;
    const std::string_view text = std::string_view(utterance_.text).substr(from, end - from);
    const auto dates = find_dates(text, utterance_.at);
    const std::size_t slack = std::string_view("on the ").size();
    if (dates.empty() || dates.front().at > slack) return false;
    const std::size_t date_end = from + dates.front().at + dates.front().size;
    const auto rest = std::find_if(words.begin(), words.end(), [&](const Word& word) { return word.at >= date_end && !word.is_mark; });
    if (rest != words.end() && rest->text != "i" && rest->text != "my" && rest->text != "we") return false;
    leading_date_ = std::string(text.substr(0, date_end - from));
    date_sentence_ = clause_->sentence;
    words.erase(words.begin(), rest);
    return words.empty();
  }

  /// "My name isn't Sam, it's Max": "my name is Max", and Sam was wrong.
  bool join_denial(Words& words, const Clause& next, std::string& wrong) const {
    if (next.sense != Sense::stated || next.words.size() < 3 || next.words.size() > 8) return false;
    const std::string &first = next.words[0].text, &verb = next.words[1].text;
    if ((first != "it" && first != "she" && first != "he" && first != "they") || (verb != "is" && verb != "'s" && verb != "are")) return false;
    for (std::size_t at = 2; at + 1 < words.size(); ++at)
      if (words[at].text == "not" && (words[at - 1].text == "is" || words[at - 1].text == "are")) {
        wrong = text_of(words, {at + 1, words.size()});
        if (wrong.empty()) return false;
        words.resize(at);
        words.insert(words.end(), next.words.begin() + 2, next.words.end());
        return true;
      }
    return false;
  }

  /// "Ana, not Anna", "not Anna but Ana": leaves what is right, gives what was wrong.
  void take_wrong(Words& words, std::string& wrong) {
    const auto is_not = std::find_if(words.begin(), words.end(), [](const Word& word) { return word.text == "not"; });
    if (is_not == words.end()) return;
    const std::size_t at = std::size_t(is_not - words.begin());
    const auto joint = std::find_if(is_not, words.end(), [](const Word& word) { return word.text == "but" || word.text == ","; });
    constexpr std::size_t kMostWrong = 4;
    if (joint != words.end() && joint + 1 != words.end() && std::size_t(joint - is_not) <= kMostWrong + 1 && joint - is_not > 1 &&
        (joint->text == "but" || at == 0)) {
      wrong = text_of(words, {at + 1, std::size_t(joint - words.begin())});
      if (!wrong.empty()) words.erase(words.begin() + std::ptrdiff_t(at), joint + 1);
      return;
    }
    if (at > 0 && words[at - 1].text == "," && words.size() - at - 1 <= kMostWrong && at + 1 < words.size()) {
      wrong = text_of(words, {at + 1, words.size()});
      if (!wrong.empty()) words.resize(at - 1);
    }
  }

  /// What no rule reads but is a correction of a word: "I meant Lyon, not Paris".
  void replace(const Words& words, const std::string& wrong) {
    std::size_t first = 0;
    static const Phrase lead("it|that|this|she|he|i|is|was|am|are|'s|spelled|spelt|called|named|the");
    while (first < words.size() && lead.match(words, first, Phrase::Reach::part)) ++first;
    constexpr std::size_t kMostWords = 5;
    if (first >= words.size() || words.size() - first > kMostWords) return;
    Finding finding = make({}, .6, {});
    finding.proposal.text = text_of(words, {first, words.size()});
    finding.intent = Finding::Intent::corrects;
    finding.replaces = finding.about = wrong;
    if (!finding.proposal.text.empty()) findings_.push_back(std::move(finding));
  }

  Finding make(MemoryKind kind, double importance, std::string_view topic) const {
    Finding finding;
    Proposal& proposal = finding.proposal;
    proposal.kind = kind;
    proposal.importance = std::min(1.0, importance + (clause_->to_keep ? 0.15 : 0));
    if (!topic.empty()) proposal.topics.emplace_back(topic);
    proposal.people = subject_.people;
    std::string_view quote = trim(std::string_view(utterance_.text).substr(clause_->at, clause_->size));
    if (quote.size() > 400) {
      const std::size_t at = clause_->words.front().at;
      quote = std::string_view(utterance_.text).substr(at, clause_->words.back().at + clause_->words.back().size - at);
    }
    proposal.source.quote = utf8_prefix(quote, kMostFindingBytes);
    proposal.source.message_id = utterance_.message_id;
    proposal.source.at = utterance_.at;
    proposal.source.said_by = utterance_.outsider.empty() ? SaidBy::owner : SaidBy::outside;
    if (clause_->also) finding.intent = Finding::Intent::also;
    if (clause_->corrects) finding.intent = Finding::Intent::corrects;
    const auto says = [&](std::string_view each) {
      return std::any_of(clause_->words.begin(), clause_->words.end(), [&](const Word& word) { return word.text == each; });
    };
    finding.is_change = clause_->now || says("now") || says("instead") || says("nowadays");
    return finding;
  }

  /// Adds the note `text` of the owner, made one of whom the clause is about.
  void add(Finding finding, std::string text) {
    text = as_note(std::move(text));
    if (text.size() < 4) return;
    const bool is_outside = !utterance_.outsider.empty();
    if (is_outside && !subject_.text.empty()) return;
    const std::string who = is_outside ? utterance_.outsider : subject_.text;
    if (is_outside) finding.proposal.people.push_back(who);
    if (!who.empty()) {
      text = uncapital(text);
      if (subject_.is_plural && !subject_.is_possessive) {
        const std::size_t space = text.find(' ');
        const std::string verb = first_person(text.substr(0, space));
        if (!verb.empty()) text = (verb == "am" ? std::string("are") : verb) + (space == std::string::npos ? "" : text.substr(space));
      }
      // "My sister's job is ...": "Sister works as ...".
      const bool acts = !first_person(text.substr(0, text.find(' '))).empty();
      text = capital(who) + (subject_.is_possessive && !acts ? "'s " : " ") + text;
    }
    if (text.size() > kMostFindingBytes) return;
    if (finding.intent == Finding::Intent::ends) {
      finding.about = std::move(text);
    } else {
      finding.proposal.text = std::move(text);
    }
    auto& people = finding.proposal.people;
    std::sort(people.begin(), people.end());
    people.erase(std::unique(people.begin(), people.end()), people.end());
    findings_.push_back(std::move(finding));
  }

  void read(const Words& clause) {
    subject_ = {};
    Words words = clause;
    name_people(words);
    if (const auto wish = wish_of(utterance_.text, words)) {
      if (!wish->text.empty()) add(make(MemoryKind::preference, .85, wish->topic), wish->text);
      return;
    }
    subject_ = subjects_.read(words, *clause_);
    take_adverbs(words);
    if (words.size() < 2) return;
    const bool is_over = take_over(words);
    Words positive = words;
    const bool is_negative = make_positive(positive);
    if (is_over) {
      apply_rules(positive, Use::ends) || apply_rules(words, Use::says);
    } else if (is_negative) {
      apply_rules(words, Use::says) || apply_rules(positive, Use::ends);
    } else {
      used_to(words) || greets(words) || apply_rules(words, Use::says);
    }
  }

  /// Names of the people around the owner, wherever the clause has them.
  void name_people(const Words& words) {
    static const std::vector<Phrase> all_names = [] {
      std::vector<Phrase> phrases;
      for (const std::string_view pattern : {"my|our {rel} are called|named {x}", "my|our {rel} 's? names are {x}"}) phrases.emplace_back(pattern);
      return phrases;
    }();
    for (const Phrase& phrase : all_names)
      if (const auto match = phrase.match(words, 0, Phrase::Reach::whole)) {
        Finding finding = make(MemoryKind::fact, .75, "family");
        for (std::size_t i = match->find("x")->first; i < words.size(); ++i)
          if (words[i].is_capital) finding.proposal.people.push_back(written(words[i]));
        const std::string names = text_of(words, *match->find("x"));
        if (!names.empty()) add(std::move(finding), capital(to_lower_ascii(text_of(words, *match->find("rel")))) + "' names are " + names);
        return;
      }
    static const Phrase several("i have {num} {rel} :|,|called|named {x}");
    if (const auto match = several.match(words, 0, Phrase::Reach::whole)) {
      Finding finding = make(MemoryKind::fact, .75, "family");
      const std::string names = text_of(words, *match->find("x"));
      for (std::size_t i = match->find("x")->first; i < words.size(); ++i)
        if (words[i].is_capital) finding.proposal.people.push_back(written(words[i]));
      if (!finding.proposal.people.empty())
        return add(std::move(finding), "Has " + text_of(words, *match->find("num")) + " " + text_of(words, *match->find("rel")) + ": " + names);
    }
    for (const Phrase& phrase : relation_names())
      if (const auto match = phrase.match(words, 0, Phrase::Reach::whole)) return name_relation(words, *match, Form::identity);
    for (const Phrase& phrase : relation_persons())
      if (const auto match = phrase.match(words, 0, Phrase::Reach::whole)) return name_relation(words, *match, Form::one_of_them);
    static const Phrase mention("my|our {rel} {name}");
    static const Phrase has("i have a|an {rel}");
    for (std::size_t at = 0; at < words.size(); ++at)
      if (const auto match = mention.match(words, at, Phrase::Reach::part); match && words[match->find("name")->first].is_capital)
        name_relation(words, *match, Form::one_of_them);
    if (const auto match = has.match(words, 0, Phrase::Reach::whole))
      add(make(MemoryKind::fact, .6, "family"), "Has a " + text_of(words, *match->find("rel")));
  }

  enum class Form { identity, one_of_them };
  void name_relation(const Words& words, const Match& match, Form form) {
    const std::string relation = to_lower_ascii(text_of(words, *match.find("rel")));
    std::string name = text_of(words, *match.find("name"));
    if (relation.empty() || name.empty() || relation.ends_with("parents")) return;
    name = capital(std::move(name));
    Finding finding = make(MemoryKind::fact, .75, "family");
    finding.proposal.people = {name};
    const std::string who = std::string_view("aeiou").find(relation[0]) == std::string_view::npos ? "Has a " : "Has an ";
    const Subject outer = std::exchange(subject_, {});
    add(std::move(finding), form == Form::identity ? capital(relation) + "'s name is " + name : who + relation + " named " + name);
    subject_ = outer;
    subjects_.set_last({capital(relation) + " " + name, {name}, false, false});
  }

  std::string written(const Word& word) const { return utterance_.text.substr(word.at, word.size); }

  /// "i used to live in Paris": it ended, and it was.
  bool used_to(const Words& words) {
    if (words.size() < 4 || words[1].text != "used" || words[2].text != "to") return false;
    Words before = words;
    before.erase(before.begin() + 1, before.begin() + 3);
    apply_rules(before, Use::ends);
    const std::string rest = text_of(words, {3, words.size()});
    Finding finding = make(MemoryKind::fact, .4, {});
    if (!rest.empty()) add(std::move(finding), "Used to " + rest);
    return true;
  }

  /// "Hi, I'm Sam": without the greeting it might be anything.
  bool greets(const Words& words) {
    static const Phrase phrase("i am {name}");
    const auto match = phrase.match(words, 0, Phrase::Reach::whole);
    if (!clause_->greets || !match || !words[match->find("name")->first].is_capital || !subject_.text.empty()) return false;
    const std::string name = text_of(words, *match->find("name"));
    Finding finding = make(MemoryKind::fact, .9, "identity");
    finding.proposal.people = {name};
    add(std::move(finding), "Name is " + name);
    return true;
  }

  enum class Use { says, ends };
  bool apply_rules(Words words, Use use) {
    for (const CompiledRule& each : extraction_rules()) {
      const auto match = each.phrase.match(words, 0, Phrase::Reach::whole);
      if (!match) continue;
      if (each.rule.trait == Rule::Trait::owner_only && !subject_.text.empty()) continue;
      if (apply_rule(each.rule, *match, words, use)) return true;
    }
    return false;
  }

  bool apply_rule(const Rule& rule, const Match& match, const Words& words, Use use) {
    bool is_whole = true;
    const std::string text = fill(rule.text, match, words, is_whole);
    const std::string ends = fill(rule.ends, match, words, is_whole);
    if (!is_whole) return false;
    if (rule.topic == "home" && is_figure_of_speech(words, match)) return false;
    Finding finding = make(rule.kind, rule.importance, rule.topic);
    for (const std::string_view capture : {"name", "x", "y"})
      if (const Capture* found = match.find(capture)) gather_people(words, *found, capture == "name", finding.proposal.people);
    if (use == Use::ends) {
      if (rule.trait == Rule::Trait::dated || text.empty()) return false;
      finding.intent = Finding::Intent::ends;
      add(std::move(finding), text);
      return true;
    }
    const bool is_past = rule.topic == "events" || rule.trait == Rule::Trait::change;
    const Looking looking = is_past && rule.topic != "plans" ? Looking::back : Looking::ahead;
    const bool wants_dates = has_relative_date(text) || rule.kind == MemoryKind::event || rule.kind == MemoryKind::context || rule.trait == Rule::Trait::change;
    DatedText dated{text, {}};
    if (wants_dates && !text.empty())
      dated = spell_out_dates(leading_date_.empty() ? text : std::string(text.substr(0, text.size() - 1)) + " " + uncapital(leading_date_) + ".",
                              utterance_.at, looking);
    if (rule.trait == Rule::Trait::dated && dated.dates.empty()) return false;
    if (!rule.ends.empty() || rule.text.empty()) {
      Finding end = finding;
      end.intent = Finding::Intent::ends;
      end.proposal.text.clear();
      end.about = as_note(ends.empty() ? fill_plain(match, words) : ends);
      if (rule.trait == Rule::Trait::change && rule.topic == "plans" && !text.empty()) {
        // The same plan at another time: one memory goes on in the next.
        finding.about = end.about;
        finding.is_change = true;
      } else {
        findings_.push_back(std::move(end));
      }
      if (text.empty()) return true;
    }
    if (rule.trait == Rule::Trait::change && rule.kind == MemoryKind::fact && !dated.dates.empty()) dated.text = with_date_last(dated);
    if (rule.trait == Rule::Trait::change) {
      finding.is_change = true;
      if (rule.kind == MemoryKind::fact)
        finding.proposal.valid_from = dated.dates.empty() ? utterance_.at : std::min(dated.dates.front().from, utterance_.at);
    }
    if (rule.kind == MemoryKind::context && !dated.dates.empty()) finding.proposal.valid_to = dated.dates.back().to;
    add(std::move(finding), dated.text);
    return true;
  }

  /// "I live in fear": nobody's address.
  static bool is_figure_of_speech(const Words& words, const Match& match) {
    const Capture* place = match.find("x");
    if (!place) return false;
    const std::string& last = words[place->last - 1].text;
    constexpr std::string_view kList[] = {"fear", "moment", "past", "hope", "peace", "denial", "misery", "bubble", "dump", "present", "mess", "need"};
    return std::find(std::begin(kList), std::end(kList), last) != std::end(kList);
  }

  std::string fill_plain(const Match& match, const Words& words) const {
    std::string text;
    for (const std::string_view name : {"event", "thing", "x"})
      if (const Capture* capture = match.find(name)) text += text_of(words, *capture) + " ";
    return text;
  }

  /// `text` with its captures; is_whole: none of them was empty that had words.
  std::string fill(std::string_view text, const Match& match, const Words& words, bool& is_whole) const {
    std::string filled;
    for (std::size_t at = 0; at < text.size();) {
      if (text[at] != '{') {
        filled += text[at++];
        continue;
      }
      const std::size_t end = text.find('}', at);
      std::string_view name = text.substr(at + 1, end - at - 1);
      at = end + 1;
      const bool conjugates = name.starts_with('+');
      if (conjugates) name.remove_prefix(1);
      const Capture* capture = match.find(name);
      if (!capture) continue;
      if (conjugates) {
        filled += third_person(words[capture->first].text);
        if (capture->last > capture->first + 1) {
          const std::string rest = text_of(words, {capture->first + 1, capture->last});
          is_whole = is_whole && !rest.empty();
          filled += " " + rest;
        }
        continue;
      }
      const bool is_word = name[0] >= '1' && name[0] <= '9';
      std::string value = is_word ? words[capture->first].text : text_of(words, *capture);
      if (name == "num" && value.empty()) value = words[capture->first].text;
      if (name == "name") value = capital(std::move(value));
      is_whole = is_whole && !value.empty();
      filled += value;
    }
    return filled;
  }

  /// The names among the words of a capture: all of a {name}, else what stands capitalised behind "with", "to" and "and".
  void gather_people(const Words& words, Capture capture, bool is_name, std::vector<std::string>& people) const {
    if (is_name) {
      people.push_back(capital(text_of(words, capture)));
      return;
    }
    for (std::size_t at = capture.first + 1; at < capture.last; ++at)
      if ((words[at - 1].text == "with" || is_relation_word(words[at - 1].text)) && words[at].is_capital && !is_no_name(words[at].text))
        people.push_back(written(words[at]));
  }

  /// What they asked to keep and no rule reads, in their own words.
  void keep(const Words& words) {
    if (words[0].text == "to" || words.size() < 3) return;
    subject_ = {};
    std::string text;
    if (words[0].text == "i") {
      const std::string rest = text_of(words, {2, words.size()});
      if (rest.empty() || words[1].text == "not") return;
      text = third_person(words[1].text) + " " + rest;
    } else {
      text = text_of(words, {0, words.size()});
      if (text.starts_with("their ")) text.erase(0, std::string_view("their ").size());
    }
    if (text.empty()) return;
    const DatedText dated = spell_out_dates(text, utterance_.at, Looking::ahead);
    const bool is_event = !dated.dates.empty() && dated.dates.front().to > utterance_.at;
    add(make(is_event ? MemoryKind::event : MemoryKind::fact, .65, {}), dated.text);
  }

  /// Two contradictions in one message: the last one holds.
  void keep_last_of_slots() {
    std::vector<Finding> kept;
    for (Finding& finding : findings_) {
      const auto slot = slot_of(finding.proposal.text);
      if (slot && slot->is_single && finding.intent != Finding::Intent::also)
        std::erase_if(kept, [&](const Finding& earlier) {
          const auto other = slot_of(earlier.proposal.text);
          if (earlier.intent == Finding::Intent::also || !other || !other->is_single || !same_place(*other, *slot)) return false;
          if (earlier.is_change) finding.is_change = true;
          if (earlier.proposal.valid_from && !finding.proposal.valid_from) finding.proposal.valid_from = earlier.proposal.valid_from;
          return true;
        });
      const bool is_repeat = std::any_of(kept.begin(), kept.end(), [&](const Finding& earlier) {
        return earlier.proposal.text == finding.proposal.text && earlier.about == finding.about;
      });
      if (!is_repeat) kept.push_back(std::move(finding));
    }
    findings_ = std::move(kept);
  }

  const Utterance& utterance_;
  const Clause* clause_ = nullptr;
  SubjectReader subjects_;
  Subject subject_;
  std::string leading_date_;
  std::size_t date_sentence_ = 0;  // the sentence it stands in
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> extract_by_rules(const Utterance& utterance) { return Extraction(utterance).run(); }

}  // namespace hobd

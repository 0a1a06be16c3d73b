#include "memory/standing_wishes.hpp"

#include "memory/note_text.hpp"

#include <memory>

namespace hobd {

std::optional<Wish> wish_of(std::string_view message, const std::vector<Word>& words) {
  static const std::vector<std::pair<Phrase, std::string_view>> forms = [] {
    std::vector<std::pair<Phrase, std::string_view>> list;
    constexpr std::string_view kVerbs =
        "answer|reply|respond|use|write|speak|call|address|be|keep|give|tell|ask|include|add|remind|show|start|end|format|say|talk|mention|send|"
        "put|explain|check|greet|avoid|summarize|summarise|sign|begin|convert|quote|translate|spell|suggest|assume|order|book|refer";
    const auto form = [&](std::string pattern, std::string_view text) {
      static std::vector<std::unique_ptr<std::string>> kept;
      kept.push_back(std::make_unique<std::string>(std::move(pattern)));
      list.emplace_back(Phrase(*kept.back()), text);
    };
    const std::string verb = "=" + std::string(kVerbs);
    form("always " + verb + " {x}", "Asks Hob to always {1} {x}");
    form("never ever? " + verb + " {x}", "Asks Hob never to {1} {x}");
    form("do not ever " + verb + " {x}", "Asks Hob never to {1} {x}");
    form("from now on ,? do not " + verb + " {x}", "Asks Hob from now on not to {1} {x}");
    form("from now on ,? always? " + verb + " {x}", "Asks Hob from now on to {1} {x}");
    form("in the? future ,? do not " + verb + " {x}", "Asks Hob in future not to {1} {x}");
    form("in the? future ,? always? " + verb + " {x}", "Asks Hob in future to {1} {x}");
    form(verb + " {x} from now on", "Asks Hob from now on to {1} {x}");
    form("i want you to always " + verb + " {x}", "Asks Hob to always {1} {x}");
    form("i want you to never " + verb + " {x}", "Asks Hob never to {1} {x}");
    form("you should|must always " + verb + " {x}", "Asks Hob to always {1} {x}");
    form("you should|must never " + verb + " {x}", "Asks Hob never to {1} {x}");
    return list;
  }();
  static const Phrase call_me("just? call me {name}");
  if (const auto match = call_me.match(words, 0, Phrase::Reach::whole)) {
    return Wish{"Wants to be called " + capital(capture_text(message, words, *match->find("name"))), "identity"};
  }
  static const Phrase not_called("do not|never call me {x}");
  static const Phrase stop_calling("stop calling me {x}");
  for (const Phrase* phrase : {&not_called, &stop_calling})
    if (const auto match = phrase->match(words, 0, Phrase::Reach::whole)) {
      const std::string name = capture_text(message, words, *match->find("x"));
      return Wish{name.empty() ? std::string() : "Doesn't want to be called " + name, "instructions"};
    }
  for (const auto& [phrase, text] : forms)
    if (const auto match = phrase.match(words, 0, Phrase::Reach::whole)) {
      // What it is told to do may speak of "me" and "my": that is the owner's own wording.
      const Capture* rest = match->find("x");
      if (words[rest->first].text == "up") return std::nullopt;  // "never give up"
      const std::size_t from = words[rest->first].at, end = words[rest->last - 1].at + words[rest->last - 1].size;
      std::string note(text);
      note.replace(note.find("{1}"), 3, words[match->find("1")->first].text);
      note.replace(note.find("{x}"), 3, std::string(message.substr(from, end - from)));
      for (std::size_t at = note.find(" me "); at != std::string::npos; at = note.find(" me ")) note.replace(at, 4, " them ");
      if (note.ends_with(" me")) note.replace(note.size() - 2, 2, "them");
      return Wish{std::move(note), "instructions"};
    }
  return std::nullopt;
}

}  // namespace hobd

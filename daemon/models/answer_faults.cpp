#include "models/answer_faults.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>

namespace hobd {
namespace {

constexpr std::size_t kLooked = 400;  // bytes of an answer's start

/// What an answer that gives up says in its first sentence. Lower case, apostrophes straight.
constexpr std::string_view kRefusals[] = {
    // English
    "i can't help", "i cannot help", "i can't assist", "i cannot assist", "i'm not able to help", "i am not able to help",
    "i'm unable to", "i am unable to", "i'm not able to", "i am not able to", "i can't do that", "i cannot do that", "i can't perform",
    "i cannot perform", "i can't provide", "i cannot provide", "i can't fulfill", "i cannot fulfill", "i can't complete", "i cannot complete",
    "i can't answer", "i cannot answer", "i can't solve", "i cannot solve", "i can't write", "i cannot write", "i can't access",
    "i cannot access", "i can't generate", "i cannot generate", "i can't create", "i cannot create", "i can't analyze", "i cannot analyze",
    "i don't have the ability", "i do not have the ability", "i don't have the capability", "i do not have the capability",
    "i lack the ability", "i don't have access to", "i do not have access to", "i won't be able to", "as an ai", "as a language model",
    "as a large language model", "this is beyond my", "that is beyond my", "that's beyond my", "i must decline", "i have to decline",
    "i won't help", "i will not help", "i'm not capable of", "i am not capable of", "i'm just an ai", "i'm only an ai",
    // German
    "ich kann ihnen dabei nicht", "ich kann dir dabei nicht", "dabei kann ich nicht", "dabei kann ich dir nicht", "dabei kann ich ihnen nicht",
    "das kann ich nicht", "das kann ich leider nicht", "ich kann das nicht", "ich kann das leider nicht", "ich kann leider nicht",
    "ich bin nicht in der lage", "ich bin leider nicht in der lage", "als ki", "als künstliche intelligenz", "als sprachmodell",
    "ich habe keinen zugriff auf",
    // French
    "je ne peux pas", "je ne suis pas en mesure", "je ne suis pas capable", "je suis incapable", "en tant qu'ia", "en tant que modèle",
    "en tant qu'intelligence artificielle", "je n'ai pas la capacité", "je n'ai pas accès",
    // Spanish
    "no puedo ayudar", "no puedo asistir", "no puedo hacer eso", "no puedo realizar", "no puedo proporcionar", "no puedo responder",
    "no soy capaz de", "no tengo la capacidad", "no tengo acceso a", "como modelo de lenguaje", "como una ia", "como ia", "como inteligencia artificial"};

/// May stand before a refusal.
constexpr std::string_view kPoliteStarts[] = {"i'm sorry", "i am sorry", "sorry", "i apologize", "my apologies", "unfortunately", "oh", "well", "hmm",
                                              "es tut mir leid", "tut mir leid", "entschuldigung", "leider", "je suis désolée",
                                              "je suis désolé", "désolé", "malheureusement", "lo siento", "lo lamento", "lamentablemente",
                                              "perdona", "but", "aber", "mais", "pero"};

/// Said of the user's own things, these are answers: nothing was told about them.
constexpr std::string_view kAboutMemory[] = {"access to your", "access to any information about you", "access to personal", "access to information about you",
                                             "recall", "remember", "in my memory", "you told me", "you have told", "you haven't told", "previous conversation",
                                             "past conversation", "zugriff auf deine", "zugriff auf ihre", "erinner", "gespräch", "accès à vos",
                                             "accès à tes", "souviens", "rappel", "acceso a tu", "acceso a su", "recuerd"};

/// Lower case, curly apostrophes straight, runs of white space one space; the first few hundred bytes.
std::string plain_start(std::string_view text) {
  std::string out;
  text = trim(text).substr(0, kLooked);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with("\xe2\x80\x99")) {
      out += '\'';
      i += 2;
    } else if (text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '*' || text[i] == '_') {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else {
      out += text[i];
    }
  }
  return to_lower_ascii(out);
}

std::string_view without_politeness(std::string_view text) {
  for (bool is_cut = true; is_cut;) {
    is_cut = false;
    while (!text.empty() && std::string_view(" ,.!;:-").find(text.front()) != std::string_view::npos) text.remove_prefix(1);
    for (const std::string_view polite : kPoliteStarts) {
      if (!text.starts_with(polite)) continue;
      const std::string_view rest = text.substr(polite.size());
      if (!rest.empty() && std::string_view(" ,.!;:").find(rest.front()) == std::string_view::npos) continue;
      text = rest;
      is_cut = true;
      break;
    }
  }
  return text;
}

std::string_view first_sentence(std::string_view text) { return text.substr(0, text.find_first_of(".!?\n")); }

/// The names of the tools that the chat offers.
bool offers(const json::object& chat, std::string_view name) {
  const json::array* tools = array_at(chat, "tools");
  return tools && std::any_of(tools->begin(), tools->end(), [name](const json::value& tool) {
           return tool.is_object() && string_or(tool.get_object(), "name") == name;
         });
}

bool offers_any(const json::object& chat) {
  const json::array* tools = array_at(chat, "tools");
  return tools && !tools->empty() && string_or(chat, "tool_choice") != "none";
}

}  // namespace

bool is_refusal(std::string_view text) {
  const std::string start = plain_start(text);
  const std::string_view words = without_politeness(start);
  const bool refuses = std::any_of(std::begin(kRefusals), std::end(kRefusals), [words](std::string_view refusal) {
    if (!words.starts_with(refusal)) return false;
    const char next = words.size() > refusal.size() ? words[refusal.size()] : ' ';
    return (next < 'a' || next > 'z') && (static_cast<unsigned char>(next) & 0x80) == 0;
  });
  if (!refuses) return false;
  const std::string_view said = first_sentence(words);
  return std::none_of(std::begin(kAboutMemory), std::end(kAboutMemory), [said](std::string_view about) { return said.find(about) != std::string_view::npos; });
}

bool begins_as_tool_call(std::string_view text) {
  text = trim(text);
  for (const std::string_view fence : {"```json", "```tool_code", "```tool_call", "```"})
    if (text.starts_with(fence)) {
      text = trim(text.substr(fence.size()));
      break;
    }
  for (const std::string_view mark : {"<tool_call", "<function=", "<function_call", "<|tool_call", "<|python_tag|>", "[TOOL_CALLS]", "<tool_use"})
    if (text.starts_with(mark)) return true;
  if (!text.starts_with('{') && !text.starts_with("[{")) return false;
  const std::string_view start = text.substr(0, kLooked);
  const bool names = start.find("\"name\"") != std::string_view::npos || start.find("\"function\"") != std::string_view::npos ||
                     start.find("\"tool\"") != std::string_view::npos;
  return names && (start.find("\"arguments\"") != std::string_view::npos || start.find("\"parameters\"") != std::string_view::npos);
}

std::string answer_fault(const ModelAnswer& answer, const json::object& chat) {
  for (const ModelToolCall& call : answer.tool_calls) {
    if (!offers(chat, call.name)) return "calls a tool that is not there: " + std::string(utf8_prefix(call.name, 64));
    if (!trim(call.arguments).empty() && parse_json_object(call.arguments).has_error())
      return "calls " + call.name + " with arguments that are not JSON";
  }
  if (!answer.tool_calls.empty()) return {};
  if (trim(answer.text).empty()) return "is empty";
  if (offers_any(chat) && begins_as_tool_call(answer.text)) return "writes a tool call as text";
  return is_refusal(answer.text) ? "refuses" : "";
}

}  // namespace hobd

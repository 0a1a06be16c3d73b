#include "answer.hpp"

#include "words.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

namespace provider_offline {
namespace {

using hob::Json;
using hob::JsonRef;

constexpr std::string_view kHelp =
    "No language model is connected, so all I can do is quote what you told me and work out arithmetic. To connect "
    "one, add it under models.providers in hob.yaml, or put OPENAI_API_KEY, ANTHROPIC_API_KEY, OPENROUTER_API_KEY or "
    "GEMINI_API_KEY into the environment and start me again.";
constexpr std::string_view kHelpMark = "models.providers";
constexpr std::size_t kMaxQuote = 500;     // bytes
constexpr std::size_t kMaxCandidates = 500;  // earlier statements that are compared

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::string content_text(JsonRef content) {
  std::string text(content.text());
  for (const auto& part : content.items()) {
    const std::string_view piece = JsonRef(part)["text"].text();
    if (!text.empty() && !piece.empty()) text += '\n';
    text += piece;
  }
  return text;
}

// ---- arithmetic ----

/// The expression in a message that is nothing but arithmetic ("what is 12 * 7?"); empty: it is not.
std::string arithmetic_in(std::string_view message) {
  std::string text;
  for (const char c : trimmed(message)) text += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  while (!text.empty() && (text.back() == '?' || text.back() == '=' || text.back() == ' ' || text.back() == '.')) {
    text.pop_back();
  }
  for (const std::string_view lead : {"what is ", "what's ", "whats ", "how much is ", "calculate ", "compute ",
                                      "work out ", "evaluate ", "was ist ", "wie viel ist ", "combien font "}) {
    if (text.starts_with(lead)) {
      text.erase(0, lead.size());
      break;
    }
  }
  bool has_digit = false, has_operation = false;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    const std::string_view rest = std::string_view(text).substr(at);
    if (c >= '0' && c <= '9') {
      has_digit = true;
      ++at;
    } else if (c == '.' || c == ' ' || c == ',') {
      ++at;
    } else if (std::string_view("+-*/^()%!").find(c) != std::string_view::npos) {
      has_operation = has_operation || (c != '(' && c != ')');
      ++at;
    } else {
      bool is_known = false;
      for (const std::string_view word :
           {"×", "÷", "−", "π", "sqrt(", "sin(", "cos(", "tan(", "ln(", "log10(", "exp(", "abs(", "min(", "max(", "round(",
            "pi", "plus ", "minus ", "times ", "multiplied by ", "divided by ", "the square root of ", "square root of ",
            "to the power of ", "squared", "cubed", "percent", "x ", "of "}) {
        if (!rest.starts_with(word)) continue;
        at += word.size();
        is_known = has_operation = true;
        break;
      }
      if (!is_known) return "";
    }
  }
  // A date (2026-11-21) or a phone number is no sum.
  const bool looks_like_date = std::count(text.begin(), text.end(), '-') == 2 &&
                               text.find_first_not_of("0123456789-") == std::string::npos && text.size() >= 8;
  const std::string_view body = trimmed(text);
  const bool is_one_number = body.find_first_not_of("+-0123456789. ,()%") == std::string_view::npos &&
                             body.find_first_of("+-%", 1) == std::string_view::npos;
  const bool is_phone_number = text.starts_with('+');
  if (!has_digit || !has_operation || looks_like_date || is_one_number || is_phone_number) return "";
  return std::string(body);
}

bool has_tool(const Json& chat, std::string_view name) {
  for (const auto& tool : chat["tools"].items()) {
    if (JsonRef(tool)["name"].text() == name) return true;
  }
  return false;
}

/// Reads out the results of the tool calls that end the conversation.
std::string from_tool_results(const hob::JsonArray& messages) {
  std::map<std::string, std::string, std::less<>> expressions;
  std::string said;
  for (const auto& item : messages) {
    const JsonRef message(item);
    const std::string_view role = message["role"].text();
    if (role == "user") said.clear();
    for (const auto& call : message["tool_calls"].items()) {
      const JsonRef ref(call);
      try {
        const Json arguments = Json::parse(ref["arguments"].text());
        expressions[std::string(ref["id"].text())] = arguments["expression"].text();
      } catch (const hob::Error&) {
        continue;  // another model's call, cut short; its result is read out as it is
      }
    }
    if (role != "tool") continue;
    const std::string content = content_text(message["content"]);
    std::string value, fault = content;
    try {
      const Json result = Json::parse(content);
      value = result["text"].text();
      const JsonRef error = result["error"];
      if (const std::string_view reason = error.is_object() ? error["message"].text() : error.text(); !reason.empty()) fault = reason;
    } catch (const hob::Error&) {
      value.clear();
    }
    const auto expression = expressions.find(message["tool_call_id"].text());
    if (!said.empty()) said += '\n';
    if (value.empty()) {
      said += "That did not work out: " + fault;
    } else if (expression == expressions.end() || expression->second.empty()) {
      said += value;
    } else {
      said += expression->second + " = " + value;
    }
  }
  return said;
}

// ---- quoting ----

struct Statement {
  std::string text, at;
  std::vector<std::string> words;
};

/// Words that begin an order, which states nothing.
bool is_order(std::string_view text) {
  static constexpr std::string_view kOrders[] = {"forget", "delete", "remove", "show", "list", "give", "find", "search", "explain",
                                                 "write", "translate", "summarise", "summarize", "calculate", "stop", "vergiss"};
  const auto words = words_of(text);
  const std::size_t first = !words.empty() && words[0] == "please" ? 1 : 0;
  return words.size() > first && std::find(std::begin(kOrders), std::end(kOrders), words[first]) != std::end(kOrders);
}

/// The user's own earlier statements, oldest first; questions and orders are left out, for they hold no answer.
std::vector<Statement> statements_of(const Json& chat, std::string_view question) {
  std::vector<Statement> found;
  const auto add = [&](std::string_view raw, std::string_view at) {
    const std::string_view text = trimmed(raw);
    if (text.empty() || text == question || text.starts_with('/') || is_question(text) || is_order(text)) return;
    for (Statement& known : found) {
      if (known.text != text) continue;
      if (known.at < at) known.at = at;
      return;
    }
    found.push_back({std::string(text), std::string(at), words_of(text)});
  };
  for (const auto& item : chat["recalled"].items()) {
    const JsonRef recalled(item);
    const std::string_view speaker = recalled["speaker"].text();
    if (speaker != "assistant" && speaker != "Hob" && speaker != "hob") add(recalled["text"].text(), recalled["at"].text());
  }
  const auto& messages = chat["messages"].items();
  for (std::size_t i = 0; i + 1 < messages.size(); ++i) {
    const JsonRef message(messages[i]);
    if (message["role"].text() == "user") add(content_text(message["content"]), message["at"].text());
  }
  // Those without a time are of this conversation, hence new.
  std::stable_sort(found.begin(), found.end(), [](const Statement& a, const Statement& b) {
    return !a.at.empty() && (b.at.empty() || a.at < b.at);
  });
  if (found.size() > kMaxCandidates) found.erase(found.begin(), found.end() - kMaxCandidates);
  return found;
}

struct Asked {
  std::string word;
  bool is_name = false;  // written with a capital within the question: what lacks it is about another
  double weight = 0;
};

/// The telling words of a question, each once.
std::vector<Asked> asked_words(std::string_view question) {
  std::vector<Asked> asked;
  bool is_first = true;
  for (std::size_t at = 0; at < question.size();) {
    const std::size_t end = std::min(question.find(' ', at), question.size());
    const std::string_view piece = question.substr(at, end - at);
    at = end + 1;
    const bool is_name = !is_first && !piece.empty() && piece[0] >= 'A' && piece[0] <= 'Z';
    if (!piece.empty()) is_first = false;
    for (std::string& word : words_of(piece)) {
      const bool is_known = std::any_of(asked.begin(), asked.end(), [&](const Asked& one) { return one.word == word; });
      if (!is_stop_word(word) && !is_known) asked.push_back({std::move(word), is_name});
    }
  }
  return asked;
}

bool has_word(const std::vector<std::string>& words, std::string_view word) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& other) { return is_alike(word, other); });
}

struct Match {
  const Statement* statement = nullptr;
  bool answers = false;  // false: it is only the nearest there is
  bool has_all = false;  // every telling word of the question is in it
};

/// The statement that shares most of the question's telling words; of equals the newest, which supersedes. It
/// answers when it has the rarest of them or half of their weight, and every name.
Match best_match(const std::vector<Statement>& statements, std::string_view question) {
  std::vector<Asked> asked = asked_words(question);
  // A statement that says nothing beyond the question answers nothing.
  std::vector<const Statement*> candidates;
  for (const Statement& statement : statements) {
    const bool adds = std::any_of(statement.words.begin(), statement.words.end(), [&](const std::string& word) {
      return !is_stop_word(word) && std::none_of(asked.begin(), asked.end(), [&](const Asked& one) { return is_alike(one.word, word); });
    });
    if (adds) candidates.push_back(&statement);
  }
  // A word that many statements share tells less.
  double all = 0, rarest = 0;
  for (Asked& one : asked) {
    const auto in = std::count_if(candidates.begin(), candidates.end(), [&](const Statement* s) { return has_word(s->words, one.word); });
    one.weight = std::log(1.0 + (static_cast<double>(candidates.size()) + 1) / (static_cast<double>(in) + 0.5));
    if (is_light_word(one.word)) one.weight *= 0.25;
    all += one.weight;
    rarest = std::max(rarest, one.weight);
  }
  Match best;
  double best_score = 0;
  for (const Statement* statement : candidates) {
    double score = 0;
    Match match{statement, false, true};
    bool has_rarest = false, has_names = true;
    for (const Asked& one : asked) {
      if (has_word(statement->words, one.word)) {
        score += one.weight;
        has_rarest = has_rarest || one.weight == rarest;
      } else {
        match.has_all = false;
        has_names = has_names && !one.is_name;
      }
    }
    match.answers = has_names && (has_rarest || score >= 0.5 * all);
    // Of two that share the same words, the one that says little else answers better.
    score *= 1 - 0.002 * static_cast<double>(std::min<std::size_t>(statement->words.size(), 100));
    if (match.answers < best.answers || score <= 0) continue;
    if (match.answers == best.answers && score < best_score * 0.97) continue;
    best_score = match.answers > best.answers ? score : std::max(score, best_score);
    best = match;
  }
  return best;
}

/// "2026-11-21T08:30:00Z" as "21 November 2026"; empty when it is no such time.
std::string date_text(std::string_view at) {
  static constexpr std::string_view kMonths[] = {"January", "February", "March", "April", "May", "June", "July",
                                                 "August", "September", "October", "November", "December"};
  const bool is_date = at.size() >= 10 && at[4] == '-' && at[7] == '-' &&
                       at.substr(0, 10).find_first_not_of("0123456789-") == std::string_view::npos;
  if (!is_date) return "";
  const int month = (at[5] - '0') * 10 + (at[6] - '0');
  const int day = (at[8] - '0') * 10 + (at[9] - '0');
  if (month < 1 || month > 12 || day < 1 || day > 31) return "";
  return std::to_string(day) + " " + std::string(kMonths[month - 1]) + " " + std::string(at.substr(0, 4));
}

std::string shortened(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text.size() <= kMaxQuote) return text;
  std::size_t end = kMaxQuote;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

std::string quoted(const Statement& statement) {
  const std::string date = date_text(statement.at);
  return (date.empty() ? std::string() : " on " + date) + ": \"" + shortened(statement.text) + "\"";
}

bool was_said(const hob::JsonArray& messages, std::string_view text) {
  return std::any_of(messages.begin(), messages.end(), [&](const auto& item) {
    const JsonRef message(item);
    return message["role"].text() == "assistant" && content_text(message["content"]).find(text) != std::string::npos;
  });
}

/// Why the offline model stands in for another, "" when no other was asked.
std::string failures(const Json& chat) {
  std::string text;
  for (const auto& item : chat["failed"].items()) text += (text.empty() ? "" : "; ") + shortened(std::string(JsonRef(item).text()));
  return text.empty() ? text : "No model answered, so I only quote and reckon. " + text + ". `hobctl doctor` tests the connection.";
}

/// The long explanation once in a conversation; later a short one. Where a model is connected and failed, there is
/// nothing to explain.
std::string help_or(const Json& chat, std::string_view first, std::string_view short_form) {
  const bool is_known = was_said(chat["messages"].items(), kHelpMark);
  if (is_known) return std::string(short_form);
  std::string text(first);
  if (!chat["failed"].items().empty()) return text.empty() ? std::string(short_form) : text;
  if (!text.empty()) text += ' ';
  return text += kHelp;
}

template <std::size_t N>
bool is_among(std::string_view word, const std::string_view (&list)[N]) {
  return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

/// "" when it is neither a greeting nor thanks.
std::string_view courtesy(std::string_view text) {
  static constexpr std::string_view kGreetings[] = {"hello", "hi", "hey", "hallo", "bonjour", "hola", "ciao", "привет", "help", "good"};
  static constexpr std::string_view kThanks[] = {"thanks", "thank", "danke", "merci"};
  static constexpr std::string_view kRest[] = {"there", "hob", "you", "morning", "evening", "afternoon", "day", "night",
                                               "again", "very", "much", "so", "me", "anybody", "anyone"};
  const auto words = words_of(text);
  if (words.empty() || words.size() > 5) return "";
  const bool greets = is_among(words[0], kGreetings), thanks = is_among(words[0], kThanks);
  if (!greets && !thanks) return "";
  for (const std::string& word : words)
    if (!is_among(word, kGreetings) && !is_among(word, kThanks) && !is_among(word, kRest)) return "";
  return thanks ? "You are welcome." : "Hello.";
}

/// A few words without a verb or a full stop: "wifi password", "my dentist". Asked of someone who remembers, they ask.
bool is_bare_phrase(std::string_view text) {
  static constexpr std::string_view kSubjects[] = {"i", "is", "are", "was", "were", "am", "be", "we", "you", "he", "she", "it", "they",
                                                   "have", "has", "had", "remember", "ich", "ist", "bin", "je", "est", "actually", "no", "yes"};
  if (text.ends_with('.') || text.ends_with('!') || text.find_first_of("=:,\n") != std::string_view::npos) return false;
  const auto words = words_of(text);
  return !words.empty() && words.size() <= 4 &&
         std::none_of(words.begin(), words.end(), [](const std::string& word) { return is_among(word, kSubjects); });
}

Answer answer_to(const Json& chat) {
  const auto& messages = chat["messages"].items();
  if (messages.empty()) return {std::string(kHelp), {}};
  const JsonRef last(messages.back());
  if (last["role"].text() == "tool") return {from_tool_results(messages), {}};

  // "text" is what the user wrote, where "content" has what was recalled too.
  const std::string said = last["text"].is_text() ? std::string(last["text"].text()) : content_text(last["content"]);
  const std::string_view text = trimmed(said);
  if (text.empty()) return {help_or(chat, "", "I can't look at that without a model."), {}};

  if (std::string expression = arithmetic_in(text); !expression.empty()) {
    if (has_tool(chat, "calculate")) return {"", std::move(expression)};
    return {"I could work that out with the tool \"calculate\", but it is not enabled here.", {}};
  }
  if (const std::string_view polite = courtesy(text); !polite.empty()) {
    return {help_or(chat, polite, std::string(polite) + " Tell me something, or ask about what you told me."), {}};
  }
  const bool is_asked = is_question(text);
  if (is_asked || is_bare_phrase(text)) {
    const auto statements = statements_of(chat, text);
    const Match match = best_match(statements, text);
    if (match.answers && (is_asked || match.has_all)) return {"You told me" + quoted(*match.statement), {}};
    if (is_asked && match.statement) {
      return {"I find nothing you told me about exactly that. The nearest I have is what you told me" + quoted(*match.statement), {}};
    }
    if (is_asked) {
      return {help_or(chat, "I find nothing you told me about that.",
                      "I find nothing you told me about that, and no model is connected."),
              {}};
    }
  }
  if (is_order(text)) return {help_or(chat, "I can't do that without a model; nothing was changed.",
                                      "I can't do that without a model; nothing was changed."), {}};
  return {help_or(chat, "Noted. I keep it word for word; ask me about it at any time.", "Noted. I keep it word for word."), {}};
}

}  // namespace

Answer answer(const Json& chat) {
  Answer answer = answer_to(chat);
  if (answer.expression) return answer;
  const std::string why = failures(chat);
  if (!why.empty() && !was_said(chat["messages"].items(), why)) answer.text += (answer.text.empty() ? "" : "\n\n") + why;
  return answer;
}

}  // namespace provider_offline

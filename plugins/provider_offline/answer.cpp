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
    if (c >= '0' && c <= '9') {
      has_digit = true;
      ++at;
    } else if (c == '.' || c == ' ' || c == ',') {
      ++at;
    } else if (std::string_view("+-*/^()%").find(c) != std::string_view::npos) {
      has_operation = has_operation || (c != '(' && c != ')');
      ++at;
    } else {
      bool is_known = false;
      for (const std::string_view word : {"×", "÷", "−", "π", "sqrt(", "sin(", "cos(", "tan(", "ln(", "log10(", "exp(",
                                          "abs(", "min(", "max(", "round(", "pi", "of "}) {
        if (!std::string_view(text).substr(at).starts_with(word)) continue;
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
    std::string value;
    try {
      value = Json::parse(content)["text"].text();
    } catch (const hob::Error&) {
      value.clear();
    }
    const auto expression = expressions.find(message["tool_call_id"].text());
    if (!said.empty()) said += '\n';
    if (value.empty()) {
      said += "That did not work out: " + content;
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

/// The user's own earlier statements, oldest first; questions are left out, for they hold no answer.
std::vector<Statement> statements_of(const Json& chat, std::string_view question) {
  std::vector<Statement> found;
  const auto add = [&](std::string_view raw, std::string_view at) {
    const std::string_view text = trimmed(raw);
    if (text.empty() || text == question || text.starts_with('/') || is_question(text)) return;
    for (Statement& known : found) {
      if (known.text != text) continue;
      if (known.at.empty()) known.at = at;
      return;
    }
    found.push_back({std::string(text), std::string(at), words_of(text)});
  };
  for (const auto& item : chat["recalled"].items()) {
    const JsonRef recalled(item);
    const std::string_view speaker = recalled["speaker"].text();
    if (speaker != "assistant" && speaker != "Hob" && speaker != "hob") add(recalled["text"].text(), recalled["at"].text());
  }
  std::sort(found.begin(), found.end(), [](const Statement& a, const Statement& b) { return a.at < b.at; });
  const auto& messages = chat["messages"].items();
  for (std::size_t i = 0; i + 1 < messages.size(); ++i) {
    const JsonRef message(messages[i]);
    if (message["role"].text() == "user") add(content_text(message["content"]), message["at"].text());
  }
  if (found.size() > kMaxCandidates) found.erase(found.begin(), found.end() - kMaxCandidates);
  return found;
}

/// The statement that shares most of the question's telling words; of equals the newest, which supersedes.
const Statement* best_match(const std::vector<Statement>& statements, std::string_view question) {
  std::vector<std::string> asked;
  for (std::string& word : words_of(question)) {
    if (!is_stop_word(word) && std::find(asked.begin(), asked.end(), word) == asked.end()) asked.push_back(std::move(word));
  }
  if (asked.empty()) return nullptr;
  const auto has = [](const Statement& statement, const std::string& word) {
    return std::any_of(statement.words.begin(), statement.words.end(),
                       [&](const std::string& other) { return is_alike(word, other); });
  };
  // A word that many statements share tells less.
  std::vector<double> weights;
  double all = 0;
  for (const std::string& word : asked) {
    const auto in = std::count_if(statements.begin(), statements.end(), [&](const Statement& s) { return has(s, word); });
    weights.push_back(std::log(1.0 + (static_cast<double>(statements.size()) + 1) / (static_cast<double>(in) + 0.5)));
    all += weights.back();
  }
  const Statement* best = nullptr;
  double best_score = 0;
  for (const Statement& statement : statements) {
    double score = 0;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      if (has(statement, asked[i])) score += weights[i];
    }
    // Of two that share the same words, the one that says little else answers better.
    score *= 1 - 0.002 * static_cast<double>(std::min<std::size_t>(statement.words.size(), 100));
    if (score > 0 && score >= best_score * 0.97) {
      best = &statement;
      best_score = std::max(score, best_score);
    }
  }
  return best_score >= 0.25 * all ? best : nullptr;
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

std::string quoted(const Statement& statement) {
  std::string text = statement.text;
  std::replace(text.begin(), text.end(), '\n', ' ');
  if (text.size() > kMaxQuote) {
    std::size_t end = kMaxQuote;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text = text.substr(0, end) + "...";
  }
  const std::string date = date_text(statement.at);
  return "You told me" + (date.empty() ? std::string() : " on " + date) + ": \"" + text + "\"";
}

/// The long explanation once in a conversation; later a short one.
std::string help_or(const hob::JsonArray& messages, std::string_view first, std::string_view short_form) {
  for (const auto& item : messages) {
    const JsonRef message(item);
    const bool said = message["role"].text() == "assistant" &&
                      content_text(message["content"]).find(kHelpMark) != std::string::npos;
    if (said) return std::string(short_form);
  }
  std::string text(first);
  if (!text.empty()) text += ' ';
  return text += kHelp;
}

bool is_greeting(std::string_view text) {
  const auto words = words_of(text);
  if (words.empty() || words.size() > 4) return false;
  for (const std::string_view greeting : {"hello", "hi", "hey", "hallo", "bonjour", "hola", "ciao", "привет", "help",
                                          "good", "thanks", "thank"}) {
    if (words[0] == greeting) return true;
  }
  return false;
}

}  // namespace

Answer answer(const Json& chat) {
  const auto& messages = chat["messages"].items();
  if (messages.empty()) return {std::string(kHelp), {}};
  const JsonRef last(messages.back());
  if (last["role"].text() == "tool") return {from_tool_results(messages), {}};

  const std::string said = content_text(last["content"]);
  const std::string_view text = trimmed(said);
  if (text.empty()) return {help_or(messages, "", "I can't look at that without a model."), {}};

  if (std::string expression = arithmetic_in(text); !expression.empty()) {
    if (has_tool(chat, "calculate")) return {"", std::move(expression)};
    return {"I could work that out with the tool \"calculate\", but it is not enabled here.", {}};
  }
  if (is_question(text)) {
    const auto statements = statements_of(chat, text);
    if (const Statement* match = best_match(statements, text)) return {quoted(*match), {}};
    return {help_or(messages, "I find nothing you told me about that.",
                    "I find nothing you told me about that, and no model is connected."),
            {}};
  }
  if (is_greeting(text)) return {help_or(messages, "Hello.", "Hello. Tell me something, or ask about what you told me."), {}};
  return {help_or(messages, "Noted. I keep it word for word; ask me about it at any time.",
                  "Noted. I keep it word for word."),
          {}};
}

}  // namespace provider_offline

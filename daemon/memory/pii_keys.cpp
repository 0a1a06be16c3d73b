// Keys, tokens and passwords, and e-mail addresses.
#include "memory/pii_text.hpp"

#include <algorithm>
#include <array>

namespace hobd {
namespace {

bool is_token_char(char c) { return is_digit(c) || (is_alpha(c) && c != kOtherLetter) || c == '_' || c == '-'; }
bool is_base64_char(char c) { return is_token_char(c) || c == '+' || c == '/' || c == '='; }

struct TokenPrefix {
  std::string_view prefix;
  std::size_t least;  // characters behind it
};
constexpr TokenPrefix kTokenPrefixes[] = {
    {"sk-", 20},      {"sk_live_", 16}, {"sk_test_", 16}, {"rk_live_", 16}, {"pk_live_", 16}, {"whsec_", 20},      {"ghp_", 30},  {"gho_", 30},
    {"ghu_", 30},     {"ghs_", 30},     {"ghr_", 30},     {"github_pat_", 22}, {"glpat-", 18}, {"AKIA", 16},       {"ASIA", 16},  {"AIza", 30},
    {"ya29.", 20},    {"xoxb-", 10},    {"xoxp-", 10},    {"xoxa-", 10},    {"xoxr-", 10},    {"xoxs-", 10},       {"xapp-", 20}, {"npm_", 30},
    {"hf_", 30},      {"SG.", 30},      {"dop_v1_", 40},  {"shpat_", 30},   {"hob_", 40},     {"gsk_", 30},        {"pypi-", 30}, {"AGE-SECRET-KEY-1", 40},
};

std::size_t token_end(const PiiText& text, std::size_t i, bool dots) {
  while (is_token_char(text[i]) || (dots && text[i] == '.' && is_token_char(text[i + 1]))) ++i;
  return i;
}

bool has_digit(std::string_view text) { return std::any_of(text.begin(), text.end(), is_digit); }

void find_prefixed_tokens(PiiText& text) {
  for (std::size_t begin = 0; begin < text.size();) {
    if (!is_token_char(text.chars[begin])) {
      ++begin;
      continue;
    }
    const std::size_t end = token_end(text, begin, true);
    const std::string_view token = std::string_view(text.chars).substr(begin, end - begin);
    for (const TokenPrefix& known : kTokenPrefixes) {
      if (!token.starts_with(known.prefix)) continue;
      const std::size_t stop = known.prefix.find('.') == std::string_view::npos ? token_end(text, begin, false) : end;
      const std::string_view rest = token.substr(known.prefix.size(), stop - begin - known.prefix.size());
      if (rest.size() >= known.least && has_digit(rest)) text.add("key", begin, stop);
    }
    // A JSON web token: three parts, the first two JSON in base64.
    if (token.starts_with("eyJ")) {
      const std::size_t dot = token.find('.');
      if (dot != std::string_view::npos && dot >= 10 && token.size() - dot >= 20) text.add("key", begin, end);
    }
    begin = end;
  }
}

void find_pem_blocks(PiiText& text) {
  constexpr std::string_view kBegin = "-----BEGIN ", kEnd = "-----END ";
  const std::string_view chars = text.chars;
  for (std::size_t begin = chars.find(kBegin); begin != std::string_view::npos; begin = chars.find(kBegin, begin + 1)) {
    const std::string_view label = chars.substr(begin + kBegin.size(), 40);
    const std::size_t key = label.find("PRIVATE KEY");
    if (key == std::string_view::npos || label.find("-----") < key) continue;
    // Without its end the block is as far as its base64 goes.
    std::size_t end = begin + kBegin.size() + label.find("PRIVATE KEY") + 11;
    while (is_base64_char(text[end]) || (text[end] == ' ' && is_base64_char(text[end + 1])) || text[end] == '\n' || text[end] == '\r') {
      if (end >= text.size()) break;
      if (chars.substr(end).starts_with(kEnd)) {
        const std::size_t line = chars.find("-----", end + kEnd.size());
        end = line == std::string_view::npos || line - end > 60 ? end + kEnd.size() : line + 5;
        break;
      }
      ++end;
    }
    text.add("key", begin, end);
    begin = end - 1;
  }
}

enum class Secret { none, password, pin, key };

Secret names_secret(std::string_view word) {
  static constexpr std::array<std::string_view, 22> kPasswords = {
      "password", "passwd", "pwd", "passphrase", "passcode", "passwort", "kennwort", "contrasena", "senha", "haslo", "wachtwoord", "losenord",
      "motdepasse", "passe", "passwords", "parola", "pw", "secret", "apisecret", "clientsecret", "pass", "credential"};
  static constexpr std::array<std::string_view, 8> kKeys = {"key", "token", "apikey", "accesskey", "secretkey", "accesstoken", "bearer", "authorization"};
  if (std::find(kPasswords.begin(), kPasswords.end(), word) != kPasswords.end()) return Secret::password;
  if (std::find(kKeys.begin(), kKeys.end(), word) != kKeys.end()) return Secret::key;
  if (word == "pin" || word == "puk" || word == "cvv" || word == "cvc") return Secret::pin;
  return Secret::none;
}

/// "is", ":", "=" and their like between a name and its value: where the value begins, 0 for none.
/// `said`: a verb stood there, no sign.
std::size_t value_begin(const PiiText& text, std::size_t i, bool& said) {
  static constexpr std::array<std::string_view, 13> kVerbs = {"is", "ist", "lautet", "est", "es", "e", "jest", "was", "are", "code", "number", "to", "for"};
  bool has_sign = false;
  said = false;
  for (int step = 0; step < 8; ++step) {
    while (text[i] == ' ' && i < text.size()) ++i;
    if (text[i] == ':' || text[i] == '=' || text[i] == '>') {
      has_sign = true;
      ++i;
      continue;
    }
    if (text[i] == '"' || text[i] == '\'' || text[i] == '`') {
      if (has_sign || said) return i + 1;
      ++i;  // {"password": ...
      continue;
    }
    if (has_sign || i >= text.size()) break;
    std::size_t end = i;
    while (end < i + 8 && is_alpha(text[end])) ++end;
    if (std::find(kVerbs.begin(), kVerbs.end(), std::string_view(text.lowered).substr(i, end - i)) == kVerbs.end() || is_alnum(text[end])) break;
    said = true;
    i = end;
  }
  return (has_sign || said) && i < text.size() ? i : 0;
}

/// What a password is said to be ("wrong", "the same") when no password is told.
bool is_plain_word(std::string_view word) {
  static constexpr std::array<std::string_view, 78> kWords = {
      "a", "an", "the", "not", "no", "too", "very", "so", "still", "now", "wrong", "right", "correct", "incorrect", "expired", "invalid", "valid", "required",
      "needed", "missing", "empty", "blank", "optional", "same", "safe", "secure", "strong", "weak", "long", "short", "old", "new", "reset", "changed", "stored", "saved",
      "kept", "hidden", "known", "unknown", "in", "on", "at", "under", "with", "my", "your", "his", "her", "our", "their", "this", "that", "it", "something", "what",
      "everything", "nothing", "protected", "encrypted", "hashed", "leaked", "compromised", "ready", "gone", "written", "sent", "being", "going", "always", "never",
      "falsch", "richtig", "abgelaufen", "for", "to", "of", "important"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

bool is_random(std::string_view value) {
  if (value.size() < 16) return false;
  std::size_t digits = 0, uppers = 0, lowers = 0;
  for (const char c : value) {
    digits += is_digit(c);
    uppers += is_upper(c);
    lowers += is_alpha(c) && !is_upper(c);
  }
  return digits >= 2 && (uppers + lowers) >= 2 && (digits >= 4 || (uppers >= 2 && lowers >= 2));
}

void find_told_secrets(PiiText& text) {
  for (const PiiText::Word& word : text.words) {
    if (word.end - word.begin > 16) continue;
    const Secret secret = names_secret(text.word(word));
    if (secret == Secret::none) continue;
    bool said = false;
    std::size_t begin = value_begin(text, word.end, said);
    if (begin == 0 && text.word(word) == "bearer") begin = word.end + 1;
    if (begin == 0) continue;
    std::size_t end = begin;
    while (end < text.size() && end < begin + 4'096 && text[end] > ' ' && text[end] != '"' && text[end] != '`' && text[end] != '<' && text[end] != kOtherSign) ++end;
    while (end > begin && std::string_view(".,;:!?)'").find(text[end - 1]) != std::string_view::npos) --end;
    const std::string_view value = std::string_view(text.chars).substr(begin, end - begin);
    const std::string_view low = std::string_view(text.lowered).substr(begin, end - begin);
    if (secret == Secret::pin) {
      if (value.size() >= 3 && value.size() <= 8 && std::all_of(value.begin(), value.end(), is_digit)) text.add("key", begin, end);
    } else if (secret == Secret::key) {
      if (is_random(value)) text.add("key", begin, end);
    } else {
      if (value.size() < 4 || is_plain_word(low) || value.starts_with("${") || value.starts_with("***") || value.starts_with("[")) continue;
      const bool looks_secret = has_digit(value) || value.find_first_of("!@#$%^&*_+-=") != std::string_view::npos;
      const bool ends_sentence = end >= text.size() || text[end] == '\n' || ((text[end] == '.' || text[end] == ',' || text[end] == '!' || text[end] == '"' ||
                                                                               text[end] == '\'') && !is_alnum(text[end + 1]));
      if (looks_secret || (said ? ends_sentence : true)) text.add("key", begin, end);
    }
  }
}

/// The password of "scheme://name:password@host".
void find_url_passwords(PiiText& text) {
  const std::string_view chars = text.chars;
  for (std::size_t i = chars.find("://"); i != std::string_view::npos; i = chars.find("://", i + 3)) {
    std::size_t colon = 0, k = i + 3;
    for (; k < i + 256 && text[k] > ' ' && text[k] != '/' && text[k] != '@' && k < text.size(); ++k)
      if (text[k] == ':' && colon == 0) colon = k;
    if (text[k] == '@' && colon != 0 && k > colon + 1) text.add("key", colon + 1, k);
  }
}

}  // namespace

void find_keys(PiiText& text) {
  find_pem_blocks(text);
  find_url_passwords(text);
  find_prefixed_tokens(text);
  find_told_secrets(text);
}

void find_emails(PiiText& text) {
  static constexpr std::array<std::string_view, 14> kNoTopDomains = {"png", "jpg", "jpeg", "gif", "svg", "webp", "local", "internal", "lan", "localhost", "css", "js", "html", "txt"};
  const auto is_local = [](char c) { return is_alnum(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '-' || c == '\''; };
  for (std::size_t mark = text.chars.find('@'); mark != std::string::npos; mark = text.chars.find('@', mark + 1)) {
    std::size_t begin = mark;
    while (begin > 0 && mark - begin < 65 && is_local(text.chars[begin - 1])) --begin;
    while (begin < mark && !is_alnum(text.chars[begin])) ++begin;
    if (begin == mark || mark - begin > 64 || text[mark - 1] == '.') continue;
    std::size_t end = mark + 1, dot = 0;
    while (end - mark < 254 && (is_alnum(text[end]) || ((text[end] == '.' || text[end] == '-') && is_alnum(text[end + 1])))) {
      if (text[end] == '.') dot = end;
      ++end;
    }
    if (dot == 0 || is_alnum(text[end])) continue;
    const std::string_view top = std::string_view(text.lowered).substr(dot + 1, end - dot - 1);
    const bool is_name = top.size() >= 2 && std::none_of(top.begin(), top.end(), is_digit);
    if (!is_name || std::find(kNoTopDomains.begin(), kNoTopDomains.end(), top) != kNoTopDomains.end()) continue;
    if (text[end] == ':' && text[end + 1] > ' ' && std::string_view(text.lowered).substr(begin, mark - begin) == "git") continue;  // a repository
    text.add("email", begin, end);
  }
}

}  // namespace hobd

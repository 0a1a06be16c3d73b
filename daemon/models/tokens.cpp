// Counting tokens high, without any tokenizer's vocabulary.
//
// Hob speaks to models whose tokenizers it doesn't have, so it counts by the kind of character: what no usual tokenizer splits
// further. English comes out at one and a half times the true number or so, which is what a reservation may be too large by until
// its call is settled. What is billed is never counted here.
#include "models/image_part.hpp"
#include "models/prices.hpp"

#include <algorithm>
#include <array>

namespace hobd {
namespace {

constexpr std::int64_t kImage = 3'000;   // the largest that a vendor reckons a picture at, after it was scaled down
constexpr std::int64_t kRequest = 16;
constexpr std::int64_t kMessage = 8;     // the marks around a message: role, turn
constexpr std::int64_t kToolsPrompt = 600;  // what vendors write into the prompt to explain tools at all
constexpr std::int64_t kTool = 16;

enum class Kind : std::uint8_t { letter, digit, space, line, punctuation, wide };

constexpr std::array<Kind, 256> make_kinds() {
  std::array<Kind, 256> kinds{};
  for (std::size_t c = 0; c < 256; ++c) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    kinds[c] = c >= 0x80                ? Kind::wide
               : is_letter              ? Kind::letter
               : c >= '0' && c <= '9'   ? Kind::digit
               : c == ' '               ? Kind::space
               : c == '\n' || c == '\t' || c == '\r' ? Kind::line
                                        : Kind::punctuation;
  }
  return kinds;
}
constexpr std::array<Kind, 256> kKinds = make_kinds();

bool is_upper(unsigned char c) { return c <= 'Z'; }  // of a letter
bool is_vowel(unsigned char c) {
  switch (c | 0x20) {
    case 'a': case 'e': case 'i': case 'o': case 'u': case 'y': return true;
    default: return false;
  }
}

/// A run of ASCII letters. Words that can be spoken come in pieces of three letters and more; keys, hashes and base64, whose case
/// jumps or whose vowels are few, come in far smaller ones.
std::int64_t letters(const unsigned char* from, const unsigned char* to) {
  const std::int64_t length = to - from;
  if (length <= 3) return 1;
  std::int64_t jumps = 0, vowels = 0;
  for (const unsigned char* at = from; at != to; ++at) {
    vowels += is_vowel(*at);
    if (at != from + 1 && at != from) jumps += is_upper(*at) != is_upper(at[-1]);  // a first capital is no jump
  }
  if (length >= 6 && (jumps * 3 >= length || vowels * 5 < length)) return (length * 9 + 9) / 10;
  return (length + 2) / 3 + jumps / 2;
}

/// The tokens of one character beyond ASCII of `bytes` bytes that begins at `at`.
std::int64_t wide(const unsigned char* at, std::size_t bytes) {
  const unsigned char lead = at[0];
  if (bytes == 2) {
    if (lead <= 0xC9) return 1;                  // Latin letters with marks
    if (lead >= 0xD0 && lead <= 0xD3) return 1;  // Cyrillic
    return 2;
  }
  if (bytes == 3) {
    if (lead == 0xE1 && at[1] >= 0xB8) return 2;                      // Latin with two marks, as in Vietnamese
    if (lead == 0xE2 && at[1] == 0x80) return 2;                      // typographic quotes and dashes
    if (lead == 0xE3 || (lead >= 0xE4 && lead <= 0xED)) return 2;     // kana, Chinese, Hangul
    return 3;
  }
  return std::int64_t(bytes);
}

std::size_t sequence_length(unsigned char lead) {
  if (lead < 0xC2) return 1;  // a byte that begins nothing
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return lead < 0xF5 ? 4 : 1;
}

std::int64_t count_json(const json::value& value) {
  switch (value.kind()) {
    case json::kind::object: {
      std::int64_t tokens = 2;
      for (const auto& [key, member] : value.get_object()) tokens += count_tokens_high(key) + 4 + count_json(member);
      return tokens;
    }
    case json::kind::array: {
      std::int64_t tokens = 2;
      for (const json::value& item : value.get_array()) tokens += 1 + count_json(item);
      return tokens;
    }
    case json::kind::string: {
      const json::string& text = value.get_string();
      // A quote or a line's end is written with a backslash.
      return count_tokens_high(text) + 2 + std::count_if(text.begin(), text.end(), [](char c) { return c == '"' || c == '\\' || c == '\n'; });
    }
    case json::kind::null:
    case json::kind::bool_: return 1;
    default: return std::int64_t(json::serialize(value).size());
  }
}

std::int64_t count_member(const json::object& object, std::string_view key) {
  const json::value* member = object.if_contains(key);
  return member ? count_json(*member) : 0;
}

std::int64_t count_content(const json::value& content) {
  if (const json::string* text = content.if_string()) return count_tokens_high(*text);
  const json::array* parts = content.if_array();
  if (!parts) return 0;
  std::int64_t tokens = 0;
  for (const json::value& value : *parts) {
    const json::object* part = value.if_object();
    if (!part) continue;
    if (is_image(*part)) tokens += kImage;
    else if (string_or(*part, "type") == "image") tokens += std::int64_t(json::serialize(*part).size());  // whatever it is, it is not dearer than its bytes
    else tokens += 4 + count_tokens_high(string_or(*part, "text"));
  }
  return tokens;
}

}  // namespace

std::int64_t count_tokens_high(std::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* const end = at + text.size();
  std::int64_t tokens = 0;
  while (at != end) {
    const unsigned char* from = at;
    switch (kKinds[*at]) {
      case Kind::letter:
        while (at != end && kKinds[*at] == Kind::letter) ++at;
        tokens += letters(from, at);
        break;
      case Kind::space:
        while (at != end && *at == ' ') ++at;
        // One space belongs to the word or sign behind it; of more, four make a token at worst.
        tokens += (at - from + 2) / 4;
        if (at - from == 1 && (at == end || kKinds[*at] == Kind::digit || kKinds[*at] == Kind::wide || kKinds[*at] == Kind::line)) ++tokens;
        break;
      case Kind::wide: {
        const std::size_t length = std::min(sequence_length(*at), std::size_t(end - at));
        tokens += wide(at, length);
        at += length;
        break;
      }
      default:
        ++tokens;
        ++at;
    }
  }
  return tokens;
}

std::int64_t count_message_tokens_high(const json::value& value) {
  const json::object* message = value.if_object();
  if (!message) return 0;
  std::int64_t tokens = kMessage;
  if (const json::value* content = message->if_contains("content")) tokens += count_content(*content);
  tokens += count_tokens_high(string_or(*message, "name"));
  tokens += count_tokens_high(string_or(*message, "tool_call_id"));
  return tokens + count_member(*message, "tool_calls") + count_member(*message, "carry");
}

std::int64_t count_request_tokens_high(const json::object& chat) {
  std::int64_t tokens = kRequest;
  if (const json::array* messages = array_at(chat, "messages"))
    for (const json::value& message : *messages) tokens += count_message_tokens_high(message);
  if (const json::array* tools = array_at(chat, "tools"); tools && !tools->empty()) {
    tokens += kToolsPrompt;
    for (const json::value& tool : *tools) tokens += kTool + count_json(tool);
  }
  return tokens + count_member(chat, "response_format") + count_member(chat, "extra");
}

}  // namespace hobd

#include "models/trim.hpp"

#include "base/text.hpp"
#include "models/prices.hpp"

#include <algorithm>

namespace hobd {
namespace {

constexpr std::string_view kRecalledStart = "<recalled>", kRecalledEnd = "</recalled>";
constexpr std::string_view kGap = "\n[... left out: it was too long ...]\n";
/// What stays of a text at least, its start and its end: less says nothing.
constexpr std::size_t kLeastText = 400;

std::string_view role_of(const json::value& message) { return message.is_object() ? string_or(message.get_object(), "role") : std::string_view(); }

/// Where the newest exchange begins: the last user message.
std::size_t newest_exchange(const json::array& messages) {
  for (std::size_t i = messages.size(); i > 0; --i)
    if (role_of(messages[i - 1]) == "user") return i - 1;
  return 0;
}

/// Takes out the oldest exchanges before the newest one until `tokens`, which it brings down, is at most `most`. How many.
std::int64_t drop_oldest_exchanges(json::array& messages, std::int64_t& tokens, std::int64_t most) {
  std::size_t begin = 0;
  while (begin < messages.size() && role_of(messages[begin]) == "system") ++begin;
  const std::size_t newest = newest_exchange(messages);
  std::size_t end = begin;
  std::int64_t dropped = 0;
  for (; tokens > most && end < newest; ++dropped) {
    do {
      tokens -= count_message_tokens_high(messages[end++]);
    } while (end < newest && role_of(messages[end]) != "user");
  }
  if (dropped > 0) messages.erase(messages.begin() + std::ptrdiff_t(begin), messages.begin() + std::ptrdiff_t(end));
  return dropped;
}

/// `text` with its middle left out, so that about `most` bytes stay.
std::string without_middle(std::string_view text, std::size_t most) {
  if (text.size() <= most + kGap.size()) return std::string(text);
  std::string out(utf8_prefix(text, most * 2 / 3));
  out += kGap;
  std::size_t tail = text.size() - most / 3;
  while (tail < text.size() && (static_cast<unsigned char>(text[tail]) & 0xc0) == 0x80) ++tail;
  return out.append(text.substr(tail));
}

/// The texts of a content: itself, or its text parts.
template <class Use>
void each_text(json::value& content, const Use& use) {
  if (json::string* text = content.if_string()) return use(*text);
  if (json::array* parts = content.if_array())
    for (json::value& part : *parts)
      if (json::object* object = part.if_object())
        if (json::value* value = object->if_contains("text"); value && value->is_string()) use(value->get_string());
}

std::size_t bytes_of(json::value& content) {
  std::size_t bytes = 0;
  each_text(content, [&](json::string& text) { bytes += text.size(); });
  return bytes;
}

/// Brings one content down by about `excess` bytes, never under kLeastText a text. False: nothing was left to take.
bool shorten(json::value& content, std::size_t excess) {
  bool is_shorter = false;
  each_text(content, [&](json::string& text) {
    if (excess == 0 || text.size() <= kLeastText + kGap.size()) return;
    const std::size_t before = text.size();
    const std::size_t wanted = before > excess + kGap.size() ? before - excess - kGap.size() : 0;
    const std::string kept = without_middle(std::string_view(text.data(), text.size()), std::max(kLeastText, wanted));
    if (kept.size() >= before) return;
    text = kept;
    is_shorter = true;
    excess -= std::min(excess, before - text.size());
  });
  return is_shorter;
}

bool drop_recalled(json::object& chat, json::array& messages) {
  bool is_dropped = chat.erase("recalled") > 0;
  for (json::value& message : messages) {
    if (role_of(message) != "user") continue;
    json::value* content = message.get_object().if_contains("content");
    if (!content) continue;
    each_text(*content, [&](json::string& text) {
      const std::string_view view(text.data(), text.size());
      if (!view.starts_with(kRecalledStart)) return;
      const std::size_t end = view.find(kRecalledEnd);
      if (end == std::string_view::npos) return;
      text = std::string(trim(view.substr(end + kRecalledEnd.size())));
      is_dropped = true;
    });
  }
  return is_dropped;
}

/// Bytes too many, by what this request's tokens have on average.
struct Excess {
  Excess(const json::object& chat, std::int64_t tokens_in, std::int64_t most_in)
      : tokens(tokens_in), most(most_in), bytes_per_token(double(json::serialize(chat).size()) / double(std::max<std::int64_t>(1, tokens_in))) {}
  std::size_t bytes() const { return tokens <= most ? 0 : std::size_t(double(tokens - most) * bytes_per_token) + 64; }

  std::int64_t tokens;
  const std::int64_t most;
  const double bytes_per_token;
};

/// Shortens one message's content and counts it anew. False: nothing was left to take.
bool shorten_content(json::value& message, Excess& excess) {
  const std::int64_t before = count_message_tokens_high(message);
  if (!shorten(message.get_object().at("content"), excess.bytes())) return false;
  excess.tokens += count_message_tokens_high(message) - before;
  return true;
}

bool shorten_results(const json::object& chat, json::array& messages, std::int64_t& tokens, std::int64_t most) {
  std::vector<std::pair<std::size_t, json::value*>> results;  // the longest first
  for (json::value& message : messages)
    if (role_of(message) == "tool")
      if (json::value* content = message.get_object().if_contains("content")) results.emplace_back(bytes_of(*content), &message);
  std::stable_sort(results.begin(), results.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  bool is_shorter = false;
  Excess excess(chat, tokens, most);
  for (auto& [bytes, message] : results) {
    if (excess.bytes() == 0 || bytes <= kLeastText) break;
    is_shorter = shorten_content(*message, excess) || is_shorter;
  }
  tokens = excess.tokens;
  return is_shorter;
}

/// "text" is what the user wrote, where "content" has more beside it: it is not sent, and would be out of date.
bool shorten_message(const json::object& chat, json::value& message, std::int64_t& tokens, std::int64_t most) {
  json::object& object = message.get_object();
  object.erase("text");
  bool is_shorter = false;
  // The count of tokens is not even over a text, so once may not be enough.
  for (int round = 0; object.contains("content") && round < 4; ++round) {
    Excess excess(chat, tokens, most);
    if (excess.bytes() == 0 || !shorten_content(message, excess)) break;
    tokens = excess.tokens;
    is_shorter = true;
  }
  return is_shorter;
}

}  // namespace

Trimmed trim_chat(json::object& chat, std::int64_t most_tokens) {
  Trimmed trimmed;
  json::value* list = chat.if_contains("messages");
  if (!list || !list->is_array()) return trimmed;
  json::array& messages = list->get_array();
  // Counted once, and then brought down by what goes: a history may have tens of thousands of messages.
  std::int64_t tokens = count_request_tokens_high(chat);
  const auto fits = [&] { return trimmed.fits = tokens <= most_tokens; };
  trimmed.exchanges = drop_oldest_exchanges(messages, tokens, most_tokens);
  if (fits() || messages.empty()) return trimmed;
  trimmed.recalled = drop_recalled(chat, messages);
  if (trimmed.recalled) tokens = count_request_tokens_high(chat);
  if (fits()) return trimmed;
  trimmed.results = shorten_results(chat, messages, tokens, most_tokens);
  if (fits()) return trimmed;
  if (json::value& newest = messages[newest_exchange(messages)]; newest.is_object())
    trimmed.message = shorten_message(chat, newest, tokens, most_tokens);
  fits();
  return trimmed;
}

}  // namespace hobd

#include "tokenizer.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace embedder_static {
namespace {

using hob::Error;
using hob::JsonRef;
using Character = utf8proc_int32_t;

constexpr std::uint32_t kMaxId = 16'000'000;

Error unsupported(const std::string& part, JsonRef found, const char* wanted) {
  return {hob::unsupported, "tokenizer.json: the " + part + " is " +
                                (found["type"].is_text() ? "a " + std::string(found["type"].text()) : std::string("of an unknown kind")) +
                                ", this plugin reads " + wanted};
}

std::uint32_t token_id(JsonRef value, std::string_view token) {
  const std::int64_t id = value.integer(-1);
  if (!value.is_number() || id < 0 || id > kMaxId)
    throw Error{hob::invalid, "tokenizer.json: the number of token \"" + std::string(token.substr(0, 40)) + "\" is out of range"};
  return static_cast<std::uint32_t>(id);
}

/// Unicode's White_Space.
bool is_space(Character c) {
  return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}
/// Categories Cc, Cf, Cn, Co, Cs but what BERT takes as a space.
bool is_control(Character c) {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  const utf8proc_category_t category = utf8proc_category(c);
  return category == UTF8PROC_CATEGORY_CN || category >= UTF8PROC_CATEGORY_CC;
}
/// The blocks that BERT's own code lists.
bool is_chinese(Character c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B73F) ||
         (c >= 0x2B740 && c <= 0x2B81F) || (c >= 0x2B920 && c <= 0x2CEAF) || (c >= 0xF900 && c <= 0xFAFF) || (c >= 0x2F800 && c <= 0x2FA1F);
}
/// All of ASCII's signs, and Unicode's categories P*.
bool is_punctuation(Character c) {
  if (c < 128) return (c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126);
  const utf8proc_category_t category = utf8proc_category(c);
  return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

void append(std::string& out, Character c) {
  utf8proc_uint8_t bytes[4];
  const auto size = utf8proc_encode_char(c, bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

/// The next character of `text`, which is not empty; takes it off. -1: bytes that are no UTF-8.
Character next(std::string_view& text) {
  Character c = -1;
  const auto used = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                     static_cast<utf8proc_ssize_t>(text.size()), &c);
  text.remove_prefix(used > 0 ? static_cast<std::size_t>(used) : 1);
  return used > 0 ? c : -1;
}

void append_lower(std::string& out, Character c) {
  append(out, utf8proc_tolower(c));
  if (c == 0x130) append(out, 0x307);  // the one letter whose small form is two
}

bool is_word_byte(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  return byte >= 128 || std::isalnum(byte) || byte == '_';
}

}  // namespace

Tokenizer Tokenizer::read(std::string_view json) {
  hob::Json parsed;
  try {
    parsed = hob::Json::parse(json, 32);
  } catch (const Error& error) {
    throw Error{hob::invalid, "tokenizer.json: " + error.message};
  }
  const JsonRef root(parsed);
  Tokenizer made;
  made.read_model(root["model"]);
  made.read_normalizer(root["normalizer"], 0);
  JsonRef words = root["pre_tokenizer"];
  if (words["type"].text() == "Sequence" && words["pretokenizers"].items().size() == 1) words = words["pretokenizers"][0];
  if (words["type"].text() != "BertPreTokenizer") throw unsupported("pre_tokenizer", words, "BertPreTokenizer");
  made.read_added(root["added_tokens"]);
  return made;
}

void Tokenizer::read_normalizer(JsonRef normalizer, int depth) {
  if (normalizer.is_null()) return;
  const std::string_view type = normalizer["type"].text();
  if (type == "Sequence" && depth == 0 && normalizer["normalizers"].items().size() == 1)
    return read_normalizer(normalizer["normalizers"][0], depth + 1);
  if (type != "BertNormalizer") throw unsupported("normalizer", normalizer, "BertNormalizer");
  rules_.clean_text = normalizer.get("clean_text", true);
  rules_.chinese = normalizer.get("handle_chinese_chars", true);
  rules_.lowercase = normalizer.get("lowercase", true);
  rules_.strip_accents = normalizer.get("strip_accents", rules_.lowercase);  // null: as lowercase says
}

void Tokenizer::read_model(JsonRef model) {
  if (model["type"].text() != "WordPiece") throw unsupported("model", model, "WordPiece");
  const auto& words = model["vocab"].members();
  if (words.empty()) throw Error{hob::invalid, "tokenizer.json: the model has no vocabulary"};
  std::size_t bytes = 0;
  for (const auto& word : words) bytes += word.key().size();
  vocabulary_.reserve(words.size(), bytes);
  for (const auto& word : words) vocabulary_.add(word.key(), token_id(word.value(), word.key()));
  prefix_ = model.get("continuing_subword_prefix", "##");
  const auto longest = model.get<std::int64_t>("max_input_chars_per_word", 100);
  if (longest < 1 || longest > 10'000) throw Error{hob::invalid, "tokenizer.json: max_input_chars_per_word is out of range"};
  max_word_ = static_cast<std::size_t>(longest);
  const std::string unknown = model.get("unk_token", "[UNK]");
  if (const auto id = vocabulary_.find(unknown)) unknown_ = *id;
}

void Tokenizer::read_added(JsonRef list) {
  if (list.items().size() > 4096) throw Error{hob::unsupported, "tokenizer.json: more than 4096 added tokens"};
  for (const auto& item : list.items()) {
    const JsonRef entry(item);
    Added added{entry.get<std::string>("content"), token_id(entry["id"], entry["content"].text()), entry.get("single_word", false)};
    if (added.content.empty()) continue;
    vocabulary_.add(added.content, added.id);
    if (entry.get("normalized", false)) {
      added.content = normalised(added.content);
      if (!added.content.empty()) normal_.push_back(std::move(added));
    } else {
      raw_.push_back(std::move(added));
    }
  }
  for (auto* tokens : {&raw_, &normal_})
    std::stable_sort(tokens->begin(), tokens->end(), [](const Added& a, const Added& b) { return a.content.size() > b.content.size(); });
}

std::string Tokenizer::normalised(std::string_view text) const {
  std::string out;
  out.reserve(text.size());
  const auto small = [&](Character c) {
    if (rules_.lowercase) append_lower(out, c);
    else append(out, c);
  };
  while (!text.empty()) {
    Character c = next(text);
    if (c < 0) continue;
    if (rules_.clean_text) {
      if (c == 0 || c == 0xFFFD || is_control(c)) continue;
      if (is_space(c)) c = ' ';
    }
    const bool stands_alone = rules_.chinese && is_chinese(c);
    if (stands_alone) out += ' ';
    if (!rules_.strip_accents) {
      small(c);
    } else {
      std::array<Character, 16> parts{};
      int boundary = 0;
      const auto count = utf8proc_decompose_char(c, parts.data(), static_cast<utf8proc_ssize_t>(parts.size()), UTF8PROC_DECOMPOSE, &boundary);
      for (utf8proc_ssize_t i = 0; i < count && i < static_cast<utf8proc_ssize_t>(parts.size()); ++i) {
        const Character part = parts[static_cast<std::size_t>(i)];
        if (utf8proc_category(part) != UTF8PROC_CATEGORY_MN) small(part);
      }
    }
    if (stands_alone) out += ' ';
  }
  return out;
}

/// Takes the added tokens out of `text`, leftmost and then longest first, and gives what lies between to `rest`.
template <class Rest>
void Tokenizer::split(std::string_view text, const std::vector<Added>& added, std::vector<std::uint32_t>& ids, Rest rest) const {
  if (added.empty()) return rest(text);
  std::array<bool, 256> begins{};
  for (const Added& one : added) begins[static_cast<unsigned char>(one.content[0])] = true;
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Added* found = nullptr;
    if (begins[static_cast<unsigned char>(text[at])])
      for (const Added& one : added) {
        if (text.compare(at, one.content.size(), one.content) != 0) continue;
        const std::size_t end = at + one.content.size();
        if (one.single_word && ((at > 0 && is_word_byte(text, at - 1)) || (end < text.size() && is_word_byte(text, end)))) continue;
        found = &one;
        break;
      }
    if (!found) {
      ++at;
      continue;
    }
    rest(text.substr(done, at - done));
    if (found->id != unknown_) ids.push_back(found->id);
    at = done = at + found->content.size();
  }
  rest(text.substr(done));
}

void Tokenizer::encode(std::string_view text, std::size_t limit, std::vector<std::uint32_t>& ids) const {
  const std::size_t before = ids.size();
  split(text, raw_, ids, [&](std::string_view raw) {
    if (raw.empty() || ids.size() - before >= limit) return;
    const std::string normal = normalised(raw);
    split(normal, normal_, ids, [&](std::string_view words) { encode_words(words, before + limit, ids); });
  });
  if (ids.size() - before > limit) ids.resize(before + limit);
}

void Tokenizer::encode_words(std::string_view normal, std::size_t limit, std::vector<std::uint32_t>& ids) const {
  const char* begin = normal.data();
  const auto end_word = [&](const char* end) {
    if (begin != end) encode_word({begin, static_cast<std::size_t>(end - begin)}, ids);
  };
  while (!normal.empty() && ids.size() < limit) {
    const char* here = normal.data();
    const Character c = next(normal);
    const bool alone = c >= 0 && is_punctuation(c);
    if (c >= 0 && !alone && !is_space(c)) continue;
    end_word(here);
    begin = normal.data();
    if (alone) encode_word({here, static_cast<std::size_t>(begin - here)}, ids);
  }
  if (ids.size() < limit) end_word(normal.data());
}

/// WordPiece: the longest token that the word begins with, then the longest that goes on, and so forth; a word that can't be
/// taken apart whole is unknown and counts for nothing.
void Tokenizer::encode_word(std::string_view word, std::vector<std::uint32_t>& ids) const {
  const auto is_start = [&](std::size_t at) { return at == word.size() || (static_cast<unsigned char>(word[at]) & 0xC0) != 0x80; };
  std::size_t characters = 0;
  for (std::size_t at = 0; at < word.size(); ++at) characters += is_start(at);
  if (characters > max_word_) return;
  const std::size_t before = ids.size();
  std::string piece;
  for (std::size_t at = 0; at < word.size();) {
    piece = at == 0 ? std::string() : prefix_;
    const std::size_t marks = piece.size();
    const std::size_t most = vocabulary_.longest() > marks ? vocabulary_.longest() - marks : 0;
    std::size_t end = at + std::min(most, word.size() - at);
    piece += word.substr(at, end - at);
    std::optional<std::uint32_t> found;
    for (; end > at; --end) {
      piece.resize(marks + end - at);
      if (is_start(end) && (found = vocabulary_.find(piece))) break;
    }
    if (!found || *found == unknown_) {
      ids.resize(before);
      return;
    }
    ids.push_back(*found);
    at = end;
  }
}

}  // namespace embedder_static

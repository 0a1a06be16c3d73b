// OpenAI's /embeddings (https://platform.openai.com/docs/api-reference/embeddings), with the liberties of other servers: vectors
// as numbers or base64, rows in any order, an index that is missing.
#pragma once

#include "server.hpp"

#include <cmath>
#include <cstring>
#include <optional>
#include <span>

namespace provider_openai {

/// What is asked beside the texts.
struct EmbeddingStyle {
  std::string model;
  std::int64_t dimensions = 0;    // 0: the model's own
  std::string prefix = {};        // before each text
  std::size_t max_bytes = 8000;   // of a text; a token has a byte at least, so this fits a window of 8192
};

inline constexpr std::int64_t kEmbeddingBatch = 64;
inline constexpr std::size_t kMaxDimension = 16384;

namespace detail {

inline bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos; }

inline std::string_view cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

inline int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/// Base64 of little-endian float32. Nothing: it is none.
inline std::optional<std::vector<float>> read_base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : text) {
    const int value = base64_value(c);
    if (value < 0) return std::nullopt;
    held = (held << 6) | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>((held >> bits) & 0xFF);
  }
  if (bytes.empty() || bytes.size() % sizeof(float) != 0) return std::nullopt;
  std::vector<float> row(bytes.size() / sizeof(float));
  std::memcpy(row.data(), bytes.data(), bytes.size());
  return row;
}

inline std::vector<float> read_row(JsonRef embedding) {
  const auto wrong = [](const char* why) -> hob::Error { return {hob::unavailable, std::string("the model server sent a vector ") + why}; };
  std::vector<float> row;
  if (embedding.is_text()) {
    auto read = read_base64(embedding.text());
    if (!read) throw wrong("that is neither numbers nor their base64");
    row = *std::move(read);
  } else {
    row.reserve(embedding.items().size());
    for (const auto& number : embedding.items()) {
      if (!number.is_number()) throw wrong("with something in it that is no number");
      row.push_back(static_cast<float>(JsonRef(number).number()));
    }
  }
  if (row.empty()) throw wrong("without numbers");
  if (row.size() > kMaxDimension) throw wrong("of more than 16,384 dimensions");
  for (const float value : row)
    if (!std::isfinite(value)) throw wrong("with NaN or infinity in it");
  return row;
}

}  // namespace detail

inline std::string embeddings_body(const EmbeddingStyle& style, std::span<const std::string_view> texts) {
  std::string out = R"({"model":)";
  hob::detail::append_quoted(out, style.model);
  out += R"(,"input":)";
  char before = '[';
  for (const std::string_view text : texts) {
    out += before;
    hob::detail::append_quoted(out, style.prefix + std::string(detail::cut(text, style.max_bytes)));
    before = ',';
  }
  out += ']';
  if (style.dimensions > 0) out += ",\"dimensions\":" + std::to_string(style.dimensions);
  return out + '}';
}

/// The rows of an answer, in the order of the texts. Throws unavailable: another number of rows than `count`, rows of several
/// sizes or of another than was asked for, an index out of range or twice, what is no number.
inline std::vector<std::vector<float>> read_embeddings(const Json& body, std::size_t count, std::int64_t dimensions) {
  if (!body["error"].is_null()) throw refused(body);
  const auto& data = body["data"].items();
  if (!body["data"].is_array())
    throw hob::Error{hob::unavailable, "the model server sent an answer without vectors: " + hob::plain_excerpt(body.dump())};
  if (data.size() != count)
    throw hob::Error{hob::unavailable, "the model server sent " + std::to_string(data.size()) + " vectors for " + std::to_string(count) + " texts"};
  std::vector<std::vector<float>> rows(count);
  std::int64_t at = 0;
  for (const auto& item : data) {
    const JsonRef entry(item);
    const std::int64_t index = entry["index"].is_number() ? entry["index"].integer(-1) : at;
    ++at;
    if (index < 0 || index >= static_cast<std::int64_t>(count) || !rows[static_cast<std::size_t>(index)].empty())
      throw hob::Error{hob::unavailable, "the model server numbered its vectors wrong"};
    rows[static_cast<std::size_t>(index)] = detail::read_row(entry["embedding"]);
  }
  for (const auto& row : rows) {
    if (row.size() != rows[0].size()) throw hob::Error{hob::unavailable, "the model server sent vectors of different sizes"};
    if (dimensions > 0 && row.size() != static_cast<std::size_t>(dimensions))
      throw hob::Error{hob::unavailable, "the model server sent vectors of " + std::to_string(row.size()) + " numbers, asked for were " +
                                             std::to_string(dimensions) + " (set dimensions to that, or leave it out)"};
  }
  return rows;
}

/// Embeds texts in requests of at most kEmbeddingBatch; rows x dimension. Blank texts, which servers refuse, get zeros; only
/// blank ones get them in the `known` dimension.
inline hob::Task<std::vector<float>> embed(hob::Http http, Server server, EmbeddingStyle style, std::vector<std::string_view> texts,
                                           std::size_t known) {
  std::vector<std::vector<float>> rows(texts.size());
  std::vector<std::size_t> asked;
  for (std::size_t i = 0; i < texts.size(); ++i)
    if (!detail::is_blank(texts[i])) asked.push_back(i);
  std::size_t dimension = known;
  for (std::size_t from = 0; from < asked.size(); from += kEmbeddingBatch) {
    const std::size_t count = std::min<std::size_t>(kEmbeddingBatch, asked.size() - from);
    std::vector<std::string_view> batch;
    for (std::size_t i = 0; i < count; ++i) batch.push_back(texts[asked[from + i]]);
    hob::HttpRequest request = server.request("/embeddings");
    request.method = "POST";
    request.timeout = std::chrono::milliseconds(0);  // the call's own deadline bounds it
    request.body = embeddings_body(style, batch);
    auto sending = http.send(std::move(request));
    const hob::HttpResponse response = co_await sending;
    if (!response.is_ok()) throw hob::http_failure(response, error_text(response));
    auto read = read_embeddings(parsed(response.body, "an answer"), count, style.dimensions);
    if (from > 0 && read[0].size() != dimension) throw hob::Error{hob::unavailable, "the model server sent vectors of different sizes"};
    dimension = read[0].size();
    for (std::size_t i = 0; i < count; ++i) rows[asked[from + i]] = std::move(read[i]);
  }
  std::vector<float> out(texts.size() * dimension, 0.0f);
  for (std::size_t i = 0; i < rows.size(); ++i) std::copy(rows[i].begin(), rows[i].end(), out.begin() + static_cast<std::ptrdiff_t>(i * dimension));
  co_return out;
}

}  // namespace provider_openai

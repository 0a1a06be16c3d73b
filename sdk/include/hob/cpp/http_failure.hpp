// What a refused HTTP request of a model server becomes: a code of the ABI and words for people.
#pragma once

#include "services.hpp"

namespace hob {

/// A body for people: short, one line, and not an HTML page.
inline std::string plain_excerpt(std::string_view body) {
  const std::size_t start = body.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return "";
  body.remove_prefix(start);
  if (body.front() == '<') return "an HTML page, not an answer of a model API";
  std::string text;
  for (const char c : body.substr(0, 300)) text += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  while (!text.empty() && text.size() == 300 && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) text.pop_back();
  if (body.size() > 300) {
    if (!text.empty() && (static_cast<unsigned char>(text.back()) & 0x80)) text.pop_back();
    text += "...";
  }
  return text;
}

/// The error of a refused request: its status mapped, the server's own `words` kept.
inline Error http_failure(const HttpResponse& response, std::string_view words) {
  const int status = response.status;
  std::string message = "the model server answered " + std::to_string(status);
  if (!words.empty()) message.append(": ").append(words);
  if (status == 429) {
    const std::string_view after = response.header("retry-after");
    const bool is_seconds = !after.empty() && after.size() < 7 &&
                            after.find_first_not_of("0123456789") == std::string_view::npos;
    if (is_seconds) message = "retry after " + std::string(after) + " s: " + message;
    return {overloaded, std::move(message)};
  }
  if (status == 401 || status == 403) return {denied, message + " (check the API key)"};
  if (status == 404) return {not_found, message + " (check the model's name and base_url)"};
  if (status == 408) return {timeout, std::move(message)};
  if (status == 402) return {denied, std::move(message)};
  if (status >= 500) return {unavailable, std::move(message)};
  if (status >= 400) return {invalid, std::move(message)};
  return {unavailable, message + " (not an answer of a model server; check base_url)"};
}

}  // namespace hob

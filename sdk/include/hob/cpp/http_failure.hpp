// What a refused HTTP request of a model server becomes: a code of the ABI and words for people.
#pragma once

#include "services.hpp"

#include <ctime>

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

/// The seconds of a Retry-After header (RFC 9110, 10.2.3), a date reckoned by the answer's own; 0: there is none that can be read.
inline std::int64_t retry_after_seconds(const HttpResponse& response) {
  const std::string after(response.header("retry-after"));
  const bool is_seconds = !after.empty() && after.size() < 7 && after.find_first_not_of("0123456789") == std::string::npos;
  if (is_seconds) return std::stoll(after);
  const auto read = [](const std::string& text) -> std::time_t {
    std::tm parts{};
    const char* end = text.empty() ? nullptr : ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return end && *end == '\0' ? ::timegm(&parts) : 0;
  };
  const std::time_t until = read(after), now = read(std::string(response.header("date")));
  return until > now && now > 0 && until - now < 1'000'000 ? until - now : 0;
}

/// The error of a refused request: what `status` means (of the answer, or what its body says it is), the server's own
/// `words` kept. `retry_after`: seconds that a server with too much to do asks to be left alone; 0: it does not say.
inline Error http_failure(const HttpResponse& response, std::string_view words, int status, std::int64_t retry_after) {
  std::string message = "the model server answered " + std::to_string(response.status);
  if (!words.empty()) message.append(": ").append(words);
  if (status == 429 || status == 529) {
    if (retry_after > 0) message = "retry after " + std::to_string(retry_after) + " s: " + message;
    return {overloaded, std::move(message)};
  }
  if (status == 401 || status == 403) return {denied, message + " (check the API key)"};
  if (status == 402) return {denied, message + " (check the account's credit)"};
  if (status == 404) return {not_found, message + " (check the model's name and base_url)"};
  if (status == 408 || status == 504) return {timeout, std::move(message)};
  if (status == 413) return {invalid, message + " (too large: send less text, or fewer and smaller images)"};
  if (status == 503 && retry_after > 0) message = "retry after " + std::to_string(retry_after) + " s: " + message;
  if (status >= 500) return {unavailable, std::move(message)};
  if (status >= 400) return {invalid, std::move(message)};
  return {unavailable, message + " (not an answer of a model server; check base_url)"};
}
inline Error http_failure(const HttpResponse& response, std::string_view words) {
  return http_failure(response, words, response.status, retry_after_seconds(response));
}

}  // namespace hob

// SseParser and format_sse (http_client.hpp).
#include "net/http_client.hpp"

namespace hobd {

namespace {
constexpr std::size_t kMaxEvent = 8 << 20;
}

Result<void> SseParser::feed(std::string_view bytes, const std::function<void(Event)>& sink) {
  buffer_.append(bytes);
  if (first_) {
    static constexpr std::string_view kMark = "\xEF\xBB\xBF";
    const std::string_view start(buffer_);
    if (start.size() < kMark.size() && kMark.starts_with(start)) return {};
    if (start.starts_with(kMark)) buffer_.erase(0, kMark.size());
    first_ = false;
  }
  std::size_t at = 0;
  for (;;) {
    const auto end = buffer_.find_first_of("\r\n", at);
    if (end == std::string::npos) break;
    // A CR at the end may be half of a CRLF.
    if (buffer_[end] == '\r' && end + 1 == buffer_.size()) break;
    const auto line = std::string_view(buffer_).substr(at, end - at);
    at = end + (buffer_[end] == '\r' && buffer_[end + 1] == '\n' ? 2 : 1);
    if (line.empty()) {
      if (has_data_) {
        event_.data.pop_back();  // the last line feed
        Event event{event_.name.empty() ? "message" : event_.name, std::move(event_.data), event_.id};
        sink(std::move(event));
      }
      event_.name.clear();  // the id stays for later events
      event_.data.clear();
      has_data_ = false;
      continue;
    }
    const auto colon = line.find(':');
    if (colon == 0) continue;  // a comment
    const auto field = line.substr(0, colon);
    auto value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "data") {
      event_.data.append(value).push_back('\n');
      has_data_ = true;
    } else if (field == "event") {
      event_.name = value;
    } else if (field == "id" && value.find('\0') == std::string_view::npos) {
      event_.id = value;
    }
    if (event_.data.size() > kMaxEvent) return Error{Code::overloaded, "an event is larger than 8 MiB"};
  }
  buffer_.erase(0, at);
  if (buffer_.size() + event_.data.size() > kMaxEvent)
    return Error{Code::overloaded, "an event is larger than 8 MiB"};
  return {};
}

std::string format_sse(std::string_view name, std::string_view data) {
  std::string out;
  out.reserve(name.size() + data.size() + 24);
  if (!name.empty()) out.append("event: ").append(name).append("\n");
  for (;;) {
    const auto end = data.find_first_of("\r\n");
    out.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == std::string_view::npos) break;
    data.remove_prefix(end + (data.substr(end, 2) == "\r\n" ? 2 : 1));
  }
  return out.append("\n");
}

}  // namespace hobd

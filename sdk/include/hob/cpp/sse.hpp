// Server-sent events out of a byte stream (WHATWG HTML, "Server-sent events").
#pragma once

#include "error.hpp"

#include <string>
#include <string_view>

namespace hob {

struct SseEvent {
  std::string_view name;  // "message" if the server gave none
  std::string_view data;
};

class SseReader {
 public:
  /// Takes the next bytes and calls sink(SseEvent) for each event that is complete; its views last until the
  /// sink returns. Throws overloaded when one line or event is larger than 8 MiB. A byte order mark, comments, ids
  /// and unknown fields are skipped; lines end with CR, LF or both.
  template <class Sink>
  void feed(std::string_view bytes, Sink&& sink) {
    while (!bytes.empty()) {
      if (skip_lf_) {
        skip_lf_ = false;
        if (bytes.front() == '\n') {
          bytes.remove_prefix(1);
          continue;
        }
      }
      const std::size_t end = bytes.find_first_of("\r\n");
      if (end == std::string_view::npos) {
        grow(rest_, bytes);
        return;
      }
      skip_lf_ = bytes[end] == '\r';
      if (rest_.empty()) {
        line(bytes.substr(0, end), sink);
      } else {
        grow(rest_, bytes.substr(0, end));
        line(rest_, sink);
        rest_.clear();
      }
      bytes.remove_prefix(end + 1);
    }
  }

  /// The stream is over: gives the event that no blank line closed. The standard drops it, yet servers end so.
  template <class Sink>
  void finish(Sink&& sink) {
    feed("\n\n", sink);
  }

 private:
  static constexpr std::size_t kMaxEvent = 8 << 20;

  static void grow(std::string& text, std::string_view more) {
    if (text.size() + more.size() > kMaxEvent) throw Error{overloaded, "a server-sent event is larger than 8 MiB"};
    text += more;
  }
  template <class Sink>
  void line(std::string_view text, Sink& sink) {
    if (is_first_ && text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    is_first_ = false;
    if (text.empty()) {
      if (has_data_) sink(SseEvent{name_.empty() ? std::string_view("message") : std::string_view(name_), data_});
      name_.clear();
      data_.clear();
      has_data_ = false;
      return;
    }
    const std::size_t colon = text.find(':');
    const std::string_view field = text.substr(0, colon);
    std::string_view value = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "data") {
      if (has_data_) data_ += '\n';
      grow(data_, value);
      has_data_ = true;
    } else if (field == "event") {
      name_ = value;
    }
  }

  std::string rest_;  // a line whose end is still to come
  std::string name_, data_;
  bool has_data_ = false, is_first_ = true, skip_lf_ = false;
};

}  // namespace hob

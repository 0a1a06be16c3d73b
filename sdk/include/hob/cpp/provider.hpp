// Language models: see ext/provider.h.
#pragma once

#include "link.hpp"

namespace hob {

/// How a model's answer ended: "end", "length", "tool_calls" or "filtered".
struct Completion {
  std::string stop = "end";
  std::string model;  // the one that answered, if it says
};

struct Usage {
  std::int64_t input_tokens = 0, output_tokens = 0;
  std::int64_t cached_tokens = 0;       // of input_tokens: read from the server's cache
  std::int64_t cache_write_tokens = 0;  // of input_tokens: written to it, where that has a price of its own
};

/// Streams a model's answer. Each function throws cancelled when nobody listens any more, and overloaded
/// when 8 MiB wait.
class Deltas {
 public:
  explicit Deltas(Call& call) : call_(&call) {}

  void text(std::string_view text) { one("{\"text\":", text); }
  void reasoning(std::string_view text) { one("{\"reasoning\":", text); }
  /// A piece of tool call number `index`: what is empty is left out.
  void tool_call(std::int64_t index, std::string_view id, std::string_view name, std::string_view arguments) {
    buffer_ = "{\"tool_call\":{\"index\":" + std::to_string(index);
    const auto member = [this](const char* key, std::string_view value) {
      if (value.empty()) return;
      buffer_ += key;
      detail::append_quoted(buffer_, value);
    };
    member(",\"id\":", id);
    member(",\"name\":", name);
    member(",\"arguments\":", arguments);
    buffer_ += "}}";
    emit();
  }
  void usage(const Usage& usage) {
    buffer_ = "{\"usage\":{\"input_tokens\":" + std::to_string(usage.input_tokens) +
              ",\"output_tokens\":" + std::to_string(usage.output_tokens) +
              ",\"cached_tokens\":" + std::to_string(usage.cached_tokens);
    if (usage.cache_write_tokens > 0) buffer_ += ",\"cache_write_tokens\":" + std::to_string(usage.cache_write_tokens);
    buffer_ += "}}";
    emit();
  }
  /// What the model must get back, as it is, with its message while the tools of this answer run: signatures
  /// of its thoughts, say. It comes as "carry" of that message in the next request.
  void carry(const JsonValue& kept) {
    buffer_ = "{\"carry\":";
    detail::append_json(buffer_, kept);
    buffer_ += '}';
    emit();
  }
  bool is_cancelled() const { return call_->is_cancelled(); }

 private:
  void one(const char* head, std::string_view text) {
    if (text.empty()) return;
    buffer_ = head;
    detail::append_quoted(buffer_, text);
    buffer_ += '}';
    emit();
  }
  void emit() {
    const Code code = call_->try_emit(buffer_);
    if (code == ok) return;
    if (code == overloaded) throw Error{overloaded, "the answer is larger than its reader takes"};
    throw Error{cancelled, "nobody listens to the answer any more"};
  }

  Call* call_;
  std::string buffer_;  // reused: one allocation an answer, not one a delta
};

}  // namespace hob

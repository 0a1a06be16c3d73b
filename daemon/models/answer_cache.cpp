#include "models/answer_cache.hpp"

#include <openssl/sha.h>

#include <algorithm>

namespace hobd {
namespace {

constexpr std::size_t kMostEntries = 256;
constexpr std::size_t kMostBytes = 4 << 20;
constexpr std::chrono::minutes kKept{10};

/// JSON with the members of each object in the order of their names.
void write_sorted(std::string& out, const json::value& value) {
  if (const json::object* object = value.if_object()) {
    std::vector<const json::key_value_pair*> members;
    for (const json::key_value_pair& member : *object) members.push_back(&member);
    std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) { return a->key() < b->key(); });
    out += '{';
    for (const json::key_value_pair* member : members) {
      out += json::serialize(json::string(member->key())) + ':';
      write_sorted(out, member->value());
      out += ',';
    }
    out += '}';
  } else if (const json::array* array = value.if_array()) {
    out += '[';
    for (const json::value& item : *array) {
      write_sorted(out, item);
      out += ',';
    }
    out += ']';
  } else {
    out += json::serialize(value);
  }
}

std::size_t bytes_of(const ModelAnswer& answer) { return answer.text.size() + answer.reasoning.size() + 512; }

}  // namespace

std::string answer_cache_key(std::string_view model, const json::object& chat) {
  std::string text(model);
  text += '\n';
  write_sorted(text, chat);
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash);
  return std::string(reinterpret_cast<const char*>(hash), sizeof hash);
}

const ModelAnswer* AnswerCache::find(const std::string& key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  if (clock_.steady() >= found->second->until) {
    drop(found->second);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, found->second);
  return &entries_.front().answer;
}

void AnswerCache::put(std::string key, const ModelAnswer& answer) {
  if (const auto found = by_key_.find(key); found != by_key_.end()) drop(found->second);
  const std::size_t bytes = bytes_of(answer);
  if (bytes > kMostBytes / 8) return;
  entries_.push_front({key, answer, bytes, clock_.steady() + kKept});
  by_key_[std::move(key)] = entries_.begin();
  bytes_ += bytes;
  while (entries_.size() > kMostEntries || bytes_ > kMostBytes) drop(std::prev(entries_.end()));
}

void AnswerCache::clear() {
  entries_.clear();
  by_key_.clear();
  bytes_ = 0;
}

void AnswerCache::drop(Entries::iterator at) {
  bytes_ -= at->bytes;
  by_key_.erase(at->key);
  entries_.erase(at);
}

}  // namespace hobd

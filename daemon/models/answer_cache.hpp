// Answers to requests that are always answered alike: only for calls marked so, only in memory, for a short while.
#pragma once

#include "base/clock.hpp"
#include "models/router.hpp"

#include <list>
#include <string>
#include <unordered_map>

namespace hobd {

/// What a request is known by: the SHA-256 of its model and its chat with members in one order.
std::string answer_cache_key(std::string_view model, const json::object& chat);

/// The least recently used goes when 256 entries or 4 MiB are reached. Thread: core.
class AnswerCache {
 public:
  explicit AnswerCache(const Clock& clock) : clock_(clock) {}

  /// Null: not there, or older than ten minutes. Valid until the next call.
  const ModelAnswer* find(const std::string& key);
  void put(std::string key, const ModelAnswer& answer);
  void clear();
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string key;
    ModelAnswer answer;
    std::size_t bytes = 0;
    std::chrono::steady_clock::time_point until;
  };
  using Entries = std::list<Entry>;
  void drop(Entries::iterator at);

  const Clock& clock_;
  Entries entries_;  // the newest first
  std::unordered_map<std::string, Entries::iterator> by_key_;
  std::size_t bytes_ = 0;
};

}  // namespace hobd

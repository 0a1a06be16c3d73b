// Decisions by what was asked, the latest first; the one unused for longest goes when it is full.
#pragma once

#include "models/routing.hpp"

#include <list>
#include <unordered_map>

namespace hobd::routing {

/// Thread: core.
class DecisionCache {
 public:
  explicit DecisionCache(std::size_t most) : most_(most) {}

  /// Null when it is not known. peek() leaves the order as it is. The decision lives until the next change.
  const RouteDecision* find(std::string_view key) {
    const auto at = index_.find(key);
    if (at == index_.end()) return nullptr;
    items_.splice(items_.begin(), items_, at->second);
    return &at->second->decision;
  }
  const RouteDecision* peek(std::string_view key) const {
    const auto at = index_.find(key);
    return at == index_.end() ? nullptr : &at->second->decision;
  }
  void put(std::string key, RouteDecision decision) {
    if (const auto at = index_.find(key); at != index_.end()) {
      at->second->decision = std::move(decision);
      items_.splice(items_.begin(), items_, at->second);
      return;
    }
    if (items_.size() >= most_) {
      index_.erase(items_.back().key);
      items_.pop_back();
    }
    items_.push_front({std::move(key), std::move(decision)});
    index_.emplace(items_.front().key, items_.begin());
  }
  void clear() {
    index_.clear();
    items_.clear();
  }
  std::size_t size() const { return items_.size(); }

 private:
  struct Item {
    std::string key;
    RouteDecision decision;
  };
  std::size_t most_;
  std::list<Item> items_;
  std::unordered_map<std::string_view, std::list<Item>::iterator> index_;  // keys stand in the items
};

}  // namespace hobd::routing

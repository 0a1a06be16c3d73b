// A Kv in memory.
#pragma once

#include "store/store.hpp"

#include <map>

namespace hobd::fakes {

class MemoryKv final : public Kv {
 public:
  awaitable<Result<std::string>> get(std::string owner, std::string key) override {
    const auto found = values.find({owner, key});
    if (found == values.end()) co_return Error{Code::not_found, "no key " + key};
    co_return found->second;
  }
  awaitable<Result<void>> set(std::string owner, std::string key, std::string value, std::uint64_t quota) override {
    std::uint64_t used = key.size() + value.size();
    for (const auto& [at, text] : values)
      if (at.first == owner && at.second != key) used += at.second.size() + text.size();
    if (used > quota) co_return Error{Code::overloaded, "the quota is full"};
    values[{owner, key}] = std::move(value);
    co_return Result<void>{};
  }
  awaitable<Result<void>> remove(std::string owner, std::string key) override {
    values.erase({owner, key});
    co_return Result<void>{};
  }
  awaitable<Result<std::vector<std::string>>> list(std::string owner, std::string prefix, std::string after) override {
    std::vector<std::string> keys;
    for (const auto& [at, text] : values)
      if (at.first == owner && at.second.starts_with(prefix) && at.second > after) keys.push_back(at.second);
    co_return keys;
  }

  std::map<std::pair<std::string, std::string>, std::string> values;
};

}  // namespace hobd::fakes

// The tokens of a model and their numbers, packed: one block of bytes and a hash table of places in it, since half a million
// std::strings would weigh more than all the rest of the plugin.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace embedder_static {

class Vocabulary {
 public:
  void reserve(std::size_t tokens, std::size_t bytes);
  /// A token that is there already keeps its number.
  void add(std::string_view token, std::uint32_t id);
  std::optional<std::uint32_t> find(std::string_view token) const;
  std::size_t size() const { return entries_.size(); }
  std::uint32_t highest_id() const { return highest_; }
  std::size_t longest() const { return longest_; }  // bytes
  /// The median of the tokens' lengths in characters, rounded down.
  std::size_t median_length() const;

 private:
  struct Entry {
    std::uint32_t offset, size, id;
  };
  void grow();
  std::size_t slot_of(std::string_view token) const;
  std::string_view text(const Entry& entry) const { return std::string_view(bytes_).substr(entry.offset, entry.size); }

  std::string bytes_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> slots_;  // index into entries_ + 1; 0 is free; a power of two, at most half full
  std::uint32_t highest_ = 0;
  std::size_t longest_ = 0;
};

}  // namespace embedder_static

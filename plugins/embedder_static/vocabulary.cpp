#include "vocabulary.hpp"

#include <algorithm>
#include <bit>
#include <functional>

namespace embedder_static {

void Vocabulary::reserve(std::size_t tokens, std::size_t bytes) {
  entries_.reserve(tokens);
  bytes_.reserve(bytes);
  slots_.assign(std::bit_ceil(std::max<std::size_t>(16, tokens * 2)), 0);
}

std::size_t Vocabulary::slot_of(std::string_view token) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = std::hash<std::string_view>()(token) & mask;
  while (slots_[slot] != 0 && text(entries_[slots_[slot] - 1]) != token) slot = (slot + 1) & mask;
  return slot;
}

void Vocabulary::grow() {
  slots_.assign(std::max<std::size_t>(16, slots_.size() * 2), 0);
  for (std::size_t i = 0; i < entries_.size(); ++i) slots_[slot_of(text(entries_[i]))] = static_cast<std::uint32_t>(i + 1);
}

void Vocabulary::add(std::string_view token, std::uint32_t id) {
  if ((entries_.size() + 1) * 2 > slots_.size()) grow();
  const std::size_t slot = slot_of(token);
  if (slots_[slot] != 0) return;
  entries_.push_back({static_cast<std::uint32_t>(bytes_.size()), static_cast<std::uint32_t>(token.size()), id});
  bytes_ += token;
  slots_[slot] = static_cast<std::uint32_t>(entries_.size());
  highest_ = std::max(highest_, id);
  longest_ = std::max(longest_, token.size());
}

std::optional<std::uint32_t> Vocabulary::find(std::string_view token) const {
  if (slots_.empty()) return std::nullopt;
  const std::uint32_t entry = slots_[slot_of(token)];
  if (entry == 0) return std::nullopt;
  return entries_[entry - 1].id;
}

std::size_t Vocabulary::median_length() const {
  if (entries_.empty()) return 0;
  std::vector<std::size_t> lengths;
  lengths.reserve(entries_.size());
  for (const Entry& entry : entries_) {
    const std::string_view token = text(entry);
    lengths.push_back(static_cast<std::size_t>(
        std::count_if(token.begin(), token.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; })));
  }
  std::sort(lengths.begin(), lengths.end());
  const std::size_t middle = lengths.size() / 2;
  return lengths.size() % 2 == 1 ? lengths[middle] : (lengths[middle - 1] + lengths[middle]) / 2;
}

}  // namespace embedder_static

// What the memory commands say: memories, their accounts and what was done to them, in words. Pure.
#pragma once

#include "memory/forgetting.hpp"
#include "memory/learning.hpp"

namespace hobd {

/// "1. likes tea (preference, 2026-11-21)", a line each, without a line end behind the last.
std::string number_memories(const std::vector<Memory>& memories);

/// What became of a /remember; `other`: the text of the memory that it ended, "" none.
std::string describe_note(const Learning::Noted& noted, std::string_view other);

/// All that is known of one memory.
struct MemoryAccount {
  std::vector<MemoryVersion> versions;  // oldest first, never empty
  std::vector<MemoryUse> uses;          // newest first
  std::vector<Memory> replaced, successors;
};
std::string describe_account(const MemoryAccount& account);

std::string describe_undo(const MemoryChange& change);
std::string describe_forget(std::size_t chosen, const ForgetReceipt& receipt);

}  // namespace hobd

// The tools that the model has for Hob's own memory: block_append, block_replace, memory_search and memory_save.
//
// There is none to forget: what is gone for good is the user's to say (/forget). A call in a turn that has read text from
// outside can't change who Hob or the user is (see BlockAuthor), and what it saves is marked as coming from outside.
#pragma once

#include "memory/blocks.hpp"
#include "memory/learning.hpp"
#include "memory/recall.hpp"
#include "tools/toolbox.hpp"

#include <functional>

namespace hobd {

/// All outlive the toolbox's last call.
struct MemoryToolsContext {
  MemoryBlocks* blocks = nullptr;
  Store* store = nullptr;
  const Clock* clock = nullptr;
  std::function<std::shared_ptr<const Config>()> config;  // what memory_search redacts
  Learning* learning = nullptr;      // null: no memory_save
  Embeddings* embeddings = nullptr;  // null: memory_search goes by words alone
};
void add_memory_tools(Toolbox& tools, MemoryToolsContext context);

}  // namespace hobd

// A forgetting that finds by the letters of a text and removes memories, so that what asks it can be tested without what
// erases. It keeps what it was asked to erase.
#pragma once

#include "memory/forgetting.hpp"
#include "store/store.hpp"

namespace hobd::fakes {

class PlainForgetting final : public Forgetting {
 public:
  explicit PlainForgetting(Store& store) : store_(store) {}

  std::vector<std::vector<std::string>> erased;  // the ids of each call
  bool took_messages = false;

  awaitable<Result<ForgetPlan>> find(std::string user_id, std::string text, WithMessages, std::uint32_t limit) override {
    const MemoryFilter current;
    const PageRequest page{.limit = 500, .cursor = {}};
    CO_TRY(Page<Memory> all, co_await store_.memories().list(user_id, current, page));
    ForgetPlan plan;
    for (Memory& memory : all.items)
      if (plan.memories.size() < limit && memory.text.find(text) != std::string::npos) plan.memories.push_back(std::move(memory));
    co_return plan;
  }
  awaitable<Result<ForgetPlan>> plan(std::string user_id, std::vector<std::string> ids, WithMessages) override {
    ForgetPlan plan;
    CO_TRY(plan.memories, co_await store_.memories().find_all(user_id, std::move(ids)));
    co_return plan;
  }
  awaitable<Result<ForgetReceipt>> erase(std::string user_id, std::vector<std::string> ids, WithMessages messages) override {
    erased.push_back(ids);
    took_messages = messages == WithMessages::yes;
    MemoryChange change;
    change.user_id = user_id;
    for (std::string& id : ids) {
      if (!id.starts_with("mem_")) continue;
      MemoryEdit& edit = change.edits.emplace_back();
      edit.kind = MemoryEdit::Kind::remove;
      edit.memory.id = std::move(id);
    }
    ForgetReceipt receipt;
    receipt.erased.id = "fgt_1";
    receipt.erased.memories = static_cast<std::int64_t>(change.edits.size());
    CO_CHECK(co_await store_.memories().apply(std::move(change), Durability::journaled));
    co_return receipt;
  }
  awaitable<Result<void>> start() override { co_return Result<void>{}; }
  awaitable<void> stop(std::chrono::milliseconds) override { co_return; }

 private:
  Store& store_;
};

}  // namespace hobd::fakes

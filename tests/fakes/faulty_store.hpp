// A database whose disk fills up when a test says so: writes of the journal fail, reads go on.
#pragma once

#include "store/ledger.hpp"
#include "store/store.hpp"

#include <functional>

namespace hobd::fakes {

class FaultyStore final : public Store, public Journal {
 public:
  explicit FaultyStore(Store& real) : real_(real) {}

  bool is_full = false;      // writes answer unavailable
  bool is_unreadable = false;  // unfinished_turns() and open_outbox() do
  Summaries* broken_summaries = nullptr;  // stands for the real ones
  Ledger* broken_ledger = nullptr;        // stands for the real one
  int refused = 0;           // writes and reads since
  std::function<void()> after_open_outbox;  // called once, between the read and its answer

  Journal& journal() override { return *this; }
  Conversations& conversations() override { return real_.conversations(); }
  Users& users() override { return real_.users(); }
  Kv& kv() override { return real_.kv(); }
  Searches& searches() override { return real_.searches(); }
  Consolidations& consolidations() override { return real_.consolidations(); }
  Erasures& erasures() override { return real_.erasures(); }
  Imports& imports() override { return real_.imports(); }
  Memories& memories() override { return real_.memories(); }
  Blocks& blocks() override { return real_.blocks(); }
  Vectors& vectors() override { return real_.vectors(); }
  Summaries& summaries() override { return broken_summaries ? *broken_summaries : real_.summaries(); }
  Ledger& ledger() override { return broken_ledger ? *broken_ledger : real_.ledger(); }
  awaitable<Result<StoreStatus>> status() override { return real_.status(); }
  void close() override { real_.close(); }

  awaitable<Result<Accepted>> accept(Inbound inbound, Durability durability) override {
    if (is_full) co_return refuse();
    co_return co_await real_.journal().accept(std::move(inbound), durability);
  }
  void set_session_ttl(std::chrono::milliseconds ttl) override { real_.journal().set_session_ttl(ttl); }
  awaitable<Result<void>> add_steps(std::string turn_id, std::vector<Step> steps, Durability durability) override {
    if (is_full) co_return refuse();
    co_return co_await real_.journal().add_steps(std::move(turn_id), std::move(steps), durability);
  }
  awaitable<Result<Turn>> end_turn(TurnEnd end, Durability durability) override {
    if (is_full) co_return refuse();
    co_return co_await real_.journal().end_turn(std::move(end), durability);
  }
  awaitable<Result<std::vector<Turn>>> unfinished_turns() override {
    if (is_unreadable) co_return refuse();
    co_return co_await real_.journal().unfinished_turns();
  }
  awaitable<Result<Turn>> find_turn(std::string user_id, std::string turn_id) override {
    return real_.journal().find_turn(std::move(user_id), std::move(turn_id));
  }
  awaitable<Result<Turn>> retry_turn(std::string user_id, std::string turn_id) override {
    return real_.journal().retry_turn(std::move(user_id), std::move(turn_id));
  }
  awaitable<Result<std::vector<Step>>> steps(std::string user_id, std::string turn_id) override {
    return real_.journal().steps(std::move(user_id), std::move(turn_id));
  }
  awaitable<Result<Page<Turn>>> list_turns(std::string user_id, TurnFilter filter, PageRequest page) override {
    return real_.journal().list_turns(std::move(user_id), std::move(filter), std::move(page));
  }
  awaitable<Result<void>> add_outbox(std::vector<OutboxItem> items, Durability durability) override {
    return real_.journal().add_outbox(std::move(items), durability);
  }
  awaitable<Result<std::vector<OutboxItem>>> open_outbox() override {
    if (is_unreadable) co_return refuse();
    auto items = co_await real_.journal().open_outbox();
    if (after_open_outbox) std::exchange(after_open_outbox, nullptr)();
    co_return items;
  }
  awaitable<Result<void>> update_outbox(OutboxItem item, Durability durability) override {
    if (is_full) co_return refuse();
    co_return co_await real_.journal().update_outbox(std::move(item), durability);
  }
  awaitable<Result<std::int64_t>> prune_outbox(Time before, std::int64_t limit) override {
    return real_.journal().prune_outbox(before, limit);
  }

 private:
  Error refuse() {
    ++refused;
    return {Code::unavailable, "the disk is full"};
  }
  Store& real_;
};

}  // namespace hobd::fakes

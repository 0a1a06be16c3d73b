// The memory methods over a real database, with a user who asks.
#pragma once

#include "api/methods.hpp"
#include "fakes.hpp"
#include "store/memories.hpp"

namespace hobd::test {

struct MemoryHouse {
  MemoryHouse() {
    store = open_sqlite_store({.file = folder.path / "hob.db", .readers = 1, .executor = core.get_executor(), .clock = &clock}).value();
    who.via = "socket";
    who.scopes = {"memory"};
    become("ann");
    MemoryContext context;
    context.store = store.get();
    context.clock = &clock;
    add_memory_methods(table, context);
  }
  ~MemoryHouse() { store->close(); }

  void become(const std::string& name) {
    who.user_id = await(store->users().ensure(name, false)).id;
    who.user_name = name;
  }
  template <class T>
  T await(awaitable<Result<T>> operation) {
    return value_of(core, std::move(operation));
  }
  Result<json::object> call(std::string_view method, json::object params = {}) {
    core.restart();
    auto answer = run(core, table.invoke(who, method, std::move(params), [](const json::value&) {}));
    if (answer.has_error()) return answer.error();
    return answer->as_object();
  }
  /// The answer of a call a second later, which must succeed.
  json::object get(std::string_view method, json::object params = {}) {
    clock.time += std::chrono::seconds(1);
    return call(method, std::move(params)).value();
  }
  /// The code of a call that must fail.
  Code fails(std::string_view method, json::object params = {}) {
    const auto answer = call(method, std::move(params));
    if (answer.has_value()) return Code::ok;
    error = answer.error().message;
    return answer.error().code;
  }
  /// The texts of a list, "newest|older".
  std::string texts(std::string_view method, json::object params = {}) {
    std::string all;
    const json::object answer = get(method, std::move(params));
    for (const json::value& item : answer.at("items").as_array())
      all += (all.empty() ? "" : "|") + std::string(item.at("text").as_string());
    return all;
  }
  /// Stores a message in a turn that has ended; its id.
  std::string say(const std::string& text) {
    Inbound in;
    in.user_id = who.user_id;
    in.channel = "http";
    Message& message = in.messages.emplace_back();
    message.role = "user";
    message.speaker = "Ann";
    message.text = text;
    const Accepted accepted = await(store->journal().accept(std::move(in), Durability::journaled));
    turn = accepted.turn.id;
    conversation = accepted.turn.conversation_id;
    TurnEnd end;
    end.turn_id = turn;
    end.state = TurnState::cancelled;
    await(store->journal().end_turn(std::move(end), Durability::journaled));
    return accepted.message.id;
  }

  TempFolder folder;
  asio::io_context core{1};
  FakeClock clock;
  std::unique_ptr<Store> store;
  MethodTable table;
  Principal who;
  std::string turn, conversation, error;
};

}  // namespace hobd::test

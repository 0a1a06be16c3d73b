// A store in a folder of its own, and a way to await it from a test.
#pragma once

#include "store/searches.hpp"
#include "store/store.hpp"
#include "store/terms.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <optional>

namespace hobd::testing {

struct TempFolder {
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hob-store-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp failed");
    path = pattern;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::filesystem::path path;
};

/// A clock that a test sets.
class ManualClock final : public Clock {
 public:
  Time now() const override { return time; }
  std::chrono::steady_clock::time_point steady() const override { return std::chrono::steady_clock::now(); }
  Time time = from_micros(1'700'000'000'000'000);
};

struct TestStore {
  TestStore() { open(); }
  explicit TestStore(std::filesystem::path database) : file(std::move(database)) { open(); }
  ~TestStore() {
    if (store) store->close();
  }

  Result<std::unique_ptr<Store>> try_open() {
    return open_sqlite_store({.file = file, .readers = 2, .executor = io.get_executor(), .clock = &clock});
  }
  void open() { store = try_open().value(); }
  void reopen() {
    store->close();
    store.reset();
    open();
  }

  /// Runs one operation to its end.
  template <class T>
  T await(awaitable<T> operation) {
    std::optional<T> result;
    asio::co_spawn(io, std::move(operation), [&](std::exception_ptr error, T value) {
      if (error) std::rethrow_exception(error);
      result.emplace(std::move(value));
    });
    io.restart();
    io.run();
    REQUIRE(result.has_value());
    return std::move(*result);
  }
  /// The value of an operation that must succeed.
  template <class T>
  T get(awaitable<Result<T>> operation) {
    auto result = await(std::move(operation));
    if (result.has_error()) FAIL(result.error().message);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
  }
  /// The code of an operation that must fail.
  template <class T>
  Code fails(awaitable<Result<T>> operation) {
    auto result = await(std::move(operation));
    if (result.has_value()) return Code::ok;
    last_error = result.error().message;
    return result.error().code;
  }

  /// The texts of a user's messages that hold a word of `text`, in the order they were stored.
  std::vector<std::string> found(const std::string& user_id, const std::string& text) {
    CandidateQuery query;
    query.user_id = user_id;
    query.terms = query_terms(text);
    return texts(query);
  }
  std::vector<std::string> texts(CandidateQuery query) {
    std::vector<std::string> all;
    for (const auto& item : get(store->searches().messages(std::move(query))).items)
      if (item.own.terms != 0) all.push_back(item.text);
    return all;
  }

  std::string user(const std::string& name = "anna") { return get(store->users().ensure(name, false)).id; }

  Journal& journal() { return store->journal(); }
  Conversations& conversations() { return store->conversations(); }

  TempFolder folder;
  std::filesystem::path file = folder.path / "state" / "hob.db";
  asio::io_context io;
  ManualClock clock;
  std::unique_ptr<Store> store;
  std::string last_error;
};

inline Message said(std::string text, std::string role = "user") {
  Message message;
  message.role = std::move(role);
  message.speaker = message.role == "user" ? "Anna" : "Hob";
  message.text = std::move(text);
  return message;
}

inline Inbound inbound(std::string user_id, std::string text, std::string external_id = "") {
  Inbound in;
  in.user_id = std::move(user_id);
  in.channel = "http";
  in.external_id = std::move(external_id);
  in.messages.push_back(said(std::move(text)));
  return in;
}

inline Inbound inbound_to(const Turn& turn, std::string text) {
  Inbound in = inbound(turn.user_id, std::move(text));
  in.conversation_id = turn.conversation_id;
  return in;
}

inline TurnEnd reply_to(const Turn& turn, std::string text) {
  TurnEnd end;
  end.turn_id = turn.id;
  end.reply = said(std::move(text), "assistant");
  end.reply->id = "msg_reply_" + turn.id;
  return end;
}

inline std::vector<Step> one_step(std::string kind) {
  Step step;
  step.kind = std::move(kind);
  step.data = {{"n", 1}};
  return {step};
}

}  // namespace hobd::testing

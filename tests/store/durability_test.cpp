#include "store/support.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <set>

using namespace hobd;
using namespace hobd::testing;

namespace {

awaitable<void> whole_turns(Store& store, std::string user, std::string name, int count, int& done) {
  for (int i = 0; i < count; ++i) {
    auto in = inbound(user, name + " says " + std::to_string(i), name + "-" + std::to_string(i));
    in.thread = name;
    const auto accepted = co_await store.journal().accept(std::move(in), Durability::synced);
    if (accepted.has_error()) co_return;
    const Turn turn = accepted->turn;
    auto steps = one_step("recalled");
    const auto stepped = co_await store.journal().add_steps(turn.id, std::move(steps), Durability::journaled);
    if (stepped.has_error()) co_return;
    TurnEnd end = reply_to(turn, "fine");
    const auto ended = co_await store.journal().end_turn(std::move(end), Durability::synced);
    if (ended.has_error()) co_return;
    ++done;
  }
}

/// In a child: accepts messages from many coroutines for ever and writes each acknowledged one's external id, one
/// line, into `report`.
awaitable<void> accept_for_ever(Store& store, std::string user, int lane, Durability durability, int report) {
  for (int i = 0;; ++i) {
    const std::string id = std::to_string(lane) + "." + std::to_string(i);
    auto in = inbound(user, "message " + id, id);
    in.thread = "lane " + std::to_string(lane);
    const auto accepted = co_await store.journal().accept(std::move(in), durability);
    if (accepted.has_error()) co_return;
    const std::string line = id + "\n";
    if (::write(report, line.data(), line.size()) != ssize_t(line.size())) co_return;
  }
}

[[noreturn]] void writing_child(const std::filesystem::path& file, Durability durability, int report) {
  asio::io_context io;
  SystemClock clock;
  auto store = open_sqlite_store({.file = file, .readers = 1, .executor = io.get_executor(), .clock = &clock});
  if (store.has_error()) ::_exit(1);
  std::string user;
  asio::co_spawn(io, (*store)->users().ensure("anna", false), [&](std::exception_ptr, Result<User> made) {
    if (made.has_error()) return;
    user = made->id;
    for (int lane = 0; lane < 8; ++lane)
      asio::co_spawn(io, accept_for_ever(**store, user, lane, durability, report), asio::detached);
  });
  io.run();
  ::_exit(1);
}

/// Reads whole lines until `count` came, or the other side is gone.
std::set<std::string> read_lines(int pipe, std::size_t count, std::string& rest) {
  std::set<std::string> lines;
  char buffer[4096];
  while (lines.size() < count) {
    const ssize_t size = ::read(pipe, buffer, sizeof buffer);
    if (size <= 0) break;
    rest.append(buffer, std::size_t(size));
    for (std::size_t end; (end = rest.find('\n')) != std::string::npos; rest.erase(0, end + 1))
      lines.insert(rest.substr(0, end));
  }
  return lines;
}

}  // namespace

TEST_CASE("many writers at once each get their own result, and all is stored") {
  TestStore t;
  const auto user = t.user();
  int done = 0;
  for (int lane = 0; lane < 20; ++lane)
    asio::co_spawn(t.io, whole_turns(*t.store, user, "lane " + std::to_string(lane), 10, done), asio::detached);
  t.io.restart();
  t.io.run();
  REQUIRE(done == 200);
  const auto status = t.get(t.store->status());
  REQUIRE(status.conversations == 20);
  REQUIRE(status.messages == 400);
  REQUIRE(status.turns_open == 0);
}

TEST_CASE("a write that fails undoes itself alone, not its batch") {
  TestStore t;
  const auto user = t.user();
  const auto turn = t.get(t.journal().accept(inbound(user, "first"), Durability::journaled)).turn;
  int good = 0, bad = 0;
  for (int i = 0; i < 50; ++i) {
    asio::co_spawn(t.io, t.journal().accept(inbound(user, "good"), Durability::journaled),
                   [&](std::exception_ptr, Result<Accepted> r) { good += r.has_value(); });
    // Its steps and outbox are stored before the reply's id is seen to be taken: all that must be undone.
    TurnEnd end = reply_to(turn, "never stored heron");
    end.steps = one_step("replied");
    end.reply->id = turn.message_id;
    asio::co_spawn(t.io, t.journal().end_turn(end, Durability::journaled),
                   [&](std::exception_ptr, Result<Turn> r) { bad += r.has_error(); });
  }
  t.io.restart();
  t.io.run();
  REQUIRE(good == 50);
  REQUIRE(bad == 50);
  REQUIRE(t.get(t.journal().steps(turn.user_id, turn.id)).empty());
  REQUIRE(t.get(t.journal().find_turn(user, turn.id)).state == TurnState::accepted);
  REQUIRE(t.found(user, "heron").empty());
  REQUIRE(t.found(user, "good").size() == 50);
}

TEST_CASE("more writes than the queue holds are refused as overloaded, the rest are done") {
  TestStore t;
  int done = 0, overloaded = 0;
  for (int i = 0; i < 60'000; ++i)
    asio::co_spawn(t.io, t.store->kv().set("p", "k" + std::to_string(i % 10), "v", 1000),
                   [&](std::exception_ptr, Result<void> r) {
                     done += r.has_value();
                     overloaded += r.has_error() && r.error().code == Code::overloaded;
                   });
  t.io.restart();
  t.io.run();
  REQUIRE(done + overloaded == 60'000);
  REQUIRE(done >= 20'000);
}

TEST_CASE("a full disk refuses writes, loses nothing stored, and the store recovers") {
  TempFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    // A limit on the size of files stands for the full disk: the WAL can't grow.
    ::signal(SIGXFSZ, SIG_IGN);
    int problem = 0;
    {
      TestStore t(folder.path / "hob.db");
      const auto user = t.user();
      std::vector<std::string> stored;
      const rlimit small{1 << 20, RLIM_INFINITY};
      ::setrlimit(RLIMIT_FSIZE, &small);
      Error refused;
      for (int i = 0; i < 1'000 && refused.message.empty(); ++i) {
        const auto r = t.await(t.journal().accept(inbound(user, std::string(8'000, 'x')), Durability::synced));
        if (r.has_value())
          stored.push_back(r->message.id);
        else
          refused = r.error();
      }
      if (refused.code != Code::unavailable || refused.message.find("hob.db") == std::string::npos) problem = 2;
      for (const auto& id : stored)
        if (t.await(t.conversations().find_message(user, id)).has_error()) problem = 3;
      const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
      ::setrlimit(RLIMIT_FSIZE, &none);
      const auto after = t.await(t.journal().accept(inbound(user, "there is room again"), Durability::synced));
      if (after.has_error()) problem = 4;
      t.reopen();
      for (const auto& id : stored)
        if (t.await(t.conversations().find_message(user, id)).has_error()) problem = 5;
      if (t.found(user, "room").size() != 1) problem = 6;
    }
    ::_exit(problem);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 0);
}

TEST_CASE("kill -9 in the middle of many writes loses no acknowledged message") {
  TempFolder folder;
  const auto file = folder.path / "hob.db";
  std::set<std::string> acknowledged;
  for (int round = 0; round < 6; ++round) {
    int report[2];
    REQUIRE(::pipe(report) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(report[0]);
      writing_child(file, round % 2 ? Durability::synced : Durability::journaled, report[1]);
    }
    ::close(report[1]);
    std::string rest;
    auto lines = read_lines(report[0], acknowledged.size() + 100 + std::size_t(round) * 37, rest);
    ::kill(child, SIGKILL);
    lines.merge(read_lines(report[0], std::size_t(-1), rest));
    ::close(report[0]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    REQUIRE(lines.size() >= 100);
    acknowledged.merge(lines);

    TestStore t(file);
    const auto user = t.user();
    for (const auto& id : acknowledged) {
      const auto again = t.get(t.journal().accept(inbound(user, "?", id), Durability::journaled));
      REQUIRE(again.duplicate);
      REQUIRE(again.message.text == "message " + id);
    }
  }
}

TEST_CASE("the WAL does not grow without bound") {
  TestStore t;
  const auto user = t.user();
  const std::string big(200'000, '.');  // no words: the index has no part in it
  for (int i = 0; i < 120; ++i) t.get(t.journal().accept(inbound(user, big), Durability::journaled));
  const auto status = t.get(t.store->status());
  REQUIRE(status.database_bytes > 12'000'000);
  REQUIRE(status.wal_bytes < 20'000'000);
  t.store->close();
  REQUIRE(std::filesystem::exists(t.file));
  REQUIRE_FALSE(std::filesystem::exists(t.file.string() + "-wal"));
}

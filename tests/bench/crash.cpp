// crash [--rounds 200] [--clients 12] [--seed N]: what is lost or doubled when hobd is killed.
//
// Each round starts hobd on the same state, lets clients talk on two channels (POST /chat with an
// Idempotency-Key, and the webhook channel whose replies come back by HTTP), some of it with a tool that has a
// side effect, and ends it with SIGKILL: at a random moment, or at a named fault point between two steps. A client
// whose request broke repeats it with the same key after the restart, as a real one would. At the end hobd
// runs undisturbed until nothing is open, and the books are compared:
//
//   lost            a message that was accepted, or was sent until the end, and has no reply of its own
//   doubled         a message with two different replies, or one reply sent under two keys
//   asked again     a model call made though its answer was stored
//   tools twice     a tool without "idempotent" that ran twice for one call
//
// Exit 0 when all four are 0. Beside them it prints the calls that were paid twice because the crash came before
// their answer was stored: those can't be avoided.
#include "support/daemon.hpp"
#include "support/http.hpp"

#include <boost/json.hpp>
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr const char* kFaultPoints[] = {
    "inbox.after_accept", "turn.after_accept",       "turn.after_recall",       "turn.after_model_called", "turn.after_model_answer",
    "turn.after_model_stored", "turn.after_tool_started", "turn.after_tool_ran", "turn.after_tool_stored",  "turn.before_end",
    "turn.after_end",     "outbox.after_sending",    "outbox.after_sent"};

struct Books {
  std::mutex mutex;
  std::map<std::string, std::set<std::string>> http_replies;      // message -> distinct replies seen
  std::map<std::string, std::set<std::string>> http_turns;        // message -> distinct turn ids
  std::map<std::string, std::map<std::string, int>> webhook;      // message -> outbox key -> times posted
  std::map<std::string, int> tools;                               // tool call -> runs
  std::set<std::string> accepted_http, accepted_webhook;
};

struct Work {
  std::string id;     // unique; stands in the message's text
  bool webhook = false, tool = false;
  std::string text() const { return "message " + id + " end" + (tool ? ": CALL count {\"id\":\"" + id + "\"} now" : ""); }
};

/// The id in "message <id> end": every reply repeats its message.
std::string id_in(const std::string& text) {
  const std::string before = "message ", after = " end";
  const std::size_t at = text.find(before);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + before.size(), end = text.find(after, begin);
  return end == std::string::npos ? std::string() : text.substr(begin, end - begin);
}

/// Sends one message; true when the daemon has taken it for good.
bool attempt(hobtest::HttpConnection& connection, const Work& work, int client, Books& books) {
  if (work.webhook) {
    const json::object event{{"id", work.id}, {"sender", {{"id", "w" + std::to_string(client)}}},
                             {"thread", "t" + std::to_string(client)}, {"text", work.text()}};
    const auto response = connection.request("POST", "/hooks/webhook", {{"Content-Type", "application/json"}, {"X-Hob-Secret", "crash-secret-of-the-test"}}, json::serialize(event));
    if (response.status != 202) return false;
    const std::lock_guard lock(books.mutex);
    books.accepted_webhook.insert(work.id);
    return true;
  }
  const json::object body{{"message", work.text()}, {"stream", false}};
  const auto response = connection.request("POST", "/chat", {{"Content-Type", "application/json"}, {"Idempotency-Key", work.id},
                                                             {"X-User-Id", "h" + std::to_string(client)}}, json::serialize(body));
  if (response.status != 200) return false;
  boost::system::error_code error;
  const json::value answer = json::parse(response.body, error);
  if (error || !answer.is_object()) return false;
  const std::lock_guard lock(books.mutex);
  books.accepted_http.insert(work.id);
  books.http_replies[work.id].insert(std::string(answer.at("reply").as_string()));
  books.http_turns[work.id].insert(std::string(answer.at("turn_id").as_string()));
  return true;
}

struct Client {
  int number = 0, next = 0;
  Work pending;
  bool has_pending = false;
};

/// Talks until `stop` or until the daemon is gone; what is unanswered stays pending for the next round.
void talk(Client& client, int port, std::atomic<bool>& stop, int limit, Books& books, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  hobtest::HttpConnection connection(port, 20s);
  for (int i = 0; i < limit && !stop; ++i) {
    if (!client.has_pending) {
      client.pending = {"c" + std::to_string(client.number) + "n" + std::to_string(client.next++), random() % 2 == 0, random() % 4 == 0};
      client.has_pending = true;
    }
    if (!attempt(connection, client.pending, client.number, books)) {
      std::this_thread::sleep_for(5ms);
      continue;
    }
    client.has_pending = false;
  }
}

struct Journals {
  int turns = 0, calls = 0, asked_again = 0, unanswered = 0;
};

/// Reads the stopped daemon's database: model calls made though an answer of that round was stored.
Journals read_journals(const std::filesystem::path& file) {
  Journals out;
  sqlite3* db = nullptr;
  sqlite3_stmt* rows = nullptr;
  if (sqlite3_open_v2(file.c_str(), &db, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK ||
      sqlite3_prepare_v2(db, "SELECT turn, kind FROM steps ORDER BY turn, seq", -1, &rows, nullptr) != SQLITE_OK)
    throw std::runtime_error("crash: cannot read the journals of " + file.string());
  sqlite3_int64 turn = -1;
  int tool_answers = 0;
  std::set<int> answered;  // rounds, counted by the tool results before them
  while (sqlite3_step(rows) == SQLITE_ROW) {
    if (sqlite3_column_int64(rows, 0) != turn) {
      turn = sqlite3_column_int64(rows, 0);
      tool_answers = 0;
      answered.clear();
      ++out.turns;
    }
    const std::string kind = reinterpret_cast<const char*>(sqlite3_column_text(rows, 1));
    if (kind == "model_called") {
      ++out.calls;
      out.asked_again += answered.contains(tool_answers);
    }
    if (kind == "model_answered") answered.insert(tool_answers);
    if (kind == "tool_finished") ++tool_answers;
  }
  sqlite3_finalize(rows);
  // Each message names a turn that replied (state 2); the pairing messages began none.
  if (sqlite3_prepare_v2(db, "SELECT count(*) FROM turns WHERE state <> 2", -1, &rows, nullptr) != SQLITE_OK || sqlite3_step(rows) != SQLITE_ROW)
    throw std::runtime_error("crash: cannot count the turns of " + file.string());
  out.unanswered = sqlite3_column_int(rows, 0);
  sqlite3_finalize(rows);
  sqlite3_close(db);
  return out;
}

/// Model calls that the stand-in answered more than once, by its own count.
int count_paid_twice(int model_port) {
  hobtest::HttpConnection connection(model_port);
  const json::value stats = json::parse(connection.request("GET", "/__stats", {}, "").body);
  int again = 0;
  for (const auto& answer : stats.at("answers").as_object()) again += int(answer.value().to_number<std::int64_t>()) - 1;
  return again;
}

}  // namespace

int main(int argc, char** argv) {
  int rounds = 200, client_count = 12;
  std::uint64_t seed = std::random_device{}();
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--rounds") == 0) rounds = std::atoi(argv[i + 1]);
    if (std::strcmp(argv[i], "--clients") == 0) client_count = std::atoi(argv[i + 1]);
    if (std::strcmp(argv[i], "--seed") == 0) seed = std::strtoull(argv[i + 1], nullptr, 10);
  }
  std::printf("seed %llu, %d rounds, %d clients\n", static_cast<unsigned long long>(seed), rounds, client_count);
  std::mt19937_64 random(seed);

  Books books;
  hobtest::HttpReceiver receiver([&](const hobtest::Received& request) -> std::pair<int, std::string> {
    const std::lock_guard lock(books.mutex);
    if (request.path == "/tool") {
      ++books.tools[request.body];
      return {200, "{}"};
    }
    const json::value message = json::parse(request.body);
    const std::string text(message.at("text").as_string());
    ++books.webhook[text][request.header("Idempotency-Key")];
    return {200, "{\"message_id\":\"m\"}"};
  });

  hobtest::TempDir dir;
  int model_port = 0;
  hobtest::Process model = hobtest::start_fake_openai(dir.path() / "model.log", model_port, {"--delay-ms", "3"});
  const std::string base = "http://127.0.0.1:" + std::to_string(receiver.port());
  hobtest::Daemon daemon({.models = hobtest::fake_models(model_port, "slow-named"),
                          .extra = "channels:\n  webhook: {plugin: channel_webhook, path: webhook, url: \"" + base + "/out\", secret: crash-secret-of-the-test}\n"
                                   "tools: {approval: never, count: {url: \"" + base + "\"}}\n"
                                   "plugins: {paths: [\"" + std::string(HOB_BENCH_PLUGINS) + "\"]}\n"});
  daemon.start();
  // Each webhook sender is paired with a user of its own before the storm.
  for (int i = 0; i < client_count; ++i) {
    hobtest::HttpConnection connection(daemon.port());
    const json::object event{{"id", "pair" + std::to_string(i)}, {"sender", {{"id", "w" + std::to_string(i)}}}, {"text", "hello"}};
    connection.request("POST", "/hooks/webhook", {{"Content-Type", "application/json"}, {"X-Hob-Secret", "crash-secret-of-the-test"}}, json::serialize(event));
    daemon.control({"user", "add", "w" + std::to_string(i)});
  }
  const auto identities = json::parse(daemon.control({"identity", "list"}));
  for (const json::value& identity : identities.at("items").as_array())
    if (daemon.control({"call", "identity.approve",
                        json::serialize(json::object{{"code", identity.at("pairing_code")}, {"user", identity.at("external_id")}})}).empty())
      throw std::runtime_error("identity.approve failed");
  daemon.stop();
  {
    const std::lock_guard lock(books.mutex);
    books.webhook.clear();  // the pairing notices
  }

  std::vector<Client> clients(static_cast<std::size_t>(client_count));
  for (int i = 0; i < client_count; ++i) clients[std::size_t(i)].number = i;
  int at_points = 0;
  for (int round = 0; round < rounds; ++round) {
    std::map<std::string, std::string> environment;
    if (random() % 3 != 0) {
      const std::string point = kFaultPoints[random() % std::size(kFaultPoints)];
      environment["HOB_FAULT_POINT"] = point + ":" + std::to_string(1 + random() % 12);
    }
    daemon.start(environment);
    std::atomic<bool> stop = false;
    std::vector<std::thread> threads;
    for (Client& client : clients)
      threads.emplace_back([&, s = random()] { talk(client, daemon.port(), stop, 40, books, s); });
    const bool died = daemon.process().wait(std::chrono::milliseconds(environment.empty() ? 20 + random() % 120 : 400)) >= 0;
    at_points += died;
    daemon.kill();
    stop = true;
    for (std::thread& thread : threads) thread.join();
  }

  daemon.start();
  std::atomic<bool> stop = false;
  for (Client& client : clients)
    for (int tries = 0; client.has_pending && tries < 200; ++tries) talk(client, daemon.port(), stop, 1, books, 1);
  json::value status;
  for (int i = 0; i < 600; ++i) {
    status = json::parse(daemon.control({"status"})).at("database");
    if (status.at("turns_open").as_int64() == 0 && status.at("outbox_open").as_int64() == 0) break;
    std::this_thread::sleep_for(100ms);
  }

  daemon.stop();
  const Journals journals = read_journals(daemon.state() / "hob.db");
  const int again = journals.asked_again, paid_twice = count_paid_twice(model_port);

  const std::lock_guard lock(books.mutex);
  int lost = 0, doubled = 0, resent = 0, tools_twice = 0, tool_runs = 0;
  for (const auto& [id, replies] : books.http_replies) doubled += replies.size() > 1;
  for (const auto& [id, ids] : books.http_turns) doubled += ids.size() > 1;
  std::map<std::string, std::set<std::string>> keys_of;  // message -> keys of its replies
  for (const auto& [text, keys] : books.webhook)
    for (const auto& [key, times] : keys) {
      resent += times - 1;
      keys_of[id_in(text)].insert(key);
    }
  for (const auto& [id, keys] : keys_of) doubled += keys.size() > 1;
  for (const std::string& id : books.accepted_webhook) lost += !keys_of.contains(id);
  for (const auto& [id, replies] : books.http_replies) lost += id_in(*replies.begin()) != id;
  int refused = 0;  // messages that the daemon did not take in 200 tries at the end
  for (const Client& client : clients) refused += client.has_pending;
  lost += refused + journals.unanswered;
  for (const auto& [id, runs] : books.tools) {
    ++tool_runs;
    tools_twice += runs > 1;
  }
  const int open = int(status.at("turns_open").as_int64() + status.at("outbox_open").as_int64());
  std::printf("killed %d times at fault points, %d times at random\n", at_points, rounds - at_points);
  std::printf("accepted: %zu over HTTP, %zu over the webhook; turns %d, model calls %d, tool runs %d\n", books.accepted_http.size(),
              books.accepted_webhook.size(), journals.turns, journals.calls, tool_runs);
  std::printf("replies resent under their own key (the receiver drops them): %d; left open: %d\n", resent, open);
  std::printf("model calls paid twice: %d, of which the answer was stored: %d; the rest were broken off before it was\n", paid_twice, again);
  std::printf("refused to the end: %d, turns without a reply: %d\n", refused, journals.unanswered);
  std::printf("lost %d, doubled %d, stored answers asked again %d, tools run twice %d\n", lost, doubled, again, tools_twice);
  return lost + doubled + again + tools_twice + open == 0 ? 0 : 1;
}

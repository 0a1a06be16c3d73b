// memory_crash [--operations 10000] [--kills 60] [--seed N]: what a daemon that is killed loses, doubles or brings back of its memories.
//
// Random operations on memories (add, update, upsert, delete, undo, forget, search, consolidate, import of history and of exports) go to a
// hobd over its socket; now and then it is killed in the middle of one and started again. An account is kept beside it of what
// was acknowledged; an operation that nobody acknowledged is looked up after the restart, and must have been done whole or not
// at all. At the end the books are compared:
//
//   lost       a memory or message that was acknowledged, and is not there as it should be
//   back       something forgotten that is found again: by id, by an export that is loaded, or as bytes of any file
//   undo       an undo that gave another state than the one before the change
//   search     a memory that a search for its own word doesn't find
//   index      full-text indexes and vectors that differ from rebuilt ones
//
// Exit 0 when all are 0.
#include "hobctl/client.hpp"
#include "store/sqlite.hpp"
#include "store/terms.hpp"
#include "support/daemon.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <sstream>
#include <thread>

using namespace hobd;
using namespace std::chrono_literals;

namespace {

/// What is compared of a memory: all that a person sees of it.
json::value shape(const json::value& memory) {
  json::object out;
  for (const char* member : {"text", "kind", "importance", "topics", "people", "sources", "valid_from", "valid_to", "recorded_at", "superseded_at", "superseded_by"})
    if (const json::value* value = memory.as_object().if_contains(member)) out[member] = *value;
  return out;
}

struct Item {
  json::value now;                  // its shape; null: there is none (removed)
  std::vector<json::value> before;  // what undo after undo leads to
  std::string token;                // stands in its text alone
  bool is_twin = false;             // another one says the same: consolidation may merge them
};

struct Failures {
  int lost = 0, back = 0, undo = 0, search = 0, index = 0;
  int all() const { return lost + back + undo + search + index; }
};

void complain(const char* what, const std::string& id, const json::value& expected, const json::value& found) {
  std::fprintf(stderr, "%s: %s\n  expected %s\n  found    %s\n", what, id.c_str(), json::serialize(expected).c_str(), json::serialize(found).c_str());
}

class Storm {
 public:
  Storm(std::uint64_t seed, int operations, int kills)
      : random_(seed), operations_(operations), kills_(kills), daemon_({.models = "  tiers: {embed: [embedder_hashing]}\n", .extra = {}, .log_level = "warn"}) {}

  int run() {
    start({});
    const int every = kills_ > 0 ? std::max(1, operations_ / kills_) : operations_ + 1;
    for (int i = 0; i < operations_; ++i) {
      const bool kills = i % every == every - 1 && killed_ < kills_;
      if (kills && random_() % 2 == 0)
        die_at_named_place();
      else
        act(kills);
    }
    check_all();
    check_files();
    std::printf("operations:");
    for (const auto& [name, count] : counts_) std::printf(" %s %d", name.c_str(), count);
    std::printf("\nkilled %d times (%d at named places), %d operations unacknowledged (%d of them done); memories %zu, forgotten %zu, messages %zu\n", killed_, at_points_, unknown_,
                unknown_done_, items_.size(), forgotten_.size(), messages_.size());
    std::printf("lost %d, back %d, undo %d, search %d, index %d\n", failures_.lost, failures_.back, failures_.undo, failures_.search, failures_.index);
    return failures_.all() == 0 ? 0 : 1;
  }

 private:
  // ---- the daemon ----

  void start(const std::map<std::string, std::string>& environment) {
    daemon_.start(environment);
    client_ = std::make_unique<ctl::Client>();
    if (client_->connect(daemon_.socket().string()).has_error()) throw std::runtime_error("memory_crash: no connection");
  }
  /// Starts it so that it dies at a place, and does what leads there.
  void die_at_named_place() {
    static constexpr const char* kPlaces[] = {"forget.after_begin", "forget.after_tombstones", "forget.after_step", "forget.before_checkpoint",
                                              "consolidation.after_begin", "consolidation.after_change"};
    const std::string place = kPlaces[random_() % std::size(kPlaces)];
    const int nth = place == "forget.after_step" ? 1 + static_cast<int>(random_() % 6) : 1;
    daemon_.stop();
    start({{"HOB_FAULT_POINT", place + ":" + std::to_string(nth)}});
    for (int before = at_points_, tries = 0; at_points_ == before && tries < 3; ++tries) {
      if (place.starts_with("forget")) {
        ++counts_["forget"];
        forget(false);
      } else {
        add_twin();
        ++counts_["consolidate"];
        consolidate(false);
      }
    }
    if (!daemon_.process().running()) start({});
  }
  /// none: the daemon was killed before it answered.
  std::optional<Result<json::value>> ask(const char* method, json::object params, bool kills = false) {
    std::thread killer;
    if (kills) {
      const auto wait = std::chrono::microseconds(random_() % 12'000);
      killer = std::thread([this, wait] {
        std::this_thread::sleep_for(wait);
        daemon_.kill();
      });
    }
    auto answer = client_->call(method, std::move(params));
    if (killer.joinable()) killer.join();
    const bool lost = client_->lost();
    if (lost && !kills) ++at_points_;
    if (kills || lost) {
      ++killed_;
      daemon_.kill();
      start({});
    }
    if (lost) return std::nullopt;
    return answer;
  }
  /// For looking: the daemon is not to die of it.
  Result<json::value> look(const char* method, json::object params) {
    auto answer = ask(method, std::move(params));
    return answer ? *std::move(answer) : look_again();
  }
  static Result<json::value> look_again() { throw std::runtime_error("memory_crash: the daemon died of a look"); }
  json::value state_of(const std::string& id) {
    const auto found = look("memory.get", {{"id", id}});
    return found.has_value() ? shape(*found) : json::value(nullptr);
  }

  // ---- words ----

  std::string new_token() { return "zq" + std::to_string(++made_) + "x"; }
  std::string new_text(const std::string& token) {
    std::string text = token;
    for (int i = 0; i < 5; ++i) {
      text += ' ';
      for (int k = 0; k < 3; ++k) {
        text += "bdfgklmnprstvz"[random_() % 14];
        text += "aeiou"[random_() % 5];
      }
    }
    return text;
  }
  std::string pick(const std::function<bool(const Item&)>& fits) {
    std::vector<const std::string*> ids;
    for (const auto& [id, item] : items_)
      if (fits(item)) ids.push_back(&id);
    return ids.empty() ? std::string() : *ids[random_() % ids.size()];
  }

  // ---- operations ----

  void act(bool kills) {
    const unsigned roll = random_() % 100;
    const auto count = [&](const char* name) { ++counts_[name]; };
    if (items_.size() < 20 || roll < 22) return count("add"), add("memory.add", kills);
    if (roll < 30) return count("upsert"), add("memory.upsert", kills);
    if (roll < 46) return count("update"), update(kills);
    if (roll < 53) return count("delete"), remove(kills);
    if (roll < 66) return count("undo"), undo(kills);
    if (roll < 72) return count("forget"), forget(kills);
    if (roll < 87) return count("search"), search();
    if (roll < 90) return count("twin"), add_twin();
    if (roll < 91) return count("consolidate"), consolidate(kills);
    if (roll < 96) return count("import"), import_history(kills);
    if (roll < 98) return count("reload"), reload_export();
    count("forget_message"), forget_message();
  }

  void add(const char* method, bool kills) {
    const std::string token = new_token(), text = new_text(token);
    const auto answer = ask(method, {{"text", text}}, kills);
    if (!answer) {
      const auto found = look("memory.search", {{"q", token}, {"in", "memories"}, {"k", 3}});
      note_unknown(false);
      if (found.has_error()) return;
      for (const json::value& hit : found->at("items").as_array()) {
        const std::string id(hit.at("id").as_string());
        if (std::string_view(hit.at("text").as_string()) != text) continue;
        note_done();
        items_[id] = {.now = state_of(id), .before = {json::value(nullptr)}, .token = token};
      }
      return;
    }
    if (answer->has_error()) return refused(method, answer->error());
    const json::value& memory = answer->value().as_object().contains("memory") ? answer->value().at("memory") : answer->value();
    items_[std::string(memory.at("id").as_string())] = {.now = shape(memory), .before = {json::value(nullptr)}, .token = token};
  }

  void add_twin() {
    const std::string other = pick([](const Item& item) { return !item.now.is_null() && !item.is_twin && item.before.size() == 1; });
    if (other.empty()) return;
    const std::string text = std::string(items_[other].now.at("text").as_string()) + ".";
    const auto answer = ask("memory.add", {{"text", text}});
    if (!answer || answer->has_error()) return;
    Item& first = items_[other];
    first.is_twin = true;
    items_[std::string(answer->value().at("id").as_string())] = {.now = shape(answer->value()), .before = {json::value(nullptr)}, .token = {}, .is_twin = true};
    first.token.clear();
  }

  void update(bool kills) {
    const std::string id = pick([](const Item& item) { return !item.now.is_null() && !item.is_twin; });
    if (id.empty()) return;
    Item& item = items_[id];
    const json::object params{{"id", id}, {"text", new_text(item.token)}, {"importance", static_cast<double>(random_() % 100) / 100}};
    change(item, id, "memory.update", params, kills);
  }
  void remove(bool kills) {
    const std::string id = pick([](const Item& item) { return !item.now.is_null() && !item.is_twin; });
    if (!id.empty()) change(items_[id], id, "memory.delete", {{"id", id}}, kills);
  }
  void change(Item& item, const std::string& id, const char* method, json::object params, bool kills) {
    const auto answer = ask(method, params, kills);
    if (answer && answer->has_error()) return refused(method, answer->error());
    const json::value now = state_of(id);
    if (!answer) {
      note_unknown(now != item.now);
      if (now == item.now) return;
    }
    const json::value* wanted = params.if_contains("text");
    if (wanted ? now.is_null() || now.at("text") != *wanted : !now.is_null()) {
      ++failures_.lost;
      complain("lost", id, wanted ? *wanted : json::value(nullptr), now);
    }
    item.before.push_back(item.now);
    item.now = now;
  }

  void undo(bool kills) {
    const std::string id = pick([](const Item& item) { return !item.before.empty() && !item.is_twin; });
    if (id.empty()) return;
    Item& item = items_[id];
    const auto answer = ask("memory.undo", {{"id", id}}, kills);
    if (answer && answer->has_error()) return refused("memory.undo", answer->error());
    const json::value now = state_of(id);
    if (!answer) {
      note_unknown(now == item.before.back());
      if (now == item.now) return;
    }
    if (now != item.before.back()) {
      ++failures_.undo;
      complain("undo", id, item.before.back(), now);
    }
    item.now = now;
    item.before.pop_back();
  }

  void forget(bool kills) {
    const std::string id = pick([](const Item&) { return true; });
    if (id.empty()) return;
    const Item item = items_[id];
    const auto answer = ask("memory.forget", {{"id", id}}, kills);
    if (answer && answer->has_error()) return refused("memory.forget", answer->error());
    if (!answer) {
      // Begun is done, once the daemon is up again.
      const bool gone = look("memory.history", {{"id", id}}).has_error();
      note_unknown(gone);
      if (!gone) return;
    }
    items_.erase(id);
    forgotten_[id] = item.token;
    if (item.is_twin) drop_gone_twins();
  }
  /// With one of two merged ones the other goes.
  void drop_gone_twins() {
    for (auto twin = items_.begin(); twin != items_.end();) {
      const bool gone = twin->second.is_twin && look("memory.history", {{"id", twin->first}}).has_error();
      twin = gone ? items_.erase(twin) : std::next(twin);
    }
  }

  void search() {
    const std::string id = pick([](const Item& item) { return !item.now.is_null() && !item.token.empty(); });
    if (id.empty()) return;
    const auto found = look("memory.search", {{"q", items_[id].token}, {"in", "memories"}, {"k", 5}});
    if (found.has_error()) return refused("memory.search", found.error());
    for (const json::value& hit : found->at("items").as_array())
      if (std::string_view(hit.at("id").as_string()) == id) return;
    ++failures_.search;
    complain("search", id, items_[id].now, *found);
  }

  void consolidate(bool kills) {
    const auto answer = ask("memory.consolidate", {}, kills);
    if (answer && answer->has_error()) return refused("memory.consolidate", answer->error());
    if (!answer) {
      // The new daemon takes the run up by itself; another one is refused until it is through.
      note_unknown(false);
      while (true) {
        const auto again = look("memory.consolidate", {});
        if (again.has_value() || again.error().code != Code::overloaded) break;
        std::this_thread::sleep_for(10ms);
      }
    }
    const bool undoes = answer && answer->value().at("run_id").is_string() && random_() % 2 == 0;
    if (undoes) {
      const auto undone = ask("memory.undo", {{"run_id", answer->value().at("run_id")}});
      if (undone && undone->has_error()) return refused("memory.undo of a run", undone->error());
    }
    for (auto& [id, item] : items_) {
      if (!item.is_twin) continue;
      const json::value now = state_of(id);
      if (now.is_null() || now.at("text") != item.now.at("text")) {
        ++failures_.lost;
        complain("lost in a consolidation", id, item.now, now);
      } else if (undoes && now != item.now) {
        ++failures_.undo;
        complain("undo of a consolidation", id, item.now, now);
      }
      item.now = now;
    }
  }

  void import_history(bool kills) {
    std::string lines;
    std::map<std::string, std::string> fresh;
    for (unsigned i = 0; i <= random_() % 5; ++i) {
      const std::string token = new_token(), text = new_text(token);
      lines += json::serialize(json::object{{"id", token}, {"conversation", "c" + std::to_string(random_() % 4)}, {"session", random_() % 3}, {"text", text}}) + "\n";
      fresh[token] = lines.substr(lines.rfind('\n', lines.size() - 2) + 1);
    }
    const auto answer = ask("conversation.import", {{"jsonl", lines}}, kills);
    if (answer && answer->has_error()) return refused("conversation.import", answer->error());
    if (!answer) {
      // All or nothing, and the same again is no harm.
      note_unknown(true);
      const auto again = look("conversation.import", {{"jsonl", lines}});
      const std::int64_t duplicates = again.has_value() ? again->at("duplicates").as_int64() : -1;
      if (duplicates != 0 && duplicates != static_cast<std::int64_t>(fresh.size())) {
        ++failures_.lost;
        complain("half an import", lines, 0, duplicates);
      }
    }
    messages_.merge(fresh);
  }

  void forget_message() {
    if (messages_.empty()) return;
    const auto one = std::next(messages_.begin(), static_cast<std::ptrdiff_t>(random_() % messages_.size()));
    const auto found = look("memory.search", {{"q", one->first}, {"in", "messages"}, {"k", 3}});
    if (found.has_error() || found->at("items").as_array().empty()) {
      ++failures_.search;
      return complain("search of a message", one->first, json::value(one->second), found.has_value() ? *found : json::value(nullptr));
    }
    const std::string id(found->at("items").at(0).at("id").as_string());
    const auto answer = ask("memory.forget", {{"id", id}});
    if (!answer || answer->has_error()) return;
    forgotten_[id] = one->first;
    // The older export has it still.
    const auto again = look("conversation.import", {{"jsonl", one->second}});
    if (again.has_error() || again->at("imported").as_int64() != 0) {
      ++failures_.back;
      complain("imported again", id, 0, again.has_value() ? *again : json::value(nullptr));
    }
    messages_.erase(one);
  }

  /// Loads an export from some time ago: nothing of it is new, and what was forgotten since stays away.
  void reload_export() {
    const auto now = look("memory.export", {});
    if (!export_.empty()) {
      const auto loaded = look("memory.import", {{"jsonl", export_}, {"on_error", "skip"}});
      if (loaded.has_error()) return refused("memory.import", loaded.error());
      if (loaded->at("imported").as_int64() != 0) {
        ++failures_.back;
        complain("loaded again", "an older export", 0, *loaded);
      }
    }
    if (now.has_value()) export_ = now->at("jsonl").as_string();
  }

  void refused(const std::string& what, const Error& error) {
    ++failures_.lost;
    std::fprintf(stderr, "refused: %s: %s\n", what.c_str(), error.message.c_str());
  }
  void note_unknown(bool done) {
    ++unknown_;
    unknown_done_ += done;
  }
  void note_done() { ++unknown_done_; }

  // ---- the books ----

  void check_all() {
    for (const auto& [id, item] : items_) {
      const json::value now = state_of(id);
      if (now == item.now) continue;
      ++failures_.lost;
      complain("lost", id, item.now, now);
    }
    for (const auto& [token, line] : messages_) {
      const auto again = look("conversation.import", {{"jsonl", line}});
      if (again.has_value() && again->at("duplicates").as_int64() == 1) continue;
      ++failures_.lost;
      complain("lost message", token, 1, again.has_value() ? *again : json::value(nullptr));
    }
    for (const auto& [id, token] : forgotten_) {
      if (look("memory.history", {{"id", id}}).has_error()) continue;
      ++failures_.back;
      complain("back", id, nullptr, json::value(token));
    }
  }

  void wait_for_vectors() {
    for (int i = 0; i < 600; ++i) {
      const auto stats = look("memory.stats", {});
      const json::object* status = stats.has_value() ? object_at(stats->as_object(), "embeddings") : nullptr;
      if (status && int_or(*status, "waiting", -1) == 0 && int_or(*status, "embedded") > 0) return;
      std::this_thread::sleep_for(100ms);
    }
    std::fprintf(stderr, "the vectors are not complete after a minute\n");
    ++failures_.index;
  }

  using VectorRows = std::map<std::pair<std::int64_t, std::int64_t>, std::string>;
  VectorRows vectors(Connection& db) {
    VectorRows rows;
    auto found = db.query("SELECT source, row, vector FROM vectors").value();
    while (found.next().value()) rows[{found.integer(0), found.integer(1)}] = found.text(2);
    return rows;
  }
  std::unique_ptr<Connection> open() {
    auto db = Connection::open(daemon_.state() / "hob.db", Connection::Mode::read_write).value();
    add_terms_function(db->handle());
    return db;
  }

  void check_files() {
    wait_for_vectors();
    daemon_.stop();
    scan();
    VectorRows before;
    {
      const auto db = open();
      for (const char* table : {"message_fts", "memory_fts"}) {
        const auto sound = db->script("INSERT INTO " + std::string(table) + "(" + table + ", rank) VALUES ('integrity-check', 1)");
        if (sound.has_value()) continue;
        ++failures_.index;
        std::fprintf(stderr, "%s: %s\n", table, sound.error().message.c_str());
      }
      before = vectors(*db);
      (void)db->script("DELETE FROM vectors; UPDATE vector_spaces SET complete = 0; UPDATE vector_epoch SET epoch = epoch + 1").value();
    }
    start({});
    wait_for_vectors();
    daemon_.stop();
    const VectorRows rebuilt = vectors(*open());
    if (before != rebuilt) {
      ++failures_.index;
      std::fprintf(stderr, "vectors: %zu were kept, a rebuild makes %zu\n", before.size(), rebuilt.size());
    }
    std::printf("indexes compared: %zu vectors\n", rebuilt.size());
  }

  /// Looks for the forgotten words in every byte of the state folder and the log.
  void scan() {
    std::set<std::string> words;
    for (const auto& [id, token] : forgotten_)
      if (!token.empty()) words.insert(token);
    std::vector<std::filesystem::path> files{daemon_.log()};
    for (const auto& entry : std::filesystem::recursive_directory_iterator(daemon_.state()))
      if (entry.is_regular_file()) files.push_back(entry.path());
    std::uintmax_t bytes = 0;
    for (const auto& file : files) {
      std::ostringstream content;
      content << std::ifstream(file, std::ios::binary).rdbuf();
      const std::string text = content.str();
      bytes += text.size();
      std::set<std::string> found;
      for (std::size_t at = 0; (at = text.find("zq", at)) != std::string::npos; ++at) {
        std::size_t end = at + 2;
        while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
        if (end < text.size() && text[end] == 'x' && words.contains(text.substr(at, end + 1 - at))) found.insert(text.substr(at, end + 1 - at));
      }
      failures_.back += static_cast<int>(found.size());
      for (const std::string& word : found) std::fprintf(stderr, "back: %s stands in %s\n", word.c_str(), file.filename().c_str());
    }
    std::printf("scanned %zu files, %ju bytes, for %zu forgotten words\n", files.size(), bytes, words.size());
  }

  std::mt19937_64 random_;
  int operations_, kills_, killed_ = 0, at_points_ = 0, made_ = 0, unknown_ = 0, unknown_done_ = 0;
  hobtest::Daemon daemon_;
  std::unique_ptr<ctl::Client> client_;
  std::map<std::string, Item> items_;
  std::map<std::string, std::string> forgotten_;  // id -> the word that stood in it alone
  std::map<std::string, std::string> messages_;   // external id -> its line
  std::string export_;
  std::map<std::string, int> counts_;
  Failures failures_;
};

}  // namespace

int main(int argc, char** argv) {
  int operations = 10'000, kills = 60;
  std::uint64_t seed = std::random_device{}();
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--operations") == 0) operations = std::atoi(argv[i + 1]);
    if (std::strcmp(argv[i], "--kills") == 0) kills = std::atoi(argv[i + 1]);
    if (std::strcmp(argv[i], "--seed") == 0) seed = std::strtoull(argv[i + 1], nullptr, 10);
  }
  std::printf("seed %llu, %d operations, %d kills\n", static_cast<unsigned long long>(seed), operations, kills);
  const auto began = std::chrono::steady_clock::now();
  const int failed = Storm(seed, operations, kills).run();
  std::printf("took %.0f s\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  return failed;
}

// Forgetting: what a person wants gone is gone for good, and stays gone.
//
// A forget takes memories with all their versions and what undoes them, the search indexes' rows and vectors, summaries and
// episodes built on them, what journals and the outbox copied, and, if asked, the messages they rest on. It is written down as an
// erasure before it begins and taken up again at the next start when a crash stops it; the receipt comes when nothing
// is left. Keyed digests of what was forgotten (tombstones) are kept in the database and beside it, in
// state_dir/tombstones.jsonl, so that neither an older copy of the database nor an older export brings it back.
#pragma once

#include "store/memories.hpp"
#include "store/store.hpp"

#include <filesystem>

namespace hobd {

class Embeddings;
class Router;

enum class WithMessages { no, yes };

/// What a forget would take, for people to look at before it does.
struct ForgetPlan {
  std::vector<Memory> memories;   // latest versions; of a removed one, its last
  std::vector<Message> messages;  // source messages, when they were asked for or named
  /// Labels of blocks that hold one of the texts word for word: those lines go too.
  std::vector<std::string> blocks;
  bool empty() const { return memories.empty() && messages.empty(); }
};

/// Holds no content.
struct ForgetReceipt {
  ErasureReceipt erased;
  std::vector<std::string> notes;  // what is left to the user: copies of the database from before a migration, ...
};
json::object to_json(const ForgetReceipt& receipt);

/// Thread: core.
class Forgetting {
 public:
  virtual ~Forgetting() = default;
  /// Memories (and with `messages` also messages) of this user that `text` is about, best first, at most `limit`. A
  /// text that stands in one word for word is about it; else the search decides. Changes nothing.
  virtual awaitable<Result<ForgetPlan>> find(std::string user_id, std::string text, WithMessages messages, std::uint32_t limit) = 0;
  /// What erase() would take. `ids`: of memories and messages. not_found: names the id that isn't this user's.
  virtual awaitable<Result<ForgetPlan>> plan(std::string user_id, std::vector<std::string> ids, WithMessages messages) = 0;
  /// Takes them away. Returns when nothing is left on disk; what a crash or an error interrupts is finished at the next
  /// start. not_found: nothing is taken. unavailable: the disk refuses; it goes on when it can.
  virtual awaitable<Result<ForgetReceipt>> erase(std::string user_id, std::vector<std::string> ids, WithMessages messages) = 0;

  /// Before anything is answered: what tombstones name in an older copy of the database, and what a crash interrupted, can't be
  /// found any more when this returns. Its last traces on disk go in the background.
  virtual awaitable<Result<void>> start() = 0;
  /// What is not done by then is taken up at the next start.
  virtual awaitable<void> stop(std::chrono::milliseconds limit) = 0;
};

/// What it works with. All outlive it.
struct ForgettingContext {
  asio::any_io_executor core;
  Store* store = nullptr;
  Embeddings* embeddings = nullptr;  // their indexes are dropped; null: there are none
  std::filesystem::path state_dir;   // where the database and its copies are
  Router* router = nullptr;          // its kept answers are dropped; null: there are none
};
std::unique_ptr<Forgetting> make_forgetting(ForgettingContext context);

}  // namespace hobd

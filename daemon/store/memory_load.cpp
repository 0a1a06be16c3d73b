#include "store/memory_changes.hpp"

#include "store/memory_heads.hpp"
#include "store/tombstones.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <unordered_map>

namespace hobd {
namespace {

/// The id under which a user keeps a memory whose own id is another user's: the same for the same two, so that a second
/// import finds it again. FNV-1a, twice.
std::string own_id(const std::string& user_id, const std::string& memory_id) {
  std::array<std::uint64_t, 2> hash = {14695981039346656037ULL, 1099511628211ULL * 31};
  for (const char c : user_id + "\n" + memory_id)
    for (std::uint64_t& part : hash) part = (part ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  std::array<char, 33> hex{};
  std::snprintf(hex.data(), hex.size(), "%016llx%016llx", static_cast<unsigned long long>(hash[0]),
                static_cast<unsigned long long>(hash[1]));
  return "mem_" + std::string(hex.data());
}

class Loading {
 public:
  Loading(WriteBatch& batch, const std::string& user_id, std::int64_t user, Tombstones tombstones, Time now)
      : batch_(batch), user_id_(user_id), user_(user), tombstones_(std::move(tombstones)), now_(now) {}

  /// Takes out what was forgotten: by the ids that the export gives, before they are replaced. Quotes of forgotten messages too.
  Result<void> drop_forgotten(std::vector<MemoryVersion>& versions) {
    if (tombstones_.empty()) return {};
    std::vector<MemoryVersion> kept;
    for (MemoryVersion& version : versions) {
      Memory& memory = version.memory;
      const Time since = memory.version_from == Time{} ? memory.recorded_at : memory.version_from;
      if (TRY(tombstones_.knows(Forgotten::memory, memory.id)) ||
          TRY(tombstones_.knows(Forgotten::memory_text, text_name(memory.text, kLeastMemoryTerms), since))) {
        ++done_.forgotten;
        continue;
      }
      std::vector<MemorySource> sources;
      for (MemorySource& source : memory.sources)
        if (!TRY(tombstones_.knows(Forgotten::message, source.message_id))) sources.push_back(std::move(source));
      memory.sources = std::move(sources);
      kept.push_back(std::move(version));
    }
    versions = std::move(kept);
    return {};
  }

  /// Gives the versions ids that are this user's to use.
  Result<void> choose_ids(std::vector<MemoryVersion>& versions) {
    std::unordered_map<std::string, std::string> chosen;
    for (MemoryVersion& version : versions) {
      Memory& memory = version.memory;
      if (memory.id.empty()) memory.id = make_own_id();
      auto known = chosen.find(memory.id);
      if (known == chosen.end()) known = chosen.emplace(memory.id, TRY(free_id(memory.id))).first;
      memory.id = known->second;
    }
    for (MemoryVersion& version : versions)
      if (const auto known = chosen.find(version.memory.superseded_by); known != chosen.end())
        version.memory.superseded_by = known->second;
    return {};
  }

  Result<void> add(MemoryVersion& version) {
    Memory& memory = version.memory;
    TRY(prepare_memory(memory));
    auto head = TRY(find_head(batch_.db, user_, memory.id));
    if (!head) head = TRY(make_head(batch_.db, user_, memory.id));
    if (TRY(holds(*head, memory.version))) {
      ++done_.duplicates;
      return {};
    }
    if (memory.recorded_at == Time{}) memory.recorded_at = memory.version_from == Time{} ? now_ : memory.version_from;
    if (memory.version_from == Time{}) memory.version_from = next_event(memory.recorded_at, *head);
    TRY(fit(*head, memory));
    const std::int64_t change = TRY(this_change());
    const std::int64_t row = TRY(insert_memory(batch_, memory, head->id, user_, change));
    const bool is_newest = memory.version > head->last_number;
    std::optional<std::int64_t> before;
    if (is_newest) before = TRY(followed_version(*head, memory));
    TRY(add_memory_entry(batch_.db, change, head->id, before, row, version.reason));
    // It has an end: it was removed then, until the next line says what followed.
    if (is_newest && memory.version_to) TRY(add_memory_entry(batch_.db, change, head->id, row, std::nullopt, ""));
    TRY(batch_.db.run("UPDATE memory_ids SET access_count = max(access_count, ?), "
                      "last_used_at = nullif(max(coalesce(last_used_at, 0), coalesce(?, 0)), 0) WHERE id = ?",
                      memory.access_count, memory.last_used_at, head->id));
    ++done_.versions;
    if (last_memory_ != head->id) ++done_.memories;
    last_memory_ = head->id;
    return {};
  }

  MemoryLoad done() const { return done_; }

 private:
  std::string make_own_id() { return own_id(user_id_, std::to_string(to_micros(now_)) + ":" + std::to_string(++unnamed_)); }

  Result<std::string> free_id(const std::string& memory_id) {
    auto rows = TRY(batch_.db.query("SELECT 1 FROM memory_ids WHERE mid = ? AND user <> ?", memory_id, user_));
    return TRY(rows.next()) ? own_id(user_id_, memory_id) : memory_id;
  }

  Result<bool> holds(const Head& head, std::int64_t number) {
    auto rows = TRY(batch_.db.query("SELECT 1 FROM memories WHERE memory = ? AND version = ?", head.id, number));
    return rows.next();
  }

  /// Keeps one latest version, and the memory's versions one behind the other.
  Result<void> fit(const Head& head, Memory& memory) {
    if (memory.version < head.last_number) {
      if (!memory.version_to) memory.version_to = memory.version_from;  // a later one is there
      return {};
    }
    if (!head.latest) return {};
    memory.version_from = next_event(memory.version_from, head);
    if (memory.version_to) memory.version_to = std::max(*memory.version_to, memory.version_from);
    return end_latest(batch_.db, head, memory.version_from);
  }

  /// The version that `memory` comes right behind, which therefore was not removed; none: it was, or there is none.
  Result<std::optional<std::int64_t>> followed_version(const Head& head, const Memory& memory) {
    if (head.latest) return head.latest;
    std::optional<std::int64_t> before;
    {
      auto rows = TRY(batch_.db.query("SELECT id FROM memories WHERE memory = ? AND version = ? AND version_to = ?", head.id,
                                      head.last_number, memory.version_from));
      if (TRY(rows.next())) before = rows.integer(0);
    }
    if (before)
      TRY(batch_.db.run("DELETE FROM memory_entries WHERE memory = ? AND old_version = ? AND new_version IS NULL", head.id, *before));
    return before;
  }

  Result<std::int64_t> this_change() {
    if (change_ > 0) return change_;
    MemoryChange change;
    change.user_id = user_id_;
    change.cause = "import";
    change.summary = "imported";
    change_ = TRY(add_memory_change(batch_.db, change, user_, now_));
    done_.change_id = change.id;
    return change_;
  }

  WriteBatch& batch_;
  const std::string& user_id_;
  std::int64_t user_;
  Tombstones tombstones_;
  Time now_;
  std::int64_t change_ = 0, last_memory_ = 0, unnamed_ = 0;
  MemoryLoad done_;
};

}  // namespace

Result<MemoryLoad> load_memories(WriteBatch& batch, const std::string& user_id, std::vector<MemoryVersion>& versions, Time now) {
  const std::int64_t user = TRY(user_row(batch.db, user_id));
  Loading loading(batch, user_id, user, TRY(tombstones_of(batch.db, user)), now);
  TRY(loading.drop_forgotten(versions));
  TRY(loading.choose_ids(versions));
  for (std::size_t i = 0; i < versions.size(); ++i) {
    const auto added = loading.add(versions[i]);
    if (added.has_error()) return added.error().with_context("memory " + std::to_string(i + 1));
  }
  return loading.done();
}

}  // namespace hobd

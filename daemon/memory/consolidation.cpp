#include "memory/consolidation.hpp"

#include "base/fault.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "memory/learning.hpp"
#include "memory/waiting.hpp"
#include "store/consolidations.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <openssl/sha.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <set>

namespace hobd {
namespace {

using std::chrono::milliseconds;
using MemoryList = std::shared_ptr<const std::vector<Memory>>;

constexpr std::chrono::seconds kLookEvery{30};
constexpr std::size_t kMostMemories = 20'000;
constexpr std::size_t kMostModelCalls = 3;
constexpr milliseconds kModelDeadline{60'000};
/// How many undone operations of earlier runs are kept in mind.
constexpr std::size_t kMostUndone = 2'000;

/// Of what a plan goes by; fades count in steps of an eighth of the half-life.
std::string digest_of(const std::vector<Memory>& memories, Time now, milliseconds half_life) {
  std::string all = std::to_string(now.time_since_epoch() / std::max<Duration>(Duration(half_life) / 8, std::chrono::hours(1)));
  for (const Memory& memory : memories) all += "\n" + memory.id + " " + std::to_string(memory.version) + " " + std::to_string(memory.access_count);
  unsigned char bytes[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(all.data()), all.size(), bytes);
  std::string hex;
  for (const unsigned char byte : bytes) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

/// The local day and minute.
struct LocalTime {
  int day = 0, minute = 0;
};
LocalTime local_time(Time now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::time_point_cast<std::chrono::system_clock::duration>(now));
  std::tm parts{};
  localtime_r(&seconds, &parts);
  return {parts.tm_year * 400 + parts.tm_yday, parts.tm_hour * 60 + parts.tm_min};
}

/// "03:30", checked when the configuration was read.
int minute_of_day(std::string_view at) {
  const auto parts = split(at, ':');
  if (parts.size() != 2) return 0;
  return std::atoi(std::string(parts[0]).c_str()) * 60 + std::atoi(std::string(parts[1]).c_str());
}

awaitable<ConsolidationPlan> plan_there(MemoryList current, ConsolidationLimits limits) {
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), 15);  // this thread's
  co_return plan_consolidation(*current, limits);
}

class Sleeper final : public Consolidation {
 public:
  explicit Sleeper(ConsolidationContext context) : c_(std::move(context)), store_(*c_.store), tasks_(c_.core) {}

  awaitable<Result<ConsolidationReport>> run(std::string user_id, DryRun dry_run) override {
    if (!running_.insert(user_id).second) co_return Error{Code::overloaded, "your memories are being consolidated: wait for its end"};
    const Running mark{running_, user_id};
    co_return co_await run_alone(user_id, dry_run);
  }

  void touch(const std::string& user_id) override { active_[user_id] = c_.clock->steady(); }

  void start() override {
    const LocalTime now = local_time(c_.clock->now());
    // A start in the afternoon doesn't make up for the night.
    if (now.minute >= minute_of_day(c_.config()->memory.consolidate_at)) last_day_ = now.day;
    tasks_.spawn("consolidation", look_again_and_again());
  }

  awaitable<void> look() override {
    const std::vector<std::string> users = co_await due();
    for (const std::string& user_id : users) {
      const auto report = co_await run(user_id, DryRun::no);
      if (report.has_error())
        log::warn("memory", "consolidation: {}", report.error().message);
      else if (!report->run_id.empty())
        log::info("memory", "consolidation {}: {} operations", report->run_id, report->ops.size());
    }
  }

  awaitable<void> stop(milliseconds limit) override {
    tasks_.cancel();
    co_await tasks_.async_wait(limit);
  }

 private:
  struct Running {
    std::set<std::string>& all;
    std::string user_id;
    ~Running() { all.erase(user_id); }
  };

  awaitable<void> look_again_and_again() {
    asio::steady_timer timer(c_.core);
    if (const auto waiting = co_await store_.consolidations().unfinished(); waiting.has_value())
      for (const ConsolidationRecord& one : *waiting) (void)co_await run(one.user_id, DryRun::no);
    while (true) {
      timer.expires_after(kLookEvery);
      co_await timer.async_wait(asio::use_awaitable);
      co_await look();
    }
  }

  awaitable<std::vector<std::string>> due() {
    std::vector<std::string> users;
    const auto config = c_.config();
    for (auto one = active_.begin(); one != active_.end();) {
      if (c_.clock->steady() - one->second < config->memory.consolidate_idle) {
        ++one;
        continue;
      }
      users.push_back(one->first);
      one = active_.erase(one);
    }
    const LocalTime now = local_time(c_.clock->now());
    if (now.day != last_day_ && now.minute >= minute_of_day(config->memory.consolidate_at)) {
      last_day_ = now.day;
      if (const auto all = co_await store_.users().list(); all.has_value())
        for (const User& user : *all)
          if (std::find(users.begin(), users.end(), user.id) == users.end()) users.push_back(user.id);
    }
    co_return users;
  }

  awaitable<Result<ConsolidationReport>> run_alone(std::string user_id, DryRun dry_run) {
    ConsolidationReport report;
    if (c_.learning && dry_run == DryRun::no) CO_CHECK(co_await c_.learning->catch_up(user_id));
    const milliseconds half_life = c_.config()->memory.half_life;
    CO_TRY(const MemoryList current, co_await load(user_id));
    const auto last = co_await store_.consolidations().last(user_id);
    if (last.has_value() && last->digest == digest_of(*current, c_.clock->now(), half_life)) {
      report.skipped = "nothing changed since " + format_time(*last->ended_at);
      co_return report;
    }
    ConsolidationLimits limits{.now = c_.clock->now(), .half_life = half_life, .has_model = has_model(), .most_removed = current->size() / 4, .not_again = {}};
    CO_TRY(limits.not_again, co_await undone_before(user_id));
    ConsolidationRecord record;
    if (dry_run == DryRun::no) {
      CO_TRY(record, co_await store_.consolidations().begin(user_id, static_cast<std::int64_t>(limits.most_removed)));
      CO_TRY(limits.most_removed, co_await still_to_remove(record));
      fault_point("consolidation.after_begin");
    }
    // A pool of one thread while it is needed.
    asio::thread_pool pool(1);
    auto planning = plan_there(current, limits);
    ConsolidationPlan plan = co_await asio::co_spawn(pool.get_executor(), std::move(planning), asio::use_awaitable);
    report.left_for_later = plan.left_for_later;
    note_before(report, *current, plan);
    if (dry_run == DryRun::yes) {
      report.ops = std::move(plan.ops);
      co_return report;
    }
    CO_CHECK(co_await apply(record, plan, report));
    CO_TRY(const MemoryList left, co_await load(user_id));
    // What is left for later is a reason to come again.
    const std::string digest = report.left_for_later > 0 ? std::string() : digest_of(*left, c_.clock->now(), half_life);
    CO_CHECK(co_await store_.consolidations().end(record.id, static_cast<std::int64_t>(report.ops.size()), digest));
    if (!report.ops.empty()) report.run_id = record.id;
    co_return report;
  }

  awaitable<Result<void>> apply(const ConsolidationRecord& record, ConsolidationPlan& plan, ConsolidationReport& report) {
    std::size_t calls = 0;
    for (ConsolidationOp& op : plan.ops) {
      if (op.kind == ConsolidationOp::Kind::episode) {
        const CallFor call = call_for(record.user_id);
        Leave leave = Leave::without;
        if (calls < kMostModelCalls && has_model()) leave = co_await leave_to_call(c_.spare, call);
        if (leave == Leave::ask) {
          ++calls;
          leave = co_await put_into_words(call, op);
        }
        if (leave == Leave::later) {
          ++report.left_for_later;
          continue;
        }
        // What was forgotten or changed meanwhile must not come back in the day's text.
        if (!co_await are_unchanged(record.user_id, op.events)) {
          ++report.refused;
          continue;
        }
      }
      MemoryChange change;
      change.user_id = record.user_id;
      change.cause = "consolidation";
      change.run_id = record.id;
      change.summary = op.key;
      change.edits = op.edits;
      const auto applied = co_await store_.memories().apply(std::move(change), Durability::journaled);
      fault_point("consolidation.after_change");
      if (applied.has_value()) {
        if (op.kind == ConsolidationOp::Kind::episode && !applied->empty()) op.edits.front().memory.id = applied->front().id;
        report.ops.push_back(std::move(op));
      } else if (applied.error().code == Code::overloaded || applied.error().code == Code::invalid) {
        ++report.refused;
      } else {
        co_return applied.error();
      }
    }
    co_return Result<void>{};
  }

  static CallFor call_for(const std::string& user_id) {
    CallFor call;
    call.user_id = user_id;
    call.purpose = Purpose::consolidation;
    call.is_background = true;
    return call;
  }

  /// later: no call could be made now.
  awaitable<Leave> put_into_words(CallFor call, ConsolidationOp& op) {
    ModelRequest request;
    request.model = background_model(*c_.config());
    request.call = call;
    request.chat = episode_chat(op.events, c_.config()->memory.pii_redact_model);
    request.deadline = kModelDeadline;
    std::function<void(std::string_view)> on_delta = [](std::string_view) {};
    const auto answer = co_await c_.router->complete(std::move(request), std::move(on_delta));
    if (answer.has_error()) {
      const Leave leave = co_await leave_to_call(c_.spare, call);
      const bool waits = leave == Leave::later || waits_for_room(c_.spare, answer.error());
      co_return waits ? Leave::later : Leave::without;  // the extract stands
    }
    auto text = checked_episode(answer->text, op.events);
    if (text.has_value()) op.edits.front().memory.text = *std::move(text);
    co_return Leave::ask;
  }

  awaitable<bool> are_unchanged(std::string user_id, const std::vector<Memory>& events) {
    std::vector<std::string> ids;
    for (const Memory& event : events) ids.push_back(event.id);
    const auto now = co_await store_.memories().find_all(std::move(user_id), std::move(ids));
    if (now.has_error() || now->size() != events.size()) co_return false;
    for (std::size_t i = 0; i < events.size(); ++i)
      if ((*now)[i].id != events[i].id || (*now)[i].text != events[i].text) co_return false;
    co_return true;
  }

  awaitable<Result<MemoryList>> load(std::string user_id) {
    auto all = std::make_shared<std::vector<Memory>>();
    PageRequest page{.limit = 500, .cursor = {}};
    do {
      MemoryFilter filter;
      CO_TRY(Page<Memory> found, co_await store_.memories().list(user_id, std::move(filter), page));
      std::move(found.items.begin(), found.items.end(), std::back_inserter(*all));
      page.cursor = std::move(found.next);
    } while (!page.cursor.empty() && all->size() < kMostMemories);
    // Newest first is how they come; plans go by the order of their making.
    std::sort(all->begin(), all->end(), [](const Memory& a, const Memory& b) { return a.id < b.id; });
    co_return MemoryList(std::move(all));
  }

  /// Keys of operations of earlier runs that a person took back.
  awaitable<Result<std::set<std::string>>> undone_before(std::string user_id) {
    std::set<std::string> keys;
    std::size_t seen = 0;
    PageRequest page{.limit = 500, .cursor = {}};
    do {
      CO_TRY(Page<MemoryChange> changes, co_await store_.memories().changes(user_id, std::string(), page));
      for (const MemoryChange& change : changes.items)
        if (change.cause == "consolidation" && !change.undone_by.empty()) keys.insert(change.summary);
      seen += changes.items.size();
      page.cursor = std::move(changes.next);
    } while (!page.cursor.empty() && seen < kMostUndone * 5 && keys.size() < kMostUndone);
    co_return keys;
  }

  /// Of a run's bound, what its changes from before a crash have left.
  awaitable<Result<std::size_t>> still_to_remove(const ConsolidationRecord& record) {
    std::int64_t removed = 0;
    PageRequest page{.limit = 500, .cursor = {}};
    do {
      CO_TRY(Page<MemoryChange> changes, co_await store_.memories().changes(record.user_id, record.id, page));
      for (const MemoryChange& change : changes.items)
        removed += change.summary.starts_with("merged ") || change.summary.starts_with("ended ") || change.summary.starts_with("pruned ");
      page.cursor = std::move(changes.next);
    } while (!page.cursor.empty());
    co_return static_cast<std::size_t>(std::max<std::int64_t>(0, record.most_removed - removed));
  }

  static void note_before(ConsolidationReport& report, const std::vector<Memory>& current, const ConsolidationPlan& plan) {
    std::set<std::string_view> wanted;
    for (const ConsolidationOp& op : plan.ops)
      for (const MemoryEdit& edit : op.edits) wanted.insert(edit.memory.id);
    for (const Memory& memory : current)
      if (wanted.contains(memory.id)) report.before.push_back(memory);
  }

  /// Whether a model may be asked at all, now or later.
  bool has_model() const {
    if (!c_.router || !c_.router->has_model()) return false;
    if (!c_.spare.lane) return true;
    const Result<void> open = c_.spare.lane->is_open();
    return open.has_value() || open.error().code != Code::unavailable;
  }

  ConsolidationContext c_;
  Store& store_;
  std::set<std::string> running_;
  std::map<std::string, std::chrono::steady_clock::time_point> active_;
  int last_day_ = -1;
  TaskGroup tasks_;
};

}  // namespace

json::object to_json(const ConsolidationReport& report) {
  json::array diff;
  for (const ConsolidationOp& op : report.ops)
    for (const MemoryEdit& edit : op.edits) {
      json::object before, after;
      const auto known = std::find_if(report.before.begin(), report.before.end(), [&](const Memory& memory) { return memory.id == edit.memory.id; });
      if (known != report.before.end()) before = to_json(*known);
      if (edit.kind == MemoryEdit::Kind::put) after = to_json(edit.memory);
      json::object old_values, new_values;
      for (const char* member : {"text", "kind", "importance", "topics", "people", "sources", "valid_from", "valid_to", "superseded_by"}) {
        const json::value* a = before.if_contains(member);
        const json::value* b = after.if_contains(member);
        if (a && b && *a == *b && std::string_view(member) != "text") continue;
        if (a) old_values[member] = *a;
        if (b) new_values[member] = *b;
      }
      diff.push_back(json::object{{"op", consolidation_op_name(op.kind)},
                                  {"id", edit.memory.id},
                                  {"before", before.empty() ? json::value(nullptr) : json::value(std::move(old_values))},
                                  {"after", after.empty() ? json::value(nullptr) : json::value(std::move(new_values))},
                                  {"reason", edit.reason}});
    }
  json::object object{{"run_id", report.run_id.empty() ? json::value(nullptr) : json::value(report.run_id)},
                      {"skipped", report.skipped.empty() ? json::value(nullptr) : json::value(report.skipped)}};
  object["diff"] = std::move(diff);
  object["refused"] = report.refused;
  object["left_for_later"] = report.left_for_later;
  return object;
}

std::unique_ptr<Consolidation> make_consolidation(ConsolidationContext context) { return std::make_unique<Sleeper>(std::move(context)); }

}  // namespace hobd

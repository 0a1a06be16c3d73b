// How the registry changes: a round looks at the files, decides for each instance, starts what is new beside what
// serves, and puts it in its place in one step.
#include "plugins/local_registry.hpp"

#include "plugins/tool_description.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace hobd {
namespace {

/// Another path is another route table: the instance is made anew.
bool same_paths(const std::vector<RouteManifest>& a, const std::vector<RouteManifest>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const RouteManifest& x, const RouteManifest& y) { return x.path == y.path; });
}

constexpr std::string_view kPart = "plugins";
constexpr std::chrono::milliseconds kStartLimit{10'000};    // load, activate and describe all
constexpr std::chrono::milliseconds kStopLimit{5'000};      // a replaced instance, once its calls have ended
constexpr std::chrono::milliseconds kDescribeLimit{5'000};  // tool describe()
constexpr std::chrono::minutes kRetiredFor{10};             // longer than anybody holds a pointer to one

using Outcome = PluginChange::Outcome;

std::string_view isolation_name(Isolation isolation) { return isolation == Isolation::none ? "none" : "process"; }

/// What a start brings up is in the log's other lines already.
void log_changes(const std::vector<PluginChange>& changes, bool is_start) {
  for (const PluginChange& change : changes) {
    const std::string_view part = change.instance.empty() ? kPart : std::string_view(change.instance);
    if (change.outcome == Outcome::unsupported)
      log::warn(part, "{}", change.text);
    else if (change.is_fault())
      log::error(part, "{}", change.text);
    else if (change.outcome != Outcome::unchanged && !is_start)
      log::info(part, "{}: {}", outcome_name(change.outcome), change.text);
  }
}

}  // namespace

struct LocalRegistry::Round {
  std::shared_ptr<const Config> config;
  Cause cause;
  std::string only;  // an instance or a plugin's id; "": all
  std::shared_ptr<Discovery> found;
  std::map<std::string, std::string, std::less<>> unreadable;  // running instances whose manifest can't be read now, why
  std::set<std::string, std::less<>> staying;                  // instances that stay or come
  std::vector<StartingPtr> starting;
  std::vector<InstancePtr> leaving;
  std::vector<PluginChange> changes;

  bool is_meant(std::string_view instance, std::string_view plugin) const {
    return only.empty() || only == instance || only == plugin;
  }
  void add(const std::string& instance, const std::string& plugin, Outcome outcome, std::string text) {
    changes.push_back({instance, plugin, outcome, std::move(text)});
  }
};

awaitable<std::vector<PluginChange>> LocalRegistry::apply(std::shared_ptr<const Config> config, Cause cause, std::string only) {
  if (stopping_) co_return std::vector<PluginChange>{};
  Round round;
  round.config = std::move(config);
  round.cause = cause;
  round.only = std::move(only);
  follow_files(*round.config);  // before the look, so that nothing falls between
  round.found = std::make_shared<Discovery>(discover_plugins(context_.bundled_paths, round.config->plugins.paths));
  keep_unreadable(round);
  log_new_faults(*round.found);
  Wanted wanted = wanted_instances(*round.config, *round.found, switched_off_);
  consider_missing(round, wanted);
  for (WantedInstance& want : wanted.instances) co_await consider(round, std::move(want));
  co_await prepare_all(round);
  if (stopping_) co_return std::move(round.changes);  // stop() has seen to them
  for (const StartingPtr& starting : round.starting)
    if (starting->old && !starting->result.has_error()) co_await switch_channel(starting);
  starting_.clear();
  if (stopping_) {
    for (const StartingPtr& starting : round.starting) retire(starting->entry.instance);
    co_return std::move(round.changes);
  }
  // From here to the end without a wait: nobody sees half of a change.
  swap(round);
  leave(round, wanted);
  const bool is_start = config_ == nullptr;
  config_ = round.config;
  found_ = round.found;
  remember_missing(wanted);
  index();
  for (InstancePtr& instance : round.leaving) retire(std::move(instance));
  log_changes(round.changes, is_start);
  co_return std::move(round.changes);
}

/// A manifest that can't be read any more takes no running plugin down: the one it was started with stands.
void LocalRegistry::keep_unreadable(Round& round) const {
  Discovery& found = *round.found;
  for (const auto& [name, entry] : instances_) {
    const Manifest& manifest = entry.instance->manifest();
    const auto refused = found.refused.find(manifest.file);
    if (refused == found.refused.end() || !is_serving(entry.instance->state())) continue;
    if (!found.plugins.try_emplace(manifest.id, manifest).second) continue;  // another folder has it now
    round.unreadable.emplace(name, refused->second.message);
    std::erase_if(found.faults, [&](const Error& fault) { return fault.message == refused->second.message; });
  }
}

void LocalRegistry::log_new_faults(const Discovery& found) const {
  for (const Error& fault : found.faults) {
    const bool is_known = found_ && std::any_of(found_->faults.begin(), found_->faults.end(),
                                                [&](const Error& known) { return known.message == fault.message; });
    if (!is_known) log::error(kPart, "{}", fault.message);
  }
}

/// The old one stays, and `refusal` says why. Said again only when it is news or the owner asks.
void LocalRegistry::note_kept(Round& round, const std::string& name, const std::string& plugin, Refusal refusal) {
  const auto known = refusals_.find(name);
  const bool is_news = known == refusals_.end() || known->second.why != refusal.why;
  if (is_news || round.cause != Cause::files) round.add(name, plugin, Outcome::kept, refusal.why);
  refusals_.insert_or_assign(name, std::move(refusal));
}

void LocalRegistry::consider_missing(Round& round, const Wanted& wanted) {
  for (const auto& [name, error] : wanted.missing) {
    if (error.code == Code::unavailable) continue;  // switched off
    const auto running = instances_.find(name);
    if (running == instances_.end()) {
      const bool is_known = std::any_of(missing_.begin(), missing_.end(), [&, n = name, e = error](const PluginReport& report) {
        return report.instance == n && report.reason == e.message;
      });
      if (round.is_meant(name, name) && (!is_known || round.cause != Cause::files))
        round.add(name, name, Outcome::failed, error.message);
      continue;
    }
    const Manifest& manifest = running->second.instance->manifest();
    std::error_code ignored;
    if (!std::filesystem::exists(manifest.file, ignored)) continue;  // taken away on purpose: it leaves
    // Settings that don't fit leave the running instance as it is.
    round.staying.insert(name);
    if (round.is_meant(name, manifest.id))
      note_kept(round, name, manifest.id,
                {{}, {}, Isolation::none, fmt::format("{}; the one before keeps serving", error.message)});
  }
}

bool LocalRegistry::is_stale_library(const Manifest& manifest, const Fingerprint& files) const {
  const auto mapped = mapped_.find(manifest.code);
  return manifest.language == Manifest::Language::native && mapped != mapped_.end() && mapped->second != files.code &&
         is_library_mapped(manifest.code);
}

awaitable<void> LocalRegistry::consider(Round& round, WantedInstance want) {
  const Manifest& manifest = *want.manifest;
  round.staying.insert(want.name);
  if (!round.is_meant(want.name, manifest.id)) co_return;
  if (const auto unreadable = round.unreadable.find(want.name); unreadable != round.unreadable.end()) {
    note_kept(round, want.name, manifest.id,
              {{}, {}, Isolation::none, fmt::format("its changed files are not used: {}; the one before keeps serving", unreadable->second)});
    co_return;
  }
  Refusal attempt{fingerprint_of(manifest), want.settings, isolation_of(manifest, *round.config), {}};
  const bool by_owner = round.cause == Cause::owner;
  const bool is_stale = attempt.isolation == Isolation::none && is_stale_library(manifest, attempt.files);
  const auto running = instances_.find(want.name);
  if (running == instances_.end()) {
    if (!is_stale) {
      begin(round, std::move(want), nullptr, attempt.files, attempt.isolation);
      co_return;
    }
    round.add(want.name, manifest.id, Outcome::failed,
              "its library changed since it was loaded into hobd, which can't load it again: restart hobd");
    co_return;
  }
  Entry& entry = running->second;
  const bool is_same = entry.instance->manifest().id == manifest.id;
  const bool has_new_files = entry.files != attempt.files;
  const bool has_new_settings = entry.instance->settings() != want.settings;
  const bool has_new_isolation = entry.instance->isolation() != isolation_name(attempt.isolation);
  const bool is_new = !is_same || has_new_files || has_new_settings || has_new_isolation;
  const bool serves = is_serving(entry.instance->state());
  if (!serves && !is_stale) {
    // A new config may have mended what failed; only the owner's word or a change releases one from quarantine.
    const bool again = by_owner || is_new || (round.cause == Cause::config && !entry.instance->is_quarantined());
    if (again) begin(round, std::move(want), nullptr, attempt.files, attempt.isolation);
    co_return;
  }
  if (serves && !by_owner && !is_new) {
    refusals_.erase(want.name);  // what was tried is gone from the disk
    co_return;
  }
  const auto refused = refusals_.find(want.name);
  if (round.cause == Cause::files && refused != refusals_.end() && refused->second.files == attempt.files &&
      refused->second.settings == attempt.settings && refused->second.isolation == attempt.isolation)
    co_return;
  const bool takes_settings = serves && is_same && entry.instance->offers(HOB_EXT_CONFIG) &&
                              same_paths(entry.instance->manifest().routes, want.routes);
  if (is_stale) {
    if (has_new_settings && takes_settings) co_await configure(round, entry, want, attempt);
    attempt.why = fmt::format("its library changed, and one that runs inside hobd can't be replaced there: restart hobd, or give "
                              "it a process of its own with plugins.isolation: {{{}: process}}", manifest.id);
    round.add(want.name, manifest.id, Outcome::unsupported, attempt.why);
    refusals_.insert_or_assign(want.name, std::move(attempt));
    co_return;
  }
  if (takes_settings && has_new_settings && !has_new_files && !has_new_isolation && !by_owner) {
    co_await configure(round, entry, want, attempt);
    co_return;
  }
  begin(round, std::move(want), entry.instance, attempt.files, attempt.isolation);
}

awaitable<void> LocalRegistry::configure(Round& round, Entry& entry, const WantedInstance& want, const Refusal& attempt) {
  const InstancePtr instance = entry.instance;
  const Result<void> taken = co_await instance->async_configure(want.settings);
  if (!taken.has_error()) {
    refusals_.erase(want.name);
    round.add(want.name, want.manifest->id, Outcome::configured, "it took its changed settings");
    co_return;
  }
  Refusal refusal = attempt;
  refusal.why = fmt::format("{}: {}; the settings before stay", want.key, taken.error().message);
  note_kept(round, want.name, want.manifest->id, std::move(refusal));
}

// ---- starting what is new ----

void LocalRegistry::begin(Round& round, WantedInstance want, InstancePtr old, const Fingerprint& files, Isolation isolation) {
  const Manifest& manifest = *want.manifest;
  if (isolation == Isolation::none && manifest.language == Manifest::Language::native && !is_library_mapped(manifest.code))
    mapped_[manifest.code] = files.code;
  const auto starting = std::make_shared<Starting>();
  starting->entry = {make(want, manifest, isolation), files, {}};
  starting->want = std::move(want);
  starting->isolation = isolation;
  starting->old = std::move(old);
  round.starting.push_back(starting);
  starting_.push_back(starting);
}

/// Loads, activates and describes; the first of its name then opens its channel.
awaitable<void> LocalRegistry::prepare(StartingPtr starting) {
  ManagedInstance& instance = *starting->entry.instance;
  Result<void> result = co_await instance.async_prepare();
  if (!result.has_error() && instance.manifest().has_kind("tool")) {
    PluginCall call;
    call.extension = HOB_EXT_TOOL;
    call.function = "describe";
    call.deadline = kDescribeLimit;
    const Result<std::string> answer = co_await instance.async_call(std::move(call));
    Result<std::vector<ToolManifest>> tools =
        answer.has_error() ? Result<std::vector<ToolManifest>>(answer.error().with_context("describe"))
                           : describe_tools(instance.manifest(), instance.name(), *answer);
    if (!tools.has_error())
      starting->entry.tools = *std::move(tools);
    else if (starting->old)
      result = tools.error();
    else
      log::error(instance.name(), "{}", tools.error().message);  // its other kinds may serve
  }
  starting->result = std::move(result);
  starting->is_prepared = true;
  if (!starting->old && !starting->result.has_error()) {
    const Result<void> opened = co_await instance.async_open_channel();
    if (opened.has_error()) log::error(instance.name(), "{}", opened.error().message);
  }
  starting->is_over = true;
  starting->bell->cancel();
}

awaitable<void> LocalRegistry::prepare_all(Round& round) {
  if (round.starting.empty() || stopping_) co_return;
  const auto bell = std::make_shared<asio::steady_timer>(context_.core, kStartLimit);
  for (const StartingPtr& starting : round.starting) {
    starting->bell = bell;
    tasks_.spawn("start plugin " + starting->want.name, prepare(starting));
  }
  const auto is_over = [&] {
    return std::all_of(round.starting.begin(), round.starting.end(), [](const StartingPtr& s) { return s->is_over; });
  };
  while (!is_over() && !stopping_ && bell->expiry() > std::chrono::steady_clock::now()) {
    boost::system::error_code ignored;  // cancelled: one more is over, or stop() was called
    co_await bell->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (stopping_) co_return;
  for (const StartingPtr& starting : round.starting) {
    if (starting->is_prepared) continue;
    const std::string why = fmt::format("not ready after {} ms", kStartLimit.count());
    if (starting->entry.instance->state() == InstanceState::starting) starting->entry.instance->give_up(why);
    starting->result = Error{Code::timeout, why};
  }
}

/// One transport at a time, unless the manifest says that two may overlap. Events that both deliver are told apart by
/// their ids; messages to send wait in the outbox while no channel is open. When the new one's doesn't open, the old
/// one's is opened again.
awaitable<void> LocalRegistry::switch_channel(StartingPtr starting) {
  const InstancePtr fresh = starting->entry.instance, old = starting->old;
  if (!fresh->is_channel() && !old->is_channel()) co_return;
  const bool overlaps = fresh->manifest().channel && fresh->manifest().channel->overlap;
  if (!overlaps) co_await old->async_shut_channel(kStopLimit * 2);
  const Result<void> opened = co_await fresh->async_open_channel();
  if (!opened.has_error()) co_return;
  starting->result = opened.error();
  if (overlaps) co_return;
  const Result<void> again = co_await old->async_open_channel();
  if (again.has_error()) log::error(old->name(), "after a change that failed: {}", again.error().message);
}

// ---- the one step ----

void LocalRegistry::swap(Round& round) {
  for (const StartingPtr& starting : round.starting) {
    const std::string& name = starting->want.name;
    const Manifest& manifest = starting->entry.instance->manifest();
    if (starting->result.has_error() && starting->old) {
      note_kept(round, name, manifest.id,
                {starting->entry.files, starting->want.settings, starting->isolation,
                 fmt::format("its changed files or settings are not used: {}; the one before keeps serving",
                             starting->result.error().message)});
      round.leaving.push_back(starting->entry.instance);
      continue;
    }
    refusals_.erase(name);
    if (starting->result.has_error())
      round.add(name, manifest.id, Outcome::failed, starting->result.error().message);
    else if (starting->old)
      round.add(name, manifest.id, Outcome::reloaded,
                fmt::format("version {} serves in the place of {}{}", manifest.version, starting->old->manifest().version,
                            starting->old->stats().in_flight > 0
                                ? fmt::format(", which finishes {} calls", starting->old->stats().in_flight)
                                : std::string()));
    else
      round.add(name, manifest.id, Outcome::started, fmt::format("version {} serves", manifest.version));
    Entry& slot = instances_[name];
    if (slot.instance) round.leaving.push_back(slot.instance);
    slot = starting->entry;
  }
}

void LocalRegistry::leave(Round& round, const Wanted& wanted) {
  for (auto it = instances_.begin(); it != instances_.end();) {
    const std::string& name = it->first;
    const std::string plugin = it->second.instance->manifest().id;
    if (round.staying.contains(name) || !round.is_meant(name, plugin)) {
      ++it;
      continue;
    }
    const auto missing = std::find_if(wanted.missing.begin(), wanted.missing.end(),
                                      [&](const auto& entry) { return entry.first == name || entry.first == plugin; });
    round.add(name, plugin, Outcome::stopped,
              missing == wanted.missing.end() ? "nothing asks for it any more" : missing->second.message);
    refusals_.erase(name);
    round.leaving.push_back(it->second.instance);
    it = instances_.erase(it);
  }
}

void LocalRegistry::retire(InstancePtr instance) {
  const auto now = std::chrono::steady_clock::now();
  // What runs native code inside the daemon stays: threads of the plugin's own may still use its host.
  std::erase_if(retired_, [&](const Retired& retired) {
    const ManagedInstance& old = *retired.instance;
    const bool is_walled = old.isolation() != "none" || old.manifest().language == Manifest::Language::lua;
    return is_walled && now - retired.at > kRetiredFor && retired.instance.use_count() == 1 &&
           (old.state() == InstanceState::stopped || old.state() == InstanceState::failed);
  });
  tasks_.spawn("drain plugin " + instance->name(), instance->async_retire(context_.drain, kStopLimit));
  retired_.push_back({std::move(instance), now});
}

}  // namespace hobd

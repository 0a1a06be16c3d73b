// Calls whose callers came with a key: when it is revoked or ends, so do they.
#pragma once

#include "base/clock.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace hobd {

class LiveCall {
 public:
  virtual ~LiveCall() = default;
  /// Ends the call, whatever it is at: 401 before an answer, a cut within one, close code 1008 on a WebSocket.
  virtual void end_early(std::string_view why) = 0;
};

/// The table of them; as many as there are open requests. Core thread.
class LiveCalls {
 public:
  std::uint64_t add(std::string credential, std::optional<Time> expires_at, std::weak_ptr<LiveCall> call);
  void remove(std::uint64_t id);
  std::set<std::string> credentials() const;
  /// The next end of a key that a call depends on.
  std::optional<Time> next_expiry() const;

  /// Ends all calls that came with `credential`.
  void end(std::string_view credential, std::string_view why);
  void end_expired(Time now);

 private:
  struct Entry {
    std::string credential;
    std::optional<Time> expires_at;
    std::weak_ptr<LiveCall> call;  // weak: the call belongs to the plugin's instance and takes itself out
  };
  template <class Predicate>
  void end_where(Predicate predicate, std::string_view why);

  std::map<std::uint64_t, Entry> calls_;
  std::multiset<Time> expiries_;
  std::uint64_t last_ = 0;
};

}  // namespace hobd

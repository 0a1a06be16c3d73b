// Which limits bind a call: those of the configuration, and above them those set at run time.
#pragma once

#include "config/config.hpp"
#include "store/ledger.hpp"

#include <memory>

namespace hobd {

/// A limit's two sides; -1: none.
struct BudgetCaps {
  std::int64_t nano = -1, tokens = -1;
  bool is_set = false;  // one of them at run time
  bool any() const { return nano >= 0 || tokens >= 0; }
};

/// Thread: core.
class BudgetLimits {
 public:
  void set_config(std::shared_ptr<const Config> config) { config_ = std::move(config); }
  void set_rows(std::vector<BudgetLimit> rows) { rows_ = std::move(rows); }
  /// As Ledger::put_limit.
  void put(const BudgetLimit& limit);
  const std::vector<BudgetLimit>& rows() const { return rows_; }

  /// `window`: day | month. name "*": what holds for those without a limit of their own.
  BudgetCaps caps(std::string_view scope, std::string_view name, std::string_view window) const;
  /// All accounts that a call is booked on, also those without a cap: so a limit set in the middle of a window knows what was
  /// spent in it.
  std::vector<Account> accounts(const CallFor& call, const std::vector<std::string>& windows) const;

 private:
  const BudgetLimit* row(std::string_view scope, std::string_view name, std::string_view window) const;
  BudgetCaps configured(std::string_view scope, std::string_view window) const;

  std::shared_ptr<const Config> config_;  // shared: held over a reload
  std::vector<BudgetLimit> rows_;
};

/// invalid: no such scope or window, a name where there is none or none where one must be, an amount outside 0..1,000,000 USD.
Result<void> check_limit(const BudgetLimit& limit);
/// Part of a cap; -1 stays none.
std::int64_t share_of(std::int64_t cap, double share);
/// "day 2026-11-21" -> "day"
std::string_view window_kind(std::string_view label);

}  // namespace hobd

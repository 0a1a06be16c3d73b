// What models cost and hold: the table of config/models.json, compiled in, with models.prices of the configuration over it.
#pragma once

#include "config/config.hpp"
#include "store/records.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace hobd {

/// One model as Hob reckons with it.
struct ModelCard {
  enum class Known {
    table,       // config/models.json
    configured,  // models.prices
    local,       // its server stands on this machine and has no key: it costs nothing
    unknown      // priced as the dearest model of the table
  } known = Known::unknown;
  double input = 0, output = 0, cached = 0, cache_write = 0;  // USD per million tokens
  std::int64_t context_window = 0, max_output = 0;            // tokens; 0: not known
  bool is_free() const { return input <= 0 && output <= 0 && cached <= 0 && cache_write <= 0; }
};

/// Thread: core.
class PriceTable {
 public:
  explicit PriceTable(std::shared_ptr<const Config> config);
  void set_config(std::shared_ptr<const Config> config);
  /// The card of "<provider>/<model>". A model's dated and "latest" names, and names with a vendor's prefix, mean the same model.
  /// The first time that an unknown model is asked for, the log says how it is priced.
  const ModelCard& find(std::string_view name) const;
  /// USD for what was used; cached and written tokens at their own prices. Absurd counts (negative, more cached than read) are
  /// bounded first.
  double cost(const ModelCard& card, const Usage& usage) const;

 private:
  struct Cards;
  std::shared_ptr<Cards> cards_;  // shared_ptr for the incomplete type
};

/// "its price is not known: reckoned as the dearest, ...": of an unknown model, with the line to write.
std::string price_advice(std::string_view name, const ModelCard& card);

/// Tokens of a text, counted high: no known tokenizer makes more of usual text. Linear.
std::int64_t count_tokens_high(std::string_view text);
/// The same for a chat request of sdk/include/hob/ext/provider.h: messages, tools, images.
std::int64_t count_request_tokens_high(const json::object& chat);
/// What one of its messages adds to that.
std::int64_t count_message_tokens_high(const json::value& message);

}  // namespace hobd

// Asking an embedder plugin: what it is, and for vectors. What comes back is checked before anybody relies on it.
#pragma once

#include "models/background.hpp"
#include "plugins/registry.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace hobd {

/// An embedder that models.tiers.embed names, as it described itself.
struct EmbedderCard {
  std::string entry;     // as the tier names it: "embedder_static", "local/text-embedding-x"
  std::string instance;  // the plugin instance behind it
  std::string asked;     // the model that requests name; "" for an embedder that has one
  std::string model;
  std::uint32_t dimension = 0;  // 0: not known, whatever comes is taken
  std::size_t max_batch = 1;
};

/// Who pays for vectors, where they cost something. Those of an embedder that costs nothing are not booked at all.
struct EmbedPayer {
  SpareCalls spare = {};  // without a budget nothing is booked; the lane is for documents
  CallFor call = {};
};

/// Asks the embedder of a tier's entry. not_found: no such instance runs, or it embeds nothing; unavailable: it is not ready, or
/// describes itself wrong; its own errors. An embedder of many models is asked for one vector, to know the dimension.
awaitable<Result<EmbedderCard>> describe_embedder(const Registry& registry, std::string entry, EmbedPayer payer);

enum class EmbedPurpose { query, document };

/// One row a text, in their order, rows x dimension. internal: the answer has another size, or NaN in it; overloaded: the budget
/// has no room; its own errors. Embedders don't report tokens: they are counted high and booked as estimated.
awaitable<Result<std::vector<float>>> embed_texts(const Registry& registry, EmbedderCard card, std::vector<std::string> texts,
                                                  EmbedPurpose purpose, std::chrono::milliseconds deadline, EmbedPayer payer);

}  // namespace hobd

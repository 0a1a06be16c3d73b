#include "models/routing.hpp"

#include "base/id.hpp"
#include "models/routing_cache.hpp"
#include "models/routing_features.hpp"
#include "models/routing_rules.hpp"
#include "models/routing_score.hpp"

#include <openssl/sha.h>

#include <algorithm>

namespace hobd {
namespace {

using namespace routing;

/// Decisions that are kept.
constexpr std::size_t kCached = 1'000;

/// Both tiers have models, and not the same first one: else a call to choose between them is wasted.
bool has_two_tiers(const Config& config) {
  const auto fast = config.models.tiers.find("fast"), smart = config.models.tiers.find("smart");
  if (fast == config.models.tiers.end() || smart == config.models.tiers.end() || fast->second.empty() || smart->second.empty()) return false;
  return fast->second.front() != smart->second.front();
}

/// Equal for one user's messages that are the same but for case, blanks and punctuation, asked in the same state. A digest with a
/// secret of this run: no text is kept that a user may want forgotten, and none tells one user what another asked.
std::string key_of(const std::string& secret, const RouteQuestion& question, const NormalText& text) {
  const std::string_view raw = std::string_view(question.text).substr(0, 1'600);
  const auto marks = std::count_if(raw.begin(), raw.end(), [](char c) { return c == ';' || c == '{' || c == '(' || c == '='; });
  std::string key = secret + question.user_id + '\n' + text.words + '\n';
  key += question.conversation_tier == "smart" ? 's' : '-';
  key += question.has_image ? 'i' : '-';
  key += static_cast<char>('0' + std::min<std::ptrdiff_t>(std::count(raw.begin(), raw.end(), '?'), 2));
  key += static_cast<char>('0' + std::min<std::ptrdiff_t>(marks, 9));
  key += std::to_string(std::count(raw.begin(), raw.end(), '\n'));
  if (question.text.size() > raw.size()) key += '/' + std::to_string(question.text.size());
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

RouteDecision as_cached(const RouteDecision& decision) {
  RouteDecision cached = decision;
  cached.by = "cache";
  cached.reasons.push_back("decided before by " + decision.by);
  return cached;
}

class ScoredRouting final : public Routing {
 public:
  explicit ScoredRouting(std::shared_ptr<const Config> config) : config_(std::move(config)) {}

  RouteDecision decide(const RouteQuestion& question) override {
    if (std::optional<RouteDecision> early = decide_before_words(question, *config_)) return counted(std::move(*early));
    const NormalText text = normalise(question.text);
    std::string key = key_of(secret_, question, text);
    if (const RouteDecision* known = cache_.find(key)) return counted(as_cached(*known));
    RouteDecision decision = weigh(question, text);
    if (decision.by == "score") cache_.put(std::move(key), decision);
    return counted(std::move(decision));
  }

  RouteDecision explain(const RouteQuestion& question) const override {
    if (std::optional<RouteDecision> early = decide_before_words(question, *config_)) return *early;
    const NormalText text = normalise(question.text);
    if (const RouteDecision* known = cache_.peek(key_of(secret_, question, text))) return as_cached(*known);
    return weigh(question, text);
  }

  json::object tier_question(const RouteQuestion& question) const override { return routing::tier_question(question); }

  RouteDecision take_answer(const RouteQuestion& question, RouteDecision unsure, std::string_view said) override {
    const std::string_view tier = tier_said(said);
    RouteDecision decision = std::move(unsure);
    decision.is_unsure = false;
    if (tier.empty()) {
      decision.reasons.push_back("the fast tier had no clear word on it");
    } else {
      uncount(decision);
      decision.tier = tier;
      decision.by = "model";
      decision.reasons.insert(decision.reasons.begin(), tier == "fast" ? "the fast tier finds it simple" : "the fast tier finds it hard");
      decision = counted(std::move(decision));
    }
    RouteDecision kept = decision;
    if (kept.by == "cache") kept.by = "score";  // what lay there unsure
    cache_.put(key_of(secret_, question, normalise(question.text)), std::move(kept));
    return decision;
  }

  void escalated(const RouteQuestion& question, std::string_view why) override {
    ++escalated_;
    if (question.text.empty()) return;
    RouteDecision decision;
    decision.tier = "smart";
    decision.by = "rule";
    decision.score = 1;
    decision.reasons.push_back("the fast tier was not up to it: " + std::string(why.substr(0, 200)));
    cache_.put(key_of(secret_, question, normalise(question.text)), std::move(decision));
  }

  json::object stats() const override {
    json::object decisions;
    for (std::size_t i = 0; i < std::size(kWays); ++i) decisions[kWays[i]] = by_[i];
    return {{"decisions", std::move(decisions)}, {"tiers", json::object{{"fast", fast_}, {"smart", smart_}}}, {"escalated", escalated_}, {"cached", cache_.size()}};
  }

  void set_config(std::shared_ptr<const Config> config) override {
    config_ = std::move(config);
    cache_.clear();
  }

 private:
  static constexpr std::string_view kWays[] = {"user", "rule", "score", "model", "cache"};

  RouteDecision weigh(const RouteQuestion& question, const NormalText& text) const {
    if (!lexicon_) lexicon_ = std::make_unique<Lexicon>();
    const Features features = lexicon_->features(text);
    const Score score = routing::score(features, text);
    if (std::optional<RouteDecision> plain = decide_by_words(question, features, score.value)) return *plain;
    RouteDecision decision;
    decision.tier = score.value >= kSmartFrom ? "smart" : "fast";
    decision.by = "score";
    decision.score = score.value;
    decision.reasons = reasons_of(features, score);
    decision.is_unsure = score.value >= kUnsureFrom && score.value <= kUnsureTo && config_->models.router.ask_model && has_two_tiers(*config_);
    return decision;
  }

  RouteDecision counted(RouteDecision decision) {
    count(decision, 1);
    return decision;
  }
  void uncount(const RouteDecision& decision) { count(decision, -1); }
  void count(const RouteDecision& decision, std::int64_t by) {
    for (std::size_t i = 0; i < std::size(kWays); ++i)
      if (decision.by == kWays[i]) by_[i] += by;
    if (decision.tier == "fast") fast_ += by;
    if (decision.tier == "smart") smart_ += by;
  }

  std::shared_ptr<const Config> config_;
  mutable std::unique_ptr<Lexicon> lexicon_;  // made for the first message: a start doesn't wait for it
  const std::string secret_ = random_hex(16);
  DecisionCache cache_{kCached};
  std::array<std::int64_t, std::size(kWays)> by_{};
  std::int64_t fast_ = 0, smart_ = 0, escalated_ = 0;
};

}  // namespace

std::unique_ptr<Routing> make_routing(std::shared_ptr<const Config> config) { return std::make_unique<ScoredRouting>(std::move(config)); }

}  // namespace hobd

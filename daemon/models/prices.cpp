#include "models/prices.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "config/checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace hobd {

/// config/models.json, made a source by CMake.
extern const std::string_view kModelsTable;

namespace {

constexpr std::string_view kOffline = "offline";
/// The only bundled provider whose server is this machine's where its settings name none.
constexpr std::string_view kOllama = "provider_ollama";
/// The plugin whose prompt_cache "1h" makes writes dearer: twice the input's price, where the table has that of five minutes.
constexpr std::string_view kAnthropic = "provider_anthropic";
constexpr double kLongCacheWrite = 2;
constexpr std::string_view kEmbedderPlugin = "embedder_";
constexpr std::size_t kMaxWarned = 100;
constexpr std::int64_t kMaxTokens = 1'000'000'000;

using CardMap = std::map<std::string, ModelCard, std::less<>>;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Whether `text` ends with '-' and digits in groups of these lengths, such as {4, 2, 2} for -2024-08-06. Gives what stands before.
bool strip_digits(std::string_view& text, std::initializer_list<std::size_t> groups) {
  std::string_view rest = text;
  for (auto group = std::rbegin(groups); group != std::rend(groups); ++group) {
    if (rest.size() <= *group + 1) return false;
    const std::string_view digits = rest.substr(rest.size() - *group);
    if (!std::all_of(digits.begin(), digits.end(), is_digit) || rest[rest.size() - *group - 1] != '-') return false;
    rest.remove_suffix(*group + 1);
  }
  text = rest;
  return true;
}

bool strip_word(std::string_view& text, std::string_view word) {
  if (text.size() <= word.size() || !text.ends_with(word)) return false;
  text.remove_suffix(word.size());
  return true;
}

/// One step from a dated name to the model's own: what a date, "latest" or "preview" says of a model is not its price. A dated
/// name that has a price of its own is found before this is asked.
bool strip_version(std::string_view& name) {
  for (const std::string_view word : {"-latest", "-preview", "-exp", "-beta"})
    if (strip_word(name, word)) return true;
  if (strip_digits(name, {4, 2, 2}) || strip_digits(name, {8})) return true;
  // "-preview-05-20", "-preview-09-2025": a bare pair of numbers may be a size, so only behind that word.
  std::string_view preview = name;
  if ((strip_digits(preview, {2, 2}) || strip_digits(preview, {2, 4})) && (preview.ends_with("-preview") || preview.ends_with("-exp"))) {
    name = preview;
    return true;
  }
  return strip_digits(name, {4}) || strip_digits(name, {3}) || strip_word(name, "-0");
}

/// Lower case, '-' for '.' and '@' (claude-3.5-haiku, claude-3-haiku@20240307), without what a router of models adds behind ':'
/// and what leaves the price as it is. ":online" and an unknown tag stay: they may cost more.
std::string plain_name(std::string_view name) {
  for (const std::string_view tag : {":free", ":nitro", ":floor", ":exacto", ":thinking", ":extended", ":beta"}) strip_word(name, tag);
  std::string plain = to_lower_ascii(name);
  for (char& c : plain)
    if (c == '.' || c == '@') c = '-';
  return plain;
}

std::string_view host_of(std::string_view url) {
  if (const std::size_t scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  if (url.starts_with('[')) return url.substr(1, url.find(']') == std::string_view::npos ? 0 : url.find(']') - 1);
  return url.substr(0, url.find(':'));
}

bool is_here(std::string_view host) {
  return equals_ignore_case(host, "localhost") || is_loopback(std::string(host));
}

bool looks_like_embedding(std::string_view name) { return to_lower_ascii(name).find("embed") != std::string::npos; }

double larger(double a, double b) { return a > b ? a : b; }

}  // namespace

struct PriceTable::Cards {
  CardMap table;       // by plain name
  CardMap configured;  // by the name as hob.yaml writes it
  ModelCard unknown_chat, unknown_embedding, local;
  std::map<const ModelCard*, ModelCard> long_cached;  // those above at the price of a cache that is kept longer
  std::shared_ptr<const Config> config;
  std::set<std::string, std::less<>> warned;
  bool is_read = false;

  void read_table();
  void read_config();
  const ModelCard* in_table(std::string_view model) const;
  const PluginSettings* instance(std::string_view provider) const;
  bool is_embedding(std::string_view name, std::string_view model) const;
  const ModelCard& find(std::string_view name);
  const ModelCard& find_base(std::string_view name);
  void warn(std::string_view name, const ModelCard& card);
};

void PriceTable::Cards::read_table() {
  local.known = ModelCard::Known::local;
  const Result<json::object> parsed = parse_json_object(kModelsTable);
  const json::array* models = parsed.has_value() ? array_at(*parsed, "models") : nullptr;
  if (!models) return;  // a test reads the table, so that a slip in it can't be shipped
  for (const json::value& value : *models) {
    const json::object* entry = value.if_object();
    if (!entry) continue;
    ModelCard card;
    card.known = ModelCard::Known::table;
    card.input = double_or(*entry, "input");
    card.output = double_or(*entry, "output");
    card.cached = double_or(*entry, "cached", card.input);
    card.cache_write = double_or(*entry, "cache_write", card.input);
    card.context_window = int_or(*entry, "context_window");
    card.max_output = int_or(*entry, "max_output");
    // The dearest for each kind of token: no model of the table costs more than an unknown one is reckoned at.
    ModelCard& dearest = string_or(*entry, "kind") == "embedding" ? unknown_embedding : unknown_chat;
    dearest.input = larger(dearest.input, card.input);
    dearest.output = larger(dearest.output, card.output);
    dearest.cached = dearest.input;  // whether it has a cache isn't known
    dearest.cache_write = larger(dearest.cache_write, larger(card.cache_write, card.input));
    table.emplace(plain_name(string_or(*entry, "name")), card);
  }
}

void PriceTable::Cards::read_config() {
  configured.clear();
  long_cached.clear();
  for (const auto& [name, price] : config->models.prices) {
    const ModelCard* known = in_table(name);
    const ModelCard& base = known ? *known : is_embedding(name, name) ? unknown_embedding : unknown_chat;
    ModelCard card;
    card.known = ModelCard::Known::configured;
    card.input = price.has_input ? price.input : base.input;
    card.output = price.has_output ? price.output : base.output;
    // The vendor's discount goes with the vendor's price: with an input price of the owner's, what is cached costs as input.
    const bool is_own = price.has_input || !known;
    card.cached = price.cached.value_or(is_own ? card.input : base.cached);
    card.cache_write = price.cache_write.value_or(is_own ? card.input : base.cache_write);
    card.context_window = price.context_window ? price.context_window : base.context_window;
    card.max_output = price.max_output ? price.max_output : base.max_output;
    configured.emplace(name, card);
  }
}

const ModelCard* PriceTable::Cards::in_table(std::string_view model) const {
  const std::string plain = plain_name(model);
  // With its path first ("deepseek/deepseek-chat" costs another price than the vendor's own), then without ever more of it.
  for (std::string_view path = plain;;) {
    for (std::string_view name = path;;) {
      if (const auto at = table.find(name); at != table.end()) return &at->second;
      if (!strip_version(name)) break;
    }
    const std::size_t slash = path.find('/');
    if (slash == std::string_view::npos) return nullptr;
    path.remove_prefix(slash + 1);
  }
}

const PluginSettings* PriceTable::Cards::instance(std::string_view provider) const {
  if (const auto at = config->models.providers.find(std::string(provider)); at != config->models.providers.end()) return &at->second;
  const auto at = config->plugins.settings.find(std::string(provider));
  return at != config->plugins.settings.end() ? &at->second : nullptr;
}

bool PriceTable::Cards::is_embedding(std::string_view name, std::string_view model) const {
  if (looks_like_embedding(model)) return true;
  const auto tier = config->models.tiers.find("embed");
  return tier != config->models.tiers.end() && std::find(tier->second.begin(), tier->second.end(), name) != tier->second.end();
}

const ModelCard& PriceTable::Cards::find(std::string_view name) {
  const ModelCard& card = find_base(name);
  const std::size_t slash = name.find('/');
  const PluginSettings* settings = instance(name.substr(0, slash));
  if (!settings || settings->plugin != kAnthropic || string_or(settings->settings, "prompt_cache") != "1h") return card;
  // What the owner wrote stands.
  for (const std::string_view key : {name, slash == std::string_view::npos ? name : name.substr(slash + 1)})
    if (const auto price = config->models.prices.find(std::string(key)); price != config->models.prices.end() && price->second.cache_write) return card;
  const auto [at, is_new] = long_cached.try_emplace(&card, card);
  if (is_new) at->second.cache_write = larger(card.cache_write, kLongCacheWrite * card.input);
  return at->second;
}

const ModelCard& PriceTable::Cards::find_base(std::string_view name) {
  if (!is_read) {
    is_read = true;
    read_table();
    read_config();
  }
  const std::size_t slash = name.find('/');
  const std::string_view provider = name.substr(0, slash);
  std::string_view model = slash == std::string_view::npos ? std::string_view() : name.substr(slash + 1);
  if (const auto at = configured.find(name); at != configured.end()) return at->second;
  if (const auto at = configured.find(model); at != configured.end() && !model.empty()) return at->second;
  if (provider == kOffline) return local;

  const PluginSettings* settings = instance(provider);
  const std::string_view url = settings ? string_or(settings->settings, "base_url") : std::string_view();
  const bool has_key = settings && !string_or(settings->settings, "api_key").empty();
  const bool stands_here = url.empty() ? settings && settings->plugin == kOllama : is_here(host_of(url));
  if (stands_here && !has_key) return local;
  // An embedder that is named by its plugin: without a server and a key it reckons in its own process.
  if (provider.starts_with(kEmbedderPlugin)) {
    if (url.empty() && !has_key) return local;
    if (model.empty()) model = string_or(settings->settings, "model");
  }
  if (model.ends_with(":free") && host_of(url).ends_with("openrouter.ai")) return local;
  if (const ModelCard* card = in_table(model.empty() ? name : model)) return *card;
  const ModelCard& unknown = is_embedding(name, model) || provider.starts_with(kEmbedderPlugin) ? unknown_embedding : unknown_chat;
  if (settings) warn(name, unknown);  // a provider that isn't there is refused later, and may be anything a caller wrote
  return unknown;
}

void PriceTable::Cards::warn(std::string_view name, const ModelCard& card) {
  if (warned.size() >= kMaxWarned || warned.contains(name)) return;
  warned.emplace(name);
  log::warn("models", "{}: {}", name, price_advice(name, card));
}

std::string price_advice(std::string_view name, const ModelCard& card) {
  return fmt::format("its price is not known: reckoned as the dearest, {} USD in and {} USD out per million tokens; write what it costs into "
                     "models.prices: {{\"{}\": {{input: USD, output: USD}}}}",
                     card.input, card.output, name);
}

PriceTable::PriceTable(std::shared_ptr<const Config> config) : cards_(std::make_shared<Cards>()) {
  cards_->config = std::move(config);  // the table is read when it is first asked: a start doesn't wait for it
}

void PriceTable::set_config(std::shared_ptr<const Config> config) {
  cards_->config = std::move(config);
  if (cards_->is_read) cards_->read_config();
}

const ModelCard& PriceTable::find(std::string_view name) const { return cards_->find(name); }

double PriceTable::cost(const ModelCard& card, const Usage& usage) const {
  const std::int64_t input = std::clamp<std::int64_t>(usage.input_tokens, 0, kMaxTokens);
  const std::int64_t output = std::clamp<std::int64_t>(usage.output_tokens, 0, kMaxTokens);
  const std::int64_t cached = std::clamp<std::int64_t>(usage.cached_tokens, 0, input);
  const std::int64_t written = std::clamp<std::int64_t>(usage.cache_write_tokens, 0, input - cached);
  return (double(input - cached - written) * card.input + double(cached) * card.cached + double(written) * card.cache_write +
          double(output) * card.output) / 1e6;
}

}  // namespace hobd

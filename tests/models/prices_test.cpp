#include "models/prices.hpp"

#include "base/log.hpp"
#include "base/text.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>

using namespace hobd;
using Known = ModelCard::Known;

namespace {

struct House {
  House() {
    provider("anthropic", "provider_anthropic", {});
    provider("openai", "provider_openai", {{"api_key", "k"}});
    provider("openrouter", "provider_openai", {{"base_url", "https://openrouter.ai/api/v1"}, {"api_key", "k"}});
    provider("lmstudio", "provider_openai", {{"base_url", "http://127.0.0.1:1234/v1"}});
    provider("ollama", "provider_ollama", json::object{});
  }
  void provider(const std::string& name, const std::string& plugin, json::object settings) {
    config->models.providers[name] = {name, plugin, std::move(settings), {}};
  }
  const ModelCard& find(std::string_view name) {
    if (!table) table = std::make_unique<PriceTable>(config);
    return table->find(name);
  }
  std::shared_ptr<Config> config = std::make_shared<Config>();
  std::unique_ptr<PriceTable> table;
};

json::array table_models() {
  std::ifstream file(std::string(HOB_SOURCE_DIR) + "/config/models.json");
  std::stringstream text;
  text << file.rdbuf();
  return parse_json_object(text.str()).value().at("models").as_array();
}

std::string last_warning(std::string_view part) {
  std::string found;
  for (const log::Line& line : log::recent(100))
    if (line.level == log::Level::warn && line.text.find(part) != std::string::npos) found = line.text;
  return found;
}

}  // namespace

TEST_CASE("every entry of the table is found by its own name, with its prices") {
  House house;
  const json::array models = table_models();
  REQUIRE(models.size() > 50);
  for (const json::value& value : models) {
    const json::object& model = value.as_object();
    const ModelCard& card = house.find("openai/" + std::string(string_or(model, "name")));
    INFO(string_or(model, "name"));
    CHECK(card.known == Known::table);
    CHECK(card.input == double_or(model, "input"));
    CHECK(card.output == double_or(model, "output"));
    CHECK(card.input > 0);
    CHECK(card.cached <= card.input);
    CHECK(card.cache_write >= card.input);
  }
}

TEST_CASE("a model's dated and latest names, dots and a vendor's path mean the same model") {
  House house;
  const auto same = [&](const char* name, const char* model) {
    INFO(name);
    CHECK(&house.find(name) == &house.find(std::string("openai/") + model));
    CHECK(house.find(name).known == Known::table);
  };
  same("anthropic/claude-haiku-4-5-20251001", "claude-haiku-4-5");
  same("anthropic/claude-3-5-haiku-latest", "claude-3-5-haiku");
  same("anthropic/claude-opus-4-0", "claude-opus-4");
  same("anthropic/claude-3-haiku@20240307", "claude-3-haiku");
  same("openrouter/anthropic/claude-sonnet-4.5", "claude-sonnet-4-5");
  same("openrouter/anthropic/claude-3.7-sonnet:thinking", "claude-3-7-sonnet");
  same("openai/gpt-4o-2024-08-06", "gpt-4o");
  same("openai/GPT-4.1-mini-2025-04-14", "gpt-4.1-mini");
  same("openai/gpt-5-chat-latest", "gpt-5-chat");
  same("openrouter/google/gemini-2.5-flash-lite-preview-09-2025", "gemini-2.5-flash-lite");
  same("openrouter/google/gemini-2.5-flash-preview-05-20", "gemini-2.5-flash");
  same("openrouter/models/gemini-2.0-flash-001", "gemini-2.0-flash");
  same("openrouter/mistralai/mistral-small-2506", "mistral-small");
  same("openrouter/openai/gpt-4o-mini:nitro", "gpt-4o-mini");
  same("openai/gpt-6.1-sol-2026-09-29", "gpt-6.1-sol");
  same("gemini/gemini-3.1-pro-preview", "gemini-3.1-pro");
}

TEST_CASE("a dated name with a price of its own keeps it") {
  House house;
  CHECK(house.find("openai/gpt-4o-2024-05-13").input == 5);
  CHECK(house.find("openai/gpt-4o-2024-08-06").input == 2.5);
  CHECK(house.find("mistral/mistral-medium-2508").input == 0.4);
  CHECK(house.find("mistral/mistral-medium-latest").input == 1.5);
}

TEST_CASE("a path with a price of its own keeps it") {
  House house;
  house.provider("deepseek", "provider_openai", {{"base_url", "https://api.deepseek.com"}, {"api_key", "k"}});
  CHECK(house.find("deepseek/deepseek-chat").input == 0.28);
  CHECK(house.find("openrouter/deepseek/deepseek-chat").input == 1.25);
}

TEST_CASE("the name of a smaller or larger sibling is not the model's") {
  House house;
  CHECK(house.find("openai/gpt-4o-audio-preview").known == Known::unknown);
  CHECK(house.find("openai/gpt-5-pro").known == Known::unknown);
  CHECK(house.find("openrouter/openai/gpt-4o:online").known == Known::unknown);
  CHECK(&house.find("openai/gpt-4o-mini") != &house.find("openai/gpt-4o"));
}

TEST_CASE("models of a server on this machine without a key are free, with a key they are not") {
  House house;
  CHECK(house.find("ollama/llama3.2:3b").known == Known::local);
  CHECK(house.find("ollama/llama3.2:3b").is_free());
  CHECK(house.find("lmstudio/gpt-4o").is_free());
  CHECK(house.find("offline/offline").is_free());
  CHECK_FALSE(house.find("openai/gpt-4o").is_free());
  house.provider("lmstudio", "provider_openai", {{"base_url", "http://[::1]:1234/v1"}, {"api_key", "k"}});
  house.provider("ollama", "provider_ollama", {{"base_url", "http://192.168.1.4:11434"}});
  house.provider("tricky", "provider_openai", {{"base_url", "https://localhost.example.com/v1"}});
  CHECK(house.find("lmstudio/gpt-4o").known == Known::table);
  CHECK(house.find("ollama/llama3.2:3b").known == Known::unknown);
  CHECK(house.find("tricky/some-model").known == Known::unknown);
  house.provider("loop", "provider_openai", {{"base_url", "http://[::1]:1234/v1"}});
  CHECK(house.find("loop/some-model").known == Known::local);
}

TEST_CASE("an embedder without a server is free, one with a server costs what its model costs") {
  House house;
  CHECK(house.find("embedder_static").is_free());
  CHECK(house.find("embedder_hashing").is_free());
  house.config->plugins.settings["embedder_openai"] = {"embedder_openai", "embedder_openai", {{"api_key", "k"}, {"model", "text-embedding-3-large"}}, {}};
  CHECK(house.find("embedder_openai").input == 0.13);
  CHECK(house.find("embedder_openai/text-embedding-3-small").input == 0.02);
  CHECK(house.find("embedder_static/potion-base").is_free());
  house.config->plugins.settings["embedder_openai"].settings["base_url"] = "http://127.0.0.1:11434/v1";
  house.config->plugins.settings["embedder_openai"].settings.erase("api_key");
  CHECK(house.find("embedder_openai").is_free());
}

TEST_CASE("openrouter's free models are free there alone") {
  House house;
  CHECK(house.find("openrouter/meta-llama/llama-3.3-70b-instruct:free").is_free());
  CHECK(house.find("openai/llama-3.3-70b-instruct:free").input == 0.9);
}

TEST_CASE("an unknown model is reckoned as dearer than any of the table, and the log says so once") {
  House house;
  const ModelCard unknown = house.find("openrouter/acme/brain-9");
  CHECK(unknown.known == Known::unknown);
  for (const json::value& value : table_models()) {
    CHECK(unknown.input >= double_or(value.as_object(), "input"));
    CHECK(unknown.output >= double_or(value.as_object(), "output"));
    CHECK(unknown.cache_write >= double_or(value.as_object(), "cache_write"));
  }
  const std::string warning = last_warning("openrouter/acme/brain-9");
  CHECK(warning.find(R"(models.prices: {"openrouter/acme/brain-9": {input: USD, output: USD}})") != std::string::npos);
  log::warn("test", "in between");
  house.find("openrouter/acme/brain-9");
  CHECK(log::recent(1).at(0).text == "in between");
}

TEST_CASE("a model of a provider that isn't there is dear too, but nobody fills the log with such names") {
  House house;
  log::warn("test", "in between");
  CHECK(house.find("nobody/model").known == Known::unknown);
  CHECK(log::recent(1).at(0).text == "in between");
}

TEST_CASE("an unknown embedding is reckoned as the dearest embedding, not as a chat model") {
  House house;
  house.config->models.tiers["embed"] = {"openai/vectors-2"};
  CHECK(house.find("openai/nomic-embed-text").input < 1);
  CHECK(house.find("openai/vectors-2").input < 1);
  CHECK(house.find("openai/vectors-2").known == Known::unknown);
}

TEST_CASE("models.prices stands above the table, by the whole name first; what it leaves out the table has") {
  House house;
  house.config->models.prices["gpt-4o"] = {.input = 1, .output = 2};
  house.config->models.prices["openrouter/gpt-4o"] = {.input = 3, .output = 4, .cached = 0.5};
  house.config->models.prices["ollama/big"] = {.input = 7, .output = 8};
  Config::Price only_window{.context_window = 9'000};
  only_window.has_input = only_window.has_output = false;
  house.config->models.prices["claude-haiku-4-5"] = only_window;
  house.config->models.prices["acme-9"] = only_window;

  CHECK(house.find("openai/gpt-4o").known == Known::configured);
  CHECK(house.find("openai/gpt-4o").input == 1);
  CHECK(house.find("openai/gpt-4o").cached == 1);
  CHECK(house.find("openai/gpt-4o").context_window == 128'000);
  CHECK(house.find("openrouter/gpt-4o").input == 3);
  CHECK(house.find("openrouter/gpt-4o").cached == 0.5);
  CHECK(house.find("ollama/big").input == 7);
  CHECK(house.find("anthropic/claude-haiku-4-5").output == 5);
  CHECK(house.find("anthropic/claude-haiku-4-5").cached == 0.1);
  CHECK(house.find("anthropic/claude-haiku-4-5").context_window == 9'000);
  CHECK(house.find("openai/acme-9").input == house.find("openai/acme-10").input);
}

TEST_CASE("a price of zero that the owner wrote is a price") {
  House house;
  house.config->models.prices["gpt-4o"] = {.input = 0, .output = 0};
  CHECK(house.find("openai/gpt-4o").is_free());
}

TEST_CASE("cached and written tokens are part of the input and have their own prices") {
  House house;
  const ModelCard& card = house.find("anthropic/claude-haiku-4-5");
  Usage usage;
  usage.input_tokens = 1'000'000;
  usage.output_tokens = 100'000;
  usage.cached_tokens = 600'000;
  usage.cache_write_tokens = 200'000;
  CHECK(house.table->cost(card, usage) == Approx(0.2 * 1 + 0.6 * 0.1 + 0.2 * 1.25 + 0.1 * 5));
}

TEST_CASE("absurd usage costs something bounded: never less than nothing, never infinitely much") {
  House house;
  const ModelCard& card = house.find("anthropic/claude-haiku-4-5");
  Usage usage;
  usage.input_tokens = -5;
  usage.output_tokens = -5;
  usage.cached_tokens = 100;
  CHECK(house.table->cost(card, usage) == 0);
  usage.input_tokens = 10;
  usage.cached_tokens = 1'000'000;
  usage.cache_write_tokens = 1'000'000;
  CHECK(house.table->cost(card, usage) == Approx(10 * 0.1 / 1e6));
  usage.output_tokens = std::numeric_limits<std::int64_t>::max();
  CHECK(house.table->cost(card, usage) < 10'000);
}

TEST_CASE("a prompt cache that is kept for an hour costs twice the input to write") {
  House house;
  house.provider("patient", "provider_anthropic", {{"api_key", "k"}, {"prompt_cache", "1h"}});
  house.config->models.prices["patient/own"] = {.input = 2, .output = 4, .cache_write = 3};
  const ModelCard usual = house.find("anthropic/claude-sonnet-4-5");
  REQUIRE(usual.known == Known::table);
  CHECK(usual.cache_write == Approx(1.25 * usual.input));
  const ModelCard patient = house.find("patient/claude-sonnet-4-5");
  CHECK(patient.cache_write == Approx(2 * usual.input));
  CHECK(patient.input == usual.input);
  CHECK(house.find("patient/own").cache_write == 3);
}

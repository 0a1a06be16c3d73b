// Records what one day of fifty messages sends to models, for month.cpp: `month_record SET.jsonl > month.jsonl`.
//
// The prompts are Hob's own: an assistant in process, with its memory tools and blocks, talks through every fourth message of the
// routing set; what it sends is counted at four bytes a token, the usual rule for English. A model's words are not recorded but
// set: the set's own length for each answer. One JSON object a call:
// {purpose, tier, input_tokens, cached_tokens (of a prefix that the call before had too), output_tokens}.
#include "fakes/house.hpp"
#include "memory/builtin_tools.hpp"
#include "memory/consolidation_plan.hpp"
#include "memory/model_extractor.hpp"
#include "models/routing.hpp"

#include <fmt/core.h>

#include <fstream>

using namespace hobd;
using namespace hobd::fakes;

namespace {

constexpr std::size_t kEvery = 4, kMessages = 50;
constexpr std::size_t kLeastCached = 1'024;  // tokens: vendors cache no shorter prefix

struct Said {
  std::string text, tier;
  std::size_t answer_tokens = 0;
};

std::vector<Said> read_day(const char* path) {
  std::vector<Said> day;
  std::ifstream file(path);
  std::size_t line = 0;
  for (std::string row; std::getline(file, row) && day.size() < kMessages;) {
    if (line++ % kEvery != 0) continue;
    const json::object object = parse_json_object(row).value();
    day.push_back({std::string(string_or(object, "text")), std::string(string_or(object, "tier")), std::size_t(int_or(object, "tokens_out"))});
  }
  return day;
}

/// Prose of so many tokens.
std::string prose(std::size_t tokens) {
  constexpr std::string_view kWords = "That depends on what matters most to you, and there is more than one way to see it. ";
  std::string text;
  while (text.size() < tokens * 4) text += kWords;
  text.resize(std::max<std::size_t>(1, tokens * 4));
  return text;
}

std::size_t tokens_of(std::size_t bytes) { return (bytes + 3) / 4; }

class Recorder {
 public:
  void print(const char* purpose, std::string_view tier, const json::object& request, std::size_t output_tokens) {
    // Providers lay tools before messages; a prefix is cached in that order.
    std::string prompt;
    if (const json::value* tools = request.if_contains("tools")) prompt += json::serialize(*tools);
    prompt += json::serialize(request.at("messages"));
    std::string& before = before_[purpose];
    const auto differs = std::mismatch(prompt.begin(), prompt.end(), before.begin(), before.end()).first;
    std::size_t cached = tokens_of(std::size_t(differs - prompt.begin()));
    if (cached < kLeastCached) cached = 0;
    fmt::print(R"({{"purpose":"{}","tier":"{}","input_tokens":{},"cached_tokens":{},"output_tokens":{}}})"
               "\n",
               purpose, tier, tokens_of(prompt.size()), std::min(cached, tokens_of(prompt.size())), output_tokens);
    before = std::move(prompt);
  }

 private:
  std::map<std::string, std::string> before_;  // the last prompt of each purpose
};

bool is_summary(const json::object& request) { return !request.contains("tools"); }

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "month_record SET.jsonl\n");
    return 64;
  }
  log::configure(log::Level::off, log::Format::text);
  const std::vector<Said> day = read_day(argv[1]);
  const TempFolder folder;
  House house(folder.path());
  house.has_summary_model = true;
  house.build();
  add_memory_tools(*house.toolbox, {house.blocks.get(), house.store.get(), &house.clock, [&] { return house.config; }});
  for (const char* name : {"calculate", "weather"}) house.registry.add_tool(tool_manifest(name), *house.tools);
  const auto routing = make_routing(house.config);
  Recorder recorder;
  std::string reply;
  const std::vector<std::string> known(10, "Works at a bakery in Lyon as a pastry cook since spring.");
  for (std::size_t i = 0; i < day.size(); ++i) {
    const Said& said = day[i];
    RouteQuestion question;
    question.text = said.text;
    if (routing->explain(question).is_unsure) recorder.print("routing", "fast", routing->tier_question(question), 3);
    const bool uses_tool = i % 6 == 5;
    constexpr std::size_t kCallTokens = 40;
    if (uses_tool) house.model.answers.push_back(calls_tool("c1", "memory_search", R"({"query":"what was said about it before"})"));
    const std::string answer = prose(said.answer_tokens);
    house.model.answers.push_back(says(answer));
    house.model.answers.push_back(says(prose(150)));  // for a summary, should one be due
    house.model.requests.clear();
    house.clock.advance(std::chrono::minutes(17));
    if (const auto told = house.say(said.text); told.has_error()) {
      fmt::print(stderr, "{}: {}\n", said.text, told.error().message);
      return 1;
    }
    run(house.io, house.buffers->async_idle());
    house.model.answers.clear();
    bool is_first = true;
    for (const json::object& request : house.model.requests) {
      if (is_summary(request)) {
        recorder.print("summary", "fast", request, 150);
        continue;
      }
      recorder.print(uses_tool ? "tools" : "chat", said.tier, request, uses_tool && is_first ? kCallTokens : said.answer_tokens);
      is_first = false;
    }
    Lesson lesson;
    Message message;
    message.id = "msg_" + std::to_string(i);
    message.role = "user";
    message.text = said.text;
    message.at = house.clock.now();
    lesson.said.push_back(std::move(message));
    lesson.before = reply;
    lesson.reply = answer;
    lesson.known = known;
    if (is_worth_asking(lesson)) recorder.print("extraction", "fast", extraction_chat(lesson), 60);
    reply = answer;
  }
  std::vector<Memory> events(6);
  for (Memory& event : events) event.text = "Took the ferry to Oslo and visited the Munch museum.";
  recorder.print("consolidation", "fast", episode_chat(events, {}), 120);
}

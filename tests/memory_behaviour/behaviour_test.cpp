#include "memory_behaviour/behaviour.hpp"

#include "base/text.hpp"
#include "fakes/house.hpp"
#include "memory/learning.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <set>

namespace hobd::fakes {
namespace {

std::string unescape(std::string text) {
  for (std::size_t at = text.find("\\n"); at != std::string::npos; at = text.find("\\n", at)) text.replace(at, 2, "\n");
  return text;
}

/// "TEXT ; a=b ; c=d"
struct Line {
  explicit Line(const std::string& value) {
    std::string rest = value;
    for (;;) {
      const std::size_t at = rest.find(" ; ");
      const std::string part(trim(rest.substr(0, at)));
      if (text.empty()) {
        text = part;
      } else if (const std::size_t equals = part.find('='); equals != std::string::npos) {
        checks.emplace_back(part.substr(0, equals), part.substr(equals + 1));
      } else {
        FAIL("a check without '=': " << part);
      }
      if (at == std::string::npos) break;
      rest = rest.substr(at + 3);
    }
  }
  std::string text;
  std::vector<std::pair<std::string, std::string>> checks;
};

class Behaviour {
 public:
  explicit Behaviour(LearnMode mode) : mode_(mode), house_(folder_.path()) {
    house_.registry.add("learner", "hob.provider/1", [this](PluginCall call) { return learn(std::move(call)); });
    house_.registry.add_tool(tool_manifest("read"), *house_.tools);
    house_.config->models.tiers["fast"] = {"learner/m"};
    house_.config->memory.learn = mode == LearnMode::rules ? MemoryLearn::rules : MemoryLearn::automatic;
    house_.router->set_config(house_.config);
    LearningContext context;
    context.core = house_.io.get_executor();
    context.store = house_.store.get();
    context.router = house_.router.get();
    context.clock = &house_.clock;
    context.config = house_.config;
    LearningOptions options;
    options.first_pause = std::chrono::milliseconds(1);
    options.rest = std::chrono::milliseconds(0);
    learning_ = make_learning(std::move(context), options);
  }
  ~Behaviour() { run(house_.io, learning_->stop(std::chrono::milliseconds(0))); }

  void step(const std::string& key, const std::string& value) {
    if (key == "title" || key == "modes") return;
    if (key == "time") return house_.clock.set_now(parse_time(value).value());
    if (key == "reply") {
      reply_ = unescape(value);
    } else if (key == "tool-result") {
      tool_result_ = unescape(value);
    } else if (key == "note") {
      add_note(value);
    } else if (key == "answer") {
      answer_ = unescape(value);
    } else if (key == "answer-many") {
      const std::size_t space = value.find(' ');
      for (int i = 1; i <= std::stoi(value.substr(0, space)); ++i) {
        std::string note = value.substr(space + 1);
        note.replace(note.find('#'), 1, std::to_string(i));
        add_note(note);
      }
    } else if (key == "model-error") {
      failure_ = value == "none" ? std::nullopt : std::optional<Code>(code_from_name(value));
    } else if (key == "user") {
      say(unescape(value), {});
    } else if (key == "user-long") {
      const std::size_t space = value.find(' ');
      std::string text;
      for (int i = std::stoi(value.substr(0, space)); i > 0; --i) text += unescape(value.substr(space + 1)) + " ";
      say(text, {});
    } else if (key == "outside") {
      const std::size_t colon = value.find(": ");
      say(unescape(value.substr(colon + 2)), value.substr(0, colon));
    } else if (key == "asked") {
      CHECK(asked_ == std::stoi(value));
    } else {
      expect(key, value);
    }
  }

 private:
  void add_note(const std::string& value) {
    const Line line(value);
    const std::size_t arrow = line.text.find("<- ");
    json::object item;
    item["text"] = std::string(trim(line.text.substr(0, arrow)));
    item["quote"] = unescape(std::string(trim(line.text.substr(arrow + 3))));
    item["kind"] = "fact";
    item["importance"] = 0.5;
    for (const auto& [key, text] : line.checks) {
      if (key == "person") {
        item["people"] = json::array{text};
      } else {
        item[key] = text;
      }
    }
    notes_.push_back(std::move(item));
  }

  awaitable<Result<std::string>> learn(PluginCall call) {
    if (call.function == "models") co_return std::string(R"({"models":[{"id":"m"}]})");
    ++asked_;
    if (failure_) co_return Error{*failure_, "it fails"};
    std::string answer = std::exchange(answer_, {});
    if (answer.empty()) answer = json::serialize(json::object{{"memories", std::exchange(notes_, {})}});
    json::object delta;
    delta["text"] = answer;
    call.on_chunk(json::serialize(delta));
    co_return std::string(R"({"stop":"end"})");
  }

  void say(const std::string& text, const std::string& speaker) {
    if (!tool_result_.empty()) {
      json::object result;
      result["text"] = tool_result_;
      house_.tool_results.insert_or_assign("read", Result<std::string>(json::serialize(result)));
      house_.model.answers.push_back(calls_tool("c1", "read", "{}"));
      tool_result_.clear();
    }
    house_.model.answers.push_back(says(reply_));
    SendRequest request = house_.request(text);
    request.conversation_id = house_.conversation;
    request.model = "local/m";
    if (!speaker.empty()) {
      Message message;
      message.role = "user";
      message.speaker = speaker;
      message.text = text;
      request.messages.push_back(std::move(message));
    }
    const auto reply = house_.send(std::move(request));
    if (reply.has_value()) house_.conversation = reply->conversation_id;
    CHECK((reply.has_value() || text.empty()));
    house_.model.answers.clear();
    const auto learned = run(house_.io, learning_->catch_up(house_.user.id));
    if (learned.has_error()) FAIL(learned.error().message);
    notes_.clear();
    answer_.clear();
  }

  std::vector<Memory> memories(bool in_force) {
    MemoryFilter filter;
    filter.include_superseded = !in_force;
    PageRequest page;
    page.limit = 500;
    auto all = run(house_.io, house_.store->memories().list(house_.user.id, filter, page)).value().items;
    if (!in_force) {
      std::set<std::string> current;
      for (const Memory& memory : memories(true)) current.insert(memory.id);
      std::erase_if(all, [&](const Memory& memory) { return current.contains(memory.id); });
    }
    return all;
  }

  void expect(const std::string& key, const std::string& value) {
    const std::vector<Memory> held = memories(true);
    std::string shown;
    for (const Memory& memory : held) shown += "\n    " + memory.text;
    for (const Memory& memory : memories(false)) shown += "\n    (ended) " + memory.text;
    INFO("held:" << shown);
    if (key == "count") {
      CHECK(held.size() == std::stoul(value));
    } else if (key == "must") {
      check_one(held, Line(value));
    } else if (key == "ended") {
      check_one(memories(false), Line(value));
    } else if (key == "must-not") {
      for (const Memory& memory : held) CHECK_THAT(memory.text, !Catch::Contains(value, Catch::CaseSensitive::No));
    } else if (key == "never") {
      PageRequest page;
      page.limit = 500;
      for (const MemoryVersion& version : run(house_.io, house_.store->memories().versions(house_.user.id, std::nullopt, page)).value().items)
        CHECK_THAT(version.memory.text, !Catch::Contains(value, Catch::CaseSensitive::No));
    } else {
      FAIL("no such line: " << key);
    }
  }

  void check_one(const std::vector<Memory>& among, const Line& line) {
    const auto found = std::find_if(among.begin(), among.end(), [&](const Memory& memory) { return memory.text == line.text; });
    if (found == among.end()) {
      CHECK("missing: " + line.text == "");
      return;
    }
    for (const auto& [key, value] : line.checks) {
      INFO(key << "=" << value);
      check(*found, key, value);
    }
  }

  void check(const Memory& memory, const std::string& key, const std::string& value) {
    const auto holds = [&](const std::vector<std::string>& list) { return std::find(list.begin(), list.end(), value) != list.end(); };
    const auto is_date = [&](const std::optional<Time>& time) {
      const std::string text = time ? format_time(*time) : "none";
      CHECK(text.substr(0, value.size()) == value);
    };
    if (key == "kind") CHECK(memory_kind_name(memory.kind) == value);
    else if (key == "person") CHECK(holds(memory.people));
    else if (key == "topic") CHECK(holds(memory.topics));
    else if (key == "valid_from") is_date(memory.valid_from);
    else if (key == "valid_to") is_date(memory.valid_to);
    else if (key == "sources") CHECK(memory.sources.size() == std::stoul(value));
    else if (key == "version") CHECK(memory.version == std::stoi(value));
    else if (key == "said_by") CHECK(said_by_name(memory.sources.at(0).said_by) == value);
    else if (key == "quote") CHECK_THAT(memory.sources.back().quote, Catch::Contains(value));
    else if (key == "least") CHECK(memory.importance >= std::stod(value));
    else if (key == "pii") CHECK(holds(memory.pii));
    else if (key == "by") {
      const auto successor = run(house_.io, house_.store->memories().find(house_.user.id, memory.superseded_by));
      CHECK((successor.has_value() && successor->text == value));
    } else {
      FAIL("no such check: " << key);
    }
  }

  const LearnMode mode_;
  TempFolder folder_;
  House house_;
  std::unique_ptr<Learning> learning_;
  std::string reply_ = "Noted.", tool_result_, answer_;
  json::array notes_;
  std::optional<Code> failure_;
  int asked_ = 0;
};

}  // namespace

void run_behaviour(const std::string& file, LearnMode mode) {
  std::ifstream in(std::string(HOB_BEHAVIOURS) + "/" + file);
  REQUIRE(in.good());
  Behaviour behaviour(mode);
  const std::string other = mode == LearnMode::rules ? "model> " : "rules> ", own = mode == LearnMode::rules ? "rules> " : "model> ";
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    if (line.empty() || line.starts_with('#') || line.starts_with(other)) continue;
    if (line.starts_with(own)) line.erase(0, own.size());
    const std::size_t colon = line.find(':');
    REQUIRE(colon != std::string::npos);
    INFO(file << ":" << number << ": " << line);
    behaviour.step(line.substr(0, colon), std::string(trim(line.substr(colon + 1))));
  }
}

}  // namespace hobd::fakes

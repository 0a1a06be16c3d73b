// Runs tests/scenarios/*.scn: conversations as data.
//
// A file is lines; '#' begins a comment line. In order:
//   title: ...                           what the scenario claims
//   config: tool_rounds=N | approval=ask|never|deny | buffer=N | top_k=N
//   tool: NAME read|write|external idempotent|once     a tool there is; its argument is {"x": integer}
//   tool-result: NAME JSON               what it answers from now on
//   tool-error: NAME CODE MESSAGE
//   model: TEXT                          the next answer of the model ("\n" is a line end, "\s" a space)
//   model-call: NAME ARGUMENTS           a tool call; consecutive ones, after a "model:" too, are one answer
//   model-stop: end|length|tool_calls|filtered   why the answer before ended; what follows is another answer
//   model-error: CODE MESSAGE
//   user: TEXT                           is sent; what follows is about it
//   fresh-session:                       the next message begins a new session
//   reply: TEXT                          the reply is exactly this
//   reply-has: TEXT                      the reply has this in it
//   error: CODE [TEXT]                   the turn ended so, its message has TEXT in it
//   event: NAME [TEXT]                   such an event came, and its data has TEXT in it
//   steps: KIND KIND ...                 the turn's journal
//   asked: N                             how often the model was asked so far
//   told: TEXT                           the last request to the model has TEXT in it
//   not-told: TEXT
#include "fakes/house.hpp"

#include "base/text.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace hobd;
using namespace hobd::fakes;

namespace {

std::string first_word(std::string& rest) {
  const std::size_t space = rest.find(' ');
  std::string word = rest.substr(0, space);
  rest = space == std::string::npos ? std::string() : std::string(trim(rest.substr(space)));
  return word;
}

std::string unescape(std::string text) {
  for (std::size_t at = text.find("\\n"); at != std::string::npos; at = text.find("\\n", at)) text.replace(at, 2, "\n");
  for (std::size_t at = text.find("\\s"); at != std::string::npos; at = text.find("\\s", at)) text.replace(at, 2, " ");
  return text;
}

class Scenario {
 public:
  void step(const std::string& key, std::string value) {
    if (key == "config") return configure(value);
    if (key == "tool") return add_tool(value);
    if (key == "tool-result" || key == "tool-error") return set_result(key, value);
    if (key.starts_with("model")) return script(key, value);
    if (key == "user") return say(value);
    if (key == "fresh-session") {
      fresh_ = true;
      return;
    }
    expect(key, value);
  }

 private:
  void configure(const std::string& value) {
    const std::size_t equals = value.find('=');
    const std::string name = value.substr(0, equals), setting = value.substr(equals + 1);
    if (name == "tool_rounds") house_.config->limits.tool_rounds = std::uint32_t(std::stoul(setting));
    else if (name == "buffer") house_.config->memory.buffer_messages = std::uint32_t(std::stoul(setting));
    else if (name == "top_k") house_.config->memory.recall_top_k = std::uint32_t(std::stoul(setting));
    else if (name == "approval")
      house_.config->tools.approval = setting == "never" ? Approval::never : setting == "deny" ? Approval::deny : Approval::ask;
    else FAIL("unknown config " << name);
  }

  void add_tool(std::string value) {
    const std::string name = first_word(value), effect = first_word(value);
    const ToolEffect what = effect == "read" ? ToolEffect::read : effect == "write" ? ToolEffect::write : ToolEffect::external;
    house_.registry.add_tool(tool_manifest(name, what, value == "idempotent"), *house_.tools);
  }

  void set_result(const std::string& key, std::string value) {
    const std::string name = first_word(value);
    house_.tool_results.erase(name);
    if (key == "tool-result") {
      house_.tool_results.emplace(name, value);
    } else {
      const Code code = code_from_name(first_word(value));
      house_.tool_results.emplace(name, Error{code, value});
    }
  }

  void script(const std::string& key, std::string value) {
    auto& answers = house_.model.answers;
    if (key == "model") {
      answers.push_back(says(unescape(value)));
      open_ = true;
    } else if (key == "model-stop") {
      answers.back().result = "{\"stop\":\"" + value + "\"}";
      open_ = false;
    } else if (key == "model-error") {
      const Code code = code_from_name(first_word(value));
      answers.push_back(fails(code, value));
      open_ = false;
    } else if (key == "model-call") {
      const std::string name = first_word(value);
      ++calls_;
      const ScriptedAnswer call = calls_tool("call_" + std::to_string(calls_), name, value);
      if (!open_) answers.emplace_back();
      open_ = true;
      // Each call of one answer has its own index.
      json::object delta = parse_json_object(call.deltas[0]).value();
      delta["tool_call"].as_object()["index"] = answers.back().deltas.size();
      answers.back().deltas.push_back(json::serialize(delta));
      answers.back().result = call.result;
    } else {
      FAIL("unknown line " << key);
    }
  }

  void say(const std::string& text) {
    open_ = false;
    SendRequest request = house_.request(unescape(text));
    request.conversation_id = house_.conversation;
    if (fresh_) request.session.kind = SessionChoice::Kind::fresh;
    fresh_ = false;
    reply_.emplace(house_.send(std::move(request)));
    if (reply_->has_value()) house_.conversation = (*reply_)->conversation_id;
  }

  void expect(const std::string& key, std::string value) {
    open_ = false;
    REQUIRE(reply_);
    if (key == "reply" || key == "reply-has") {
      if (reply_->has_error()) FAIL("the turn ended with: " << reply_->error().message);
      if (key == "reply") CHECK((*reply_)->reply == unescape(value));
      else CHECK_THAT((*reply_)->reply, Catch::Contains(unescape(value)));
    } else if (key == "error") {
      REQUIRE(reply_->has_error());
      CHECK(code_name(reply_->error().code) == first_word(value));
      CHECK_THAT(reply_->error().message, Catch::Contains(value));
    } else if (key == "event") {
      const std::string name = first_word(value);
      bool found = false;
      for (const TurnEvent& event : house_.events)
        found = found || (event.name == name && json::serialize(event.data).find(value) != std::string::npos);
      CHECK(found);
    } else if (key == "steps") {
      std::string kinds;
      for (const std::string& kind : house_.step_kinds(std::string(string_or(house_.event("session")->data, "turn_id"))))
        kinds += (kinds.empty() ? "" : " ") + kind;
      CHECK(kinds == value);
    } else if (key == "asked") {
      CHECK(house_.model.requests.size() == std::stoul(value));
    } else if (key == "told" || key == "not-told") {
      REQUIRE_FALSE(house_.model.requests.empty());
      const bool is_told = json::serialize(house_.model.requests.back()).find(value) != std::string::npos;
      CHECK(is_told == (key == "told"));
    } else {
      FAIL("unknown line " << key);
    }
  }

  TempFolder folder_;
  House house_{folder_.path()};
  std::optional<Result<TurnReply>> reply_;
  bool open_ = false;   // the last scripted answer still takes calls
  bool fresh_ = false;
  int calls_ = 0;
};

}  // namespace

TEST_CASE("every scenario in tests/scenarios holds") {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(HOB_SCENARIOS)) {
    if (entry.path().extension() != ".scn") continue;
    ++files;
    Scenario scenario;
    std::ifstream file(entry.path());
    std::string line;
    for (int number = 1; std::getline(file, line); ++number) {
      if (trim(line).empty() || line.starts_with('#') || line.starts_with("title:")) continue;
      INFO(entry.path().filename().string() << ":" << number << ": " << line);
      const std::size_t colon = line.find(':');
      REQUIRE(colon != std::string::npos);
      scenario.step(line.substr(0, colon), std::string(trim(line.substr(colon + 1))));
    }
  }
  REQUIRE(files > 0);
}

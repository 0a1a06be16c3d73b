#include "recall_data.hpp"

#include "base/json.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <stdexcept>

namespace hobtest {
namespace {

using hobd::json::object;

/// A string or a number as text: ids and sessions come as either.
std::string text_of(const object& line, const char* name) {
  const auto* value = line.if_contains(name);
  if (!value) return {};
  if (value->is_string()) return std::string(value->get_string());
  return hobd::json::serialize(*value);
}

void each_line(const std::filesystem::path& file, const std::function<void(const object&)>& take) {
  std::ifstream stream(file);
  if (!stream) throw std::runtime_error("can't read " + file.string());
  std::string line;
  for (int number = 1; std::getline(stream, line); ++number) {
    if (line.empty()) continue;
    const auto value = hobd::parse_json(line);
    if (value.has_error() || !value->is_object()) throw std::runtime_error(file.string() + ":" + std::to_string(number) + ": no JSON object");
    try {
      take(value->get_object());
    } catch (const std::exception& e) {
      throw std::runtime_error(file.string() + ":" + std::to_string(number) + ": " + e.what());
    }
  }
}

}  // namespace

hobd::Time read_bench_time(const std::string& text) {
  if (const auto time = hobd::parse_time(text)) return *time;
  static constexpr std::array<const char*, 12> kMonths = {"January", "February", "March",     "April",   "May",      "June",
                                                          "July",    "August",   "September", "October", "November", "December"};
  int hour = 0, minute = 0, day = 0, year = 0;
  char half[8] = {}, month[16] = {};
  if (std::sscanf(text.c_str(), "%d:%d %7s on %d %15[A-Za-z], %d", &hour, &minute, half, &day, month, &year) != 6)
    throw std::runtime_error("no time: " + text);
  const auto found = std::find_if(kMonths.begin(), kMonths.end(), [&](const char* name) { return std::strcmp(name, month) == 0; });
  if (found == kMonths.end()) throw std::runtime_error("no month: " + text);
  hour = hour % 12 + (half[0] == 'p' || half[0] == 'P' ? 12 : 0);
  using namespace std::chrono;
  const year_month_day date = std::chrono::year(year) / std::chrono::month(static_cast<unsigned>(found - kMonths.begin() + 1)) /
                              std::chrono::day(static_cast<unsigned>(day));
  return hobd::Time(sys_days(date)) + hours(hour) + minutes(minute);
}

std::vector<BenchConversation> read_bench_folder(const std::filesystem::path& folder) {
  std::vector<BenchConversation> conversations;
  constexpr std::string_view kTurns = ".turns.jsonl";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string file = entry.path().filename().string();
    if (!file.ends_with(kTurns)) continue;
    BenchConversation conversation;
    conversation.name = file.substr(0, file.size() - kTurns.size());
    each_line(entry.path(), [&](const object& line) {
      conversation.turns.push_back({text_of(line, "id"), text_of(line, "session"), text_of(line, "speaker"), text_of(line, "text"),
                                    read_bench_time(text_of(line, line.contains("date_time") ? "date_time" : "time"))});
    });
    std::map<std::string, std::size_t> places;
    each_line(folder / (conversation.name + ".questions.jsonl"), [&](const object& line) {
      BenchQuestion question;
      question.id = text_of(line, "qid");
      question.text = text_of(line, "question");
      question.category = static_cast<int>(hobd::int_or(line, "category"));
      places[question.id] = conversation.questions.size();
      conversation.questions.push_back(std::move(question));
    });
    const std::filesystem::path gold = folder / (conversation.name + ".gold.jsonl");
    if (std::filesystem::exists(gold)) {
      each_line(gold, [&](const object& line) {
        const auto place = places.find(text_of(line, "qid"));
        if (place == places.end()) return;
        if (const auto* evidence = hobd::array_at(line, "evidence"))
          for (const auto& id : *evidence)
            if (id.is_string()) conversation.questions[place->second].evidence.emplace_back(id.get_string());
      });
    }
    conversations.push_back(std::move(conversation));
  }
  std::sort(conversations.begin(), conversations.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  if (conversations.empty()) throw std::runtime_error(folder.string() + " holds no *.turns.jsonl");
  return conversations;
}

}  // namespace hobtest

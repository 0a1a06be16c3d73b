// The folder that recall_bench reads: <conv>.turns.jsonl, <conv>.questions.jsonl and <conv>.gold.jsonl.
#pragma once

#include "base/clock.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace hobtest {

struct BenchTurn {
  std::string id, session, speaker, text;
  hobd::Time at{};
};

struct BenchQuestion {
  std::string id, text;
  int category = 0;
  std::vector<std::string> evidence;  // turn ids; those that there are no turns of stay in
};

struct BenchConversation {
  std::string name;
  std::vector<BenchTurn> turns;
  std::vector<BenchQuestion> questions;
};

/// Every conversation of the folder, by name. Throws std::runtime_error with the file and line of what can't be read.
std::vector<BenchConversation> read_bench_folder(const std::filesystem::path& folder);

/// "1:56 pm on 8 May, 2023" or RFC 3339.
hobd::Time read_bench_time(const std::string& text);

}  // namespace hobtest

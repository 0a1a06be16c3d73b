// recall_bench DIR [--pooled] [--out FILE] [--no-factor] [--ask-at-end]: how well recall finds the evidence of questions.
//
// DIR holds *.turns.jsonl, *.questions.jsonl and *.gold.jsonl. Each conversation is one user's messages, or with --pooled all are
// one user's, imported as conversation.import does; each question is searched as memory.search does (in: messages), in
// process, over a database of its own. Measured over the questions of categories 1 to 4 that have evidence, category 5 apart:
// recall@k is the share of a question's evidence in the first k, hit@k whether any is. --out writes
// {"sample_id","qid","ranked":[ids]} lines. --no-factor leaves importance, recency and use out. --ask-at-end asks when the
// conversation ended instead of now, so that recency has a say.
#include "bench/recall_data.hpp"
#include "base/json.hpp"
#include "fakes/run.hpp"
#include "fakes/temp_folder.hpp"
#include "memory/recall.hpp"
#include "store/imports.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>

namespace {

using namespace hobd;

struct Options {
  std::string folder, out;
  bool pooled = false, ask_at_end = false;
  RankingWeights weights;
};

constexpr std::uint32_t kRanked = 20;

struct Score {
  double recall5 = 0, recall10 = 0, recall20 = 0, hit10 = 0, reciprocal = 0, ndcg10 = 0;
  int questions = 0;

  void add(const std::vector<std::string>& ranked, const std::vector<std::string>& evidence) {
    double found = 0, gain = 0, ideal = 0, first = 0;
    for (std::size_t i = 0; i < ranked.size(); ++i) {
      if (std::find(evidence.begin(), evidence.end(), ranked[i]) == evidence.end()) continue;
      ++found;
      if (first == 0) first = 1.0 / double(i + 1);
      if (i < 5) recall5 += 1.0 / double(evidence.size());
      if (i < 10) recall10 += 1.0 / double(evidence.size());
      if (i < 10) gain += 1 / std::log2(double(i) + 2);
      if (i < 10 && found == 1) hit10 += 1;
      recall20 += 1.0 / double(evidence.size());
    }
    for (std::size_t i = 0; i < std::min<std::size_t>(10, evidence.size()); ++i) ideal += 1 / std::log2(double(i) + 2);
    reciprocal += first;
    ndcg10 += gain / ideal;
    ++questions;
  }
  void print(const char* name) const {
    const double n = std::max(1, questions) / 100.0;
    std::printf("%-14s %5d %9.1f %9.1f %9.1f %9.1f %9.1f %9.1f\n", name, questions, recall5 / n, recall10 / n, recall20 / n, hit10 / n, reciprocal / n, ndcg10 / n);
  }
};

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<std::size_t>(share * double(values.size())))];
}

class Bench {
 public:
  explicit Bench(Options options) : options_(std::move(options)), data_(hobtest::read_bench_folder(options_.folder)) {
    StoreOptions store;
    store.file = folder_.path() / "hob.db";
    store.executor = io_.get_executor();
    store.clock = &clock_;
    store_ = open_sqlite_store(std::move(store)).value();
  }
  ~Bench() { store_->close(); }

  void run() {
    for (const auto& conversation : data_) import(conversation);
    for (const auto& conversation : data_) ask(conversation);
    report();
  }

 private:
  std::string user_of(const hobtest::BenchConversation& conversation) {
    return fakes::run(io_, store_->users().ensure(options_.pooled ? "everyone" : conversation.name, false)).value().id;
  }

  void import(const hobtest::BenchConversation& conversation) {
    std::vector<ImportedMessage> messages;
    for (const hobtest::BenchTurn& turn : conversation.turns) {
      ImportedMessage message;
      message.conversation = conversation.name;
      message.session = turn.session;
      message.at = turn.at;
      message.message.role = "user";
      message.message.speaker = turn.speaker;
      message.message.text = turn.text;
      // Ids may be the same in two conversations.
      message.message.external_id = conversation.name + "/" + turn.id;
      messages.push_back(std::move(message));
    }
    (void)fakes::run(io_, store_->imports().add(user_of(conversation), std::move(messages))).value();
  }

  void ask(const hobtest::BenchConversation& conversation) {
    Recall recall(*store_, nullptr, options_.weights);
    Time end{};
    for (const hobtest::BenchTurn& turn : conversation.turns) end = std::max(end, turn.at);
    const std::string user = user_of(conversation), own = conversation.name + "/";
    for (const hobtest::BenchQuestion& question : conversation.questions) {
      SearchQuery query;
      query.user_id = user;
      query.text = question.text;
      query.in = SearchQuery::In::messages;
      query.limit = kRanked;
      query.now = options_.ask_at_end ? end : clock_.now();
      const auto begun = std::chrono::steady_clock::now();
      const auto hits = fakes::run(io_, recall.search(std::move(query))).value();
      millis_.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count());
      std::vector<std::string> ranked;
      for (const RecallHit& hit : hits) {
        const std::string& id = hit.message.external_id;
        ranked.push_back(id.starts_with(own) ? id.substr(own.size()) : id);
      }
      if (!question.evidence.empty()) {
        scores_["category " + std::to_string(question.category)].add(ranked, question.evidence);
        if (question.category >= 1 && question.category <= 4) {
          scores_["all of 1 to 4"].add(ranked, question.evidence);
          by_conversation_[conversation.name].add(ranked, question.evidence);
        }
      }
      json::array ids;
      for (const std::string& id : ranked) ids.emplace_back(id);
      lines_ += json::serialize(json::object{{"sample_id", conversation.name}, {"qid", question.id}, {"ranked", std::move(ids)}}) + "\n";
    }
  }

  void report() {
    std::printf("%-14s %5s %9s %9s %9s %9s %9s %9s\n", "%", "asked", "recall@5", "recall@10", "recall@20", "hit@10", "MRR", "nDCG@10");
    for (const auto& [name, score] : scores_) score.print(name.c_str());
    for (const auto& [name, score] : by_conversation_) score.print(name.c_str());
    std::printf("ms a query: p50 %.2f, p95 %.2f\n", percentile(millis_, 0.5), percentile(millis_, 0.95));
    if (!options_.out.empty()) std::ofstream(options_.out) << lines_;
  }

  Options options_;
  std::vector<hobtest::BenchConversation> data_;
  fakes::TempFolder folder_;
  asio::io_context io_;
  SystemClock clock_;
  std::unique_ptr<Store> store_;
  std::map<std::string, Score> scores_, by_conversation_;
  std::vector<double> millis_;
  std::string lines_;
};

int usage() {
  std::fprintf(stderr, "usage: recall_bench DIR [--pooled] [--out FILE] [--no-factor] [--ask-at-end]\n");
  return 64;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--pooled")
      options.pooled = true;
    else if (argument == "--no-factor")
      options.weights.has_factor = false;
    else if (argument == "--ask-at-end")
      options.ask_at_end = true;
    else if (argument == "--out" && i + 1 < argc)
      options.out = argv[++i];
    else if (!argument.starts_with("--") && options.folder.empty())
      options.folder = argument;
    else
      return usage();
  }
  if (options.folder.empty()) return usage();
  try {
    Bench(std::move(options)).run();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "recall_bench: %s\n", e.what());
    return 1;
  }
  return 0;
}

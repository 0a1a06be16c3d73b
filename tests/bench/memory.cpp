// memory [--messages 10000,100000] [--users 0x0] [--queries 300]: what recall costs as a store grows.
//
// For each number of messages: one user's, imported in large transactions, in sessions of thirty; then searches by rare words,
// by common ones and by both. --users 1000x1000 does the same with a thousand users of a thousand messages each. Texts are
// made of a vocabulary of 50,000 words whose frequencies follow Zipf's law, as those of languages do. Printed: search p50 and
// p95 in milliseconds, import and single write a message, the database's size and the process's memory.
#include "base/text.hpp"
#include "fakes/run.hpp"
#include "fakes/temp_folder.hpp"
#include "memory/recall.hpp"
#include "store/imports.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <random>
#include <string>

namespace {

using namespace hobd;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kWords = 50'000;
constexpr int kSession = 30;
constexpr int kChunk = 5'000;

double millis_since(SteadyClock::time_point begun) { return std::chrono::duration<double, std::milli>(SteadyClock::now() - begun).count(); }

/// Of this process, all threads: what a search costs however busy the machine is.
double cpu_millis() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return double(now.tv_sec) * 1e3 + double(now.tv_nsec) / 1e6;
}

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<std::size_t>(share * double(values.size())))];
}

double resident_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) return std::atof(line.c_str() + 6) / 1024;
  return 0;
}

/// Words by rank, the first the most frequent.
class Language {
 public:
  Language() {
    double sum = 0;
    for (std::size_t rank = 1; rank <= kWords; ++rank) {
      sum += 1.0 / double(rank);
      cumulative_.push_back(sum);
    }
  }
  static std::string word(std::size_t rank) {
    static constexpr std::string_view kFirst = "bdfgklmnprtvz", kVowel = "aou";
    std::string text;
    for (std::size_t left = rank + 40; left > 0; left /= kFirst.size() * kVowel.size()) {
      const std::size_t syllable = left % (kFirst.size() * kVowel.size());
      text += kFirst[syllable % kFirst.size()];
      text += kVowel[syllable / kFirst.size()];
    }
    return text;
  }
  std::string any(std::mt19937& random) const {
    const double at = std::uniform_real_distribution<>(0, cumulative_.back())(random);
    return word(static_cast<std::size_t>(std::lower_bound(cumulative_.begin(), cumulative_.end(), at) - cumulative_.begin()));
  }
  static std::string between(std::size_t first, std::size_t last, std::mt19937& random) {
    return word(std::uniform_int_distribution<std::size_t>(first, last)(random));
  }

 private:
  std::vector<double> cumulative_;
};

class World {
 public:
  World() {
    StoreOptions options;
    options.file = folder_.path() / "hob.db";
    options.executor = io_.get_executor();
    options.clock = &clock_;
    store_ = open_sqlite_store(std::move(options)).value();
  }
  ~World() { store_->close(); }

  std::string user(int number) { return fakes::run(io_, store_->users().ensure("user" + std::to_string(number), false)).value().id; }

  void import(const std::string& user, int count) {
    int done = 0;
    while (done < count) {
      std::vector<ImportedMessage> chunk;
      for (; done < count && int(chunk.size()) < kChunk; ++done) {
        ImportedMessage message;
        const int session = done / kSession;
        message.conversation = "c" + std::to_string(session / 100);
        message.session = std::to_string(session);
        message.at = clock_.now() - std::chrono::minutes(10 * (count - done));
        message.message.role = done % 2 ? "assistant" : "user";
        message.message.speaker = done % 2 ? "Hob" : "anna";
        message.message.text = sentence();
        message.message.external_id = std::to_string(done);
        chunk.push_back(std::move(message));
      }
      (void)fakes::run(io_, store_->imports().add(user, std::move(chunk))).value();
    }
  }

  double write_one(const std::string& user) {
    Inbound inbound;
    inbound.user_id = user;
    inbound.channel = "http";
    inbound.thread = "bench";
    Message message;
    message.role = "user";
    message.text = sentence();
    inbound.messages.push_back(std::move(message));
    const auto begun = SteadyClock::now();
    (void)fakes::run(io_, store_->journal().accept(std::move(inbound), Durability::journaled)).value();
    return millis_since(begun);
  }

  enum class Kind { rare, common, mixed };
  struct Took {
    double wall = 0, cpu = 0;  // milliseconds
  };
  Took search(const std::string& user, Kind kind) {
    SearchQuery query;
    query.user_id = user;
    query.text = "what did I say about the";
    const int common = kind == Kind::rare ? 0 : kind == Kind::common ? 4 : 2, rare = kind == Kind::rare ? 3 : kind == Kind::common ? 0 : 2;
    for (int i = 0; i < common; ++i) query.text += " " + Language::between(10, 300, random_);
    for (int i = 0; i < rare; ++i) query.text += " " + Language::between(2'000, kWords - 1, random_);
    query.now = clock_.now();
    Recall recall(*store_, nullptr);
    const double cpu = cpu_millis();
    const auto begun = SteadyClock::now();
    (void)fakes::run(io_, recall.search(std::move(query))).value();
    return {millis_since(begun), cpu_millis() - cpu};
  }

  double database_mib() { return double(fakes::run(io_, store_->status()).value().database_bytes) / (1 << 20); }

 private:
  std::string sentence() {
    std::string text;
    const int words = std::uniform_int_distribution<>(4, 24)(random_);
    for (int i = 0; i < words; ++i) text += (i ? " " : "") + language_.any(random_);
    return text + '.';
  }

  Language language_;
  std::mt19937 random_{7};
  fakes::TempFolder folder_;
  asio::io_context io_;
  SystemClock clock_;
  std::unique_ptr<Store> store_;
};

void measure(int users, int each, int queries) {
  World world;
  std::vector<std::string> ids;
  for (int i = 0; i < users; ++i) ids.push_back(world.user(i));
  const auto begun = SteadyClock::now();
  for (const std::string& id : ids) world.import(id, each);
  const double import_us = millis_since(begun) * 1000 / users / each;
  std::vector<double> writes;
  for (int i = 0; i < 200; ++i) writes.push_back(world.write_one(ids[static_cast<std::size_t>(i) % ids.size()]));
  std::printf("%5d x %-8d", users, each);
  std::vector<double> all, cpu;
  for (const World::Kind kind : {World::Kind::rare, World::Kind::common, World::Kind::mixed}) {
    std::vector<double> took;
    for (int i = 0; i < queries; ++i) {
      const World::Took one = world.search(ids[static_cast<std::size_t>(i) % ids.size()], kind);
      took.push_back(one.wall);
      cpu.push_back(one.cpu);
    }
    std::printf(" %6.2f %6.2f |", percentile(took, 0.5), percentile(took, 0.95));
    all.insert(all.end(), took.begin(), took.end());
  }
  std::printf(" %6.2f %6.2f | %6.2f %6.2f | %7.1f %7.0f | %7.1f %6.1f\n", percentile(all, 0.5), percentile(all, 0.95), percentile(cpu, 0.5), percentile(cpu, 0.95), import_us, percentile(writes, 0.5) * 1000,
              world.database_mib(), resident_mib());
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  std::string sizes = "10000,100000", users = "0x0";
  int queries = 300;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--messages") sizes = argv[i + 1];
    if (name == "--users") users = argv[i + 1];
    if (name == "--queries") queries = std::max(1, std::atoi(argv[i + 1]));
  }
  std::printf("%-16s %13s | %13s | %13s | %13s | %13s | %15s | %14s\n", "", "rare, ms", "common, ms", "mixed, ms", "all, ms", "all, CPU ms", "a message, us", "MiB");
  std::printf("%-16s %6s %6s | %6s %6s | %6s %6s | %6s %6s | %6s %6s | %7s %7s | %7s %6s\n", "users x messages", "p50", "p95", "p50", "p95", "p50", "p95", "p50", "p95", "p50", "p95",
              "import", "write", "disk", "RSS");
  for (std::size_t at = 0; at < sizes.size();) {
    std::size_t end = std::min(sizes.find(',', at), sizes.size());
    if (const int count = std::atoi(sizes.substr(at, end - at).c_str()); count > 0) measure(1, count, queries);
    at = end + 1;
  }
  const std::size_t cross = users.find('x');
  const int many = std::atoi(users.c_str()), each = cross == std::string::npos ? 0 : std::atoi(users.c_str() + cross + 1);
  if (many > 0 && each > 0) measure(many, each, queries);
  return 0;
}

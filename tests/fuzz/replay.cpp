// replay SEEDS [--rounds N] [--seed S]: runs a fuzz target on every seed file, and on N mutations of them.
//
// The suite's way to run the targets, with any compiler and under each sanitizer. An input that crashes lies in
// crash-input afterwards; libFuzzer (HOB_FUZZ, clang) searches deeper.
#include "fuzz.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

namespace {

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t end) { return end == 0 ? 0 : std::size_t(random() % end); }

/// One small change: flip, overwrite, insert, erase, repeat, cut, or a piece of another seed.
void mutate(std::string& input, const std::vector<std::string>& seeds, Random& random) {
  static constexpr std::string_view kEvil[] = {"\0", "\xff", "\r\n", "\"", "{", "[", "\\u0000", "-1", "99999999999999999999", "\xc0\x80", "%00", ":"};
  const std::size_t at = below(random, input.size() + 1);
  switch (below(random, 7)) {
    case 0: if (!input.empty()) input[below(random, input.size())] ^= char(1 << below(random, 8)); break;
    case 1: if (!input.empty()) input[below(random, input.size())] = char(random()); break;
    case 2: input.insert(at, kEvil[below(random, std::size(kEvil))]); break;
    case 3: input.erase(at, below(random, 8)); break;
    case 4: input.insert(at, input.substr(at, below(random, 64))); break;
    case 5: input.resize(at); break;
    default: {
      const std::string& other = seeds[below(random, seeds.size())];
      input.insert(at, other.substr(below(random, other.size()), below(random, 128)));
    }
  }
}

const std::string* last_input = nullptr;

/// A crash leaves its input behind; what kills the process goes on to do so.
void keep_input(int signal) {
  const int file = ::open("crash-input", O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  if (file >= 0 && last_input != nullptr && ::write(file, last_input->data(), last_input->size()) < 0) std::_Exit(1);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void run(const std::string& input) {
  last_input = &input;
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: %s SEEDS [--rounds N] [--seed S]\n", argv[0]), 64;
  std::size_t rounds = 20'000;
  std::uint64_t seed = 1;
  for (int i = 2; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--rounds") == 0) rounds = std::strtoull(argv[i + 1], nullptr, 10);
    if (std::strcmp(argv[i], "--seed") == 0) seed = std::strtoull(argv[i + 1], nullptr, 10);
  }
  std::filesystem::remove("crash-input");
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(signal, keep_input);
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<std::string> seeds;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    run(seeds.back());
  }
  if (seeds.empty()) return std::fprintf(stderr, "%s: no seeds\n", argv[1]), 1;
  Random random(seed);
  for (std::size_t i = 0; i < rounds; ++i) {
    std::string input = seeds[below(random, seeds.size())];
    for (std::size_t changes = 1 + below(random, 6); changes > 0; --changes) mutate(input, seeds, random);
    run(input);
  }
  std::printf("%zu seeds, %zu mutations with --seed %llu\n", seeds.size(), rounds, static_cast<unsigned long long>(seed));
}

// Fuzzing: calls with arguments that are changed at random, by a seed that is printed and can be given again.
#include "plugin_kit/check.hpp"
#include "plugin_kit/probe.hpp"

#include <fmt/format.h>

#include <random>

namespace hobd::kit {
namespace {

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t bound) { return bound == 0 ? 0 : random() % bound; }

json::value random_value(Random& random, int depth) {
  static const char* const kTexts[] = {"", "x", "2d6", "0", "-1", "null", "\x01", "\xf0\x9f\x8e\xb2", "http://127.0.0.1/", "${secret:x}", "../../etc/passwd", "a\nb", "9999999999999999999"};
  switch (below(random, depth > 3 ? 7 : 9)) {
    case 0: return nullptr;
    case 1: return below(random, 2) == 0;
    case 2: return std::int64_t(random());
    case 3: return std::int64_t(below(random, 20)) - 10;
    case 4: return double(std::int64_t(random())) * 1e-3;
    case 5: return json::value(json::string(kTexts[below(random, std::size(kTexts))]));
    case 6: return json::value(json::string(std::string(below(random, 5000), char('a' + below(random, 26)))));
    case 7: {
      json::array list;
      for (std::size_t i = below(random, 6); i > 0; --i) list.push_back(random_value(random, depth + 1));
      return list;
    }
    default: {
      json::object object;
      for (std::size_t i = below(random, 6); i > 0; --i) object[fmt::format("k{}", below(random, 10))] = random_value(random, depth + 1);
      return object;
    }
  }
}

/// Changes one place of a value.
void mutate(Random& random, json::value& value, int depth = 0) {
  if (json::object* object = value.if_object(); object && !object->empty() && below(random, 4) != 0) {
    auto member = object->begin() + std::ptrdiff_t(below(random, object->size()));
    if (below(random, 8) == 0) object->erase(member);
    else mutate(random, member->value(), depth + 1);
  } else if (json::array* list = value.if_array(); list && !list->empty() && below(random, 4) != 0) {
    mutate(random, (*list)[below(random, list->size())], depth + 1);
  } else {
    value = random_value(random, depth);
  }
}

void spoil(Random& random, std::string& bytes) {
  for (std::size_t i = 1 + below(random, 4); i > 0 && !bytes.empty(); --i) {
    const std::size_t at = below(random, bytes.size());
    switch (below(random, 3)) {
      case 0: bytes[at] = char(random()); break;
      case 1: bytes.erase(at, 1 + below(random, 8)); break;
      default: bytes.insert(at, 1, char(random()));
    }
  }
}

std::string starting_point(const Subject& subject, Bench& bench, const Probe& probe) {
  if (probe.name.starts_with("provider")) return sample_chat(subject);
  if (probe.name.starts_with("embedder")) return sample_texts(subject);
  if (probe.name.starts_with("channel")) return sample_message(subject);
  if (const auto tools = described_tools(bench))
    for (const DescribedTool& tool : *tools)
      if (probe.name == "tool " + tool.name) return json::serialize(tool.good);
  return "{}";
}

}  // namespace

Result<Verdict> fuzz_round(const Subject& subject, std::uint64_t seed, int round) {
  Random random(seed * 1'000'003 + std::uint64_t(round));
  Bench bench(subject);
  TRY(bench.start());
  std::vector<Probe> probes;
  for (Probe& probe : TRY(probes_of(bench)))
    if (probe.begin_with) probes.push_back(std::move(probe));
  if (probes.empty()) return skip("no call takes JSON");
  for (int i = 0; i < 20; ++i) {
    const Probe& probe = probes[below(random, probes.size())];
    std::string bytes = starting_point(subject, bench, probe);
    if (auto value = parse_json(bytes)) {
      for (std::size_t n = below(random, 4); n > 0; --n) mutate(random, *value);
      bytes = json::serialize(*value);
    }
    if (below(random, 3) == 0) spoil(random, bytes);
    const hob_id call = probe.begin_with(bench.host, bytes);
    if (below(random, 6) == 0) bench.host.cancel(call);
    const auto formed = well_formed(probe, bench.host.finish(call));
    if (formed.has_error()) return fail(fmt::format("{}; the input was {}", formed.error().message, json::serialize(json::value(json::string(bytes.substr(0, 400))))));
  }
  return pass("20 calls");
}

}  // namespace hobd::kit

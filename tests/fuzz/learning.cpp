// What learning reads: a person's message, and a model's answer about it. The input is both, parted by the first 0 byte.
#include "fuzz.hpp"
#include "memory/judge.hpp"
#include "memory/model_extractor.hpp"
#include "memory/rules_extractor.hpp"
#include "memory/statements.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = text_of(data, size);
  const std::size_t part = input.find('\0');
  const std::string said(input.substr(0, part));
  const std::string_view answer = part == std::string_view::npos ? std::string_view() : input.substr(part + 1);
  for (const hobd::Clause& clause : hobd::clauses_of(said))
    for (const hobd::Word& word : clause.words) FUZZ_CHECK(word.at + word.size <= said.size());
  const hobd::Time now = hobd::from_micros(1'795'248'000'000'000);
  std::vector<hobd::Finding> findings = hobd::extract_by_rules({"msg_1", said, now, {}});
  FUZZ_CHECK(findings.size() <= hobd::kMostFindings);
  hobd::Lesson lesson;
  lesson.said.emplace_back();
  lesson.said[0].id = "msg_1";
  lesson.said[0].text = said;
  lesson.said[0].at = now;
  for (hobd::Finding& finding : hobd::findings_of_answer(answer, lesson).findings) findings.push_back(std::move(finding));
  hobd::Judge judge("usr_1", {}, now);
  for (const hobd::Finding& finding : findings) {
    FUZZ_CHECK(said.find(finding.proposal.source.quote) != std::string::npos);
    (void)judge.take(finding);
  }
  for (const hobd::MemoryEdit& edit : judge.edits()) FUZZ_CHECK(!edit.memory.text.empty());
  return 0;
}

#include "models/no_answer.hpp"

#include "models/answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace hobd {
namespace {

using Kind = ModelFault::Kind;
using Words = std::vector<std::string>;

/// More names than these make no sentence.
constexpr std::size_t kMostNames = 3;

std::string provider_of(const std::string& model) { return model.substr(0, model.find('/')); }

void add_new(Words& words, std::string word) {
  if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(std::move(word));
}

/// "a, b and c".
std::string listed(const Words& words, std::size_t most) {
  const std::size_t shown = std::min(words.size(), most);
  std::string text;
  for (std::size_t i = 0; i < shown; ++i) text += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  if (words.size() > shown) text += fmt::format(" and {} more", words.size() - shown);
  return text;
}

/// A provider knows the key better than the configuration's names: what stands in brackets at the end of its words is advice of
/// its own, which Hob's takes the place of.
std::string_view without_advice(std::string_view words) {
  const std::size_t bracket = words.rfind(" (check ");
  if (bracket != std::string_view::npos && words.ends_with(')')) words = words.substr(0, bracket);
  while (words.ends_with('.')) words.remove_suffix(1);
  return words;
}

/// What the models did, in words that fit one and many.
std::string_view deed(const ModelFailure& failure) {
  switch (failure.fault.kind) {
    case Kind::no_contact: return "could not be reached";
    case Kind::refused_key: return failure.fault.status == 402 ? "refused Hob's account for lack of credit" : "refused Hob's API key";
    case Kind::not_found: return "had no such model";
    case Kind::rate_limit: return "took no more requests";
    case Kind::busy: return "had trouble";
    case Kind::too_long: return "had no room for so long a text";
    case Kind::bad_request: return "did not take the request";
    case Kind::timeout: return "took too long";
    default: break;
  }
  // Words that says_nothing() reads: the turn asks anew after them.
  return says_nothing(failure.error) ? kSaidNothing : "gave an answer of no use";
}

/// Of the whole server rather than of one of its models.
bool is_of_provider(Kind kind) { return kind == Kind::no_contact || kind == Kind::refused_key; }
bool may_pass(const ModelFault& fault) { return fault.is_passing() || fault.kind == Kind::timeout; }
/// Whether only who runs Hob can mend it.
bool is_owners(Kind kind, ChosenBy chosen_by) {
  return is_of_provider(kind) || kind == Kind::busy || kind == Kind::broken || (kind == Kind::not_found && chosen_by == ChosenBy::config);
}

Code code_of(const ModelFailure& failure, ChosenBy chosen_by) {
  if (failure.error.code == Code::denied) return Code::unavailable;
  if (failure.error.code == Code::not_found && chosen_by == ChosenBy::config) return Code::unavailable;
  return failure.error.code;
}

Error of_one(const ModelFailure& failure, ChosenBy chosen_by) {
  std::string advice = fault_advice(failure.fault, provider_of(failure.model));
  if (is_owners(failure.fault.kind, chosen_by)) advice = "For Hob's owner: " + advice;
  else advice.front() = char(std::toupper(advice.front()));
  return {code_of(failure, chosen_by), fmt::format("No answer from {}: {}. {}.", failure.model, without_advice(failure.error.message), advice)};
}

Error of_several(const std::vector<ModelFailure>& failures) {
  std::vector<std::pair<std::string_view, Words>> deeds;  // in the order of the models
  Words keys;
  Code code = code_of(failures.front(), ChosenBy::config);
  for (const ModelFailure& failure : failures) {
    const std::string_view did = deed(failure);
    const std::string provider = provider_of(failure.model);
    auto at = std::find_if(deeds.begin(), deeds.end(), [did](const auto& one) { return one.first == did; });
    if (at == deeds.end()) at = deeds.insert(at, {did, {}});
    add_new(at->second, is_of_provider(failure.fault.kind) ? provider : failure.model);
    if (failure.fault.kind == Kind::refused_key) add_new(keys, "models.providers." + provider + ".api_key");
    if (failure.fault.kind == Kind::not_found) add_new(keys, "models.tiers");
    if (code_of(failure, ChosenBy::config) != code) code = Code::unavailable;
  }
  std::string text = "No model answered: ";
  for (std::size_t i = 0; i < deeds.size(); ++i) text += fmt::format("{}{} {}", i ? "; " : "", listed(deeds[i].second, kMostNames), deeds[i].first);
  text += ".";
  const auto passes = [](const ModelFailure& failure) { return may_pass(failure.fault); };
  if (std::any_of(failures.begin(), failures.end(), passes)) text += " Try again in a little while.";
  text += " For Hob's owner: ";
  if (!keys.empty()) text += fmt::format("check {}; ", listed(keys, kMostNames));
  return {code, text + "`hobctl doctor` and the log say more."};
}

}  // namespace

Error no_answer(const std::vector<ModelFailure>& failures, ChosenBy chosen_by) {
  return failures.size() == 1 ? of_one(failures.front(), chosen_by) : of_several(failures);
}

std::string failure_details(const std::vector<ModelFailure>& failures) {
  std::string text;
  for (const ModelFailure& failure : failures) text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", failure.model, failure.error.message);
  return text;
}

}  // namespace hobd

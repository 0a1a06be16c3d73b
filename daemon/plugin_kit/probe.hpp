// Every call that a plugin can be given, with arguments that it should answer: what the checks of any call run over.
#pragma once

#include "plugin_kit/subject.hpp"

#include <functional>
#include <string>
#include <vector>

namespace hobd::kit {

struct Probe {
  enum class Form { json, vectors, response } form = Form::json;  // of a good answer
  std::string name;                                               // "tool roll_die"
  std::function<hob_id(hob::test::Host&)> begin;
  /// The same call with other bytes in place of its JSON; empty where it takes none.
  std::function<hob_id(hob::test::Host&, const std::string& bytes)> begin_with = {};
};

struct DescribedTool {
  std::string name, description;
  json::value parameters;
  json::object good;  // arguments: check.json's, else made up
};

/// What hob.tool/1 describe answers; empty when the plugin has no tools. invalid: what is wrong with the answer.
Result<std::vector<DescribedTool>> described_tools(Bench& bench);

/// All of them, for an activated plugin. A channel is started first.
Result<std::vector<Probe>> probes_of(Bench& bench);

/// Makes the call and runs it to its end. One that does not end by itself within its deadline (30 s, of the host's time) is
/// cancelled, as the daemon does, and must be answered then.
const hob::test::Answer& settled(hob::test::Host& host, const Probe& probe);
const hob::test::Answer& settled_with(hob::test::Host& host, const Probe& probe, const std::string& bytes);

/// Whether an answer has the form that the ABI asks for: statuses in range, JSON that parses, valid UTF-8 in words for people.
Result<void> well_formed(const Probe& probe, const hob::test::Answer& answer);

/// "ok" or "denied: the words".
std::string shown(const hob::test::Answer& answer);
std::string_view status_name(hob_status status) noexcept;

// ---- the requests of each kind: check.json's, else made up ----
std::string sample_chat(const Subject& subject);
std::string sample_message(const Subject& subject);
std::string sample_texts(const Subject& subject);
struct RouteSample {
  std::string name, head, body;
};
std::vector<RouteSample> sample_routes(const Subject& subject);

}  // namespace hobd::kit

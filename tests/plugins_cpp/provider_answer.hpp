// What a provider answered, its deltas put together, and the ways to ask one over scripted HTTP.
#pragma once

#include <catch2/catch.hpp>

#include "fakes/scripted_host.hpp"

#include <map>
#include <string>
#include <vector>

namespace provider_test {

namespace json = boost::json;
using fakes::HttpReply;
using fakes::ScriptedHost;

struct Answer {
  hob_status status = -1;
  std::string text{}, reasoning{}, stop{}, model{}, error{};
  std::map<std::int64_t, json::object> calls{};  // pieces put together
  json::value usage{}, carry{};
};

inline Answer gather(const fakes::CallEnd& end) {
  REQUIRE(end.is_done);
  REQUIRE(end.finishes == 1);
  Answer answer;
  answer.status = end.status;
  for (const auto& chunk : end.chunks) {
    const auto delta = json::parse(chunk).as_object();
    if (const auto* text = delta.if_contains("text")) answer.text += text->as_string();
    if (const auto* text = delta.if_contains("reasoning")) answer.reasoning += text->as_string();
    if (const auto* usage = delta.if_contains("usage")) answer.usage = *usage;
    if (const auto* carry = delta.if_contains("carry")) answer.carry = *carry;
    if (const auto* piece = delta.if_contains("tool_call")) {
      auto& call = answer.calls[piece->at("index").as_int64()];
      for (const auto& [key, value] : piece->as_object()) {
        if (key == "index") continue;
        auto& known = call[key];
        known = known.is_string() ? json::value(std::string(known.as_string()) + std::string(value.as_string())) : value;
      }
    }
  }
  if (end.status == HOB_OK) {
    const auto result = json::parse(end.result).as_object();
    answer.stop = result.at("stop").as_string();
    if (const auto* model = result.if_contains("model")) answer.model = model->as_string();
  } else {
    answer.error = end.result;
  }
  return answer;
}

/// One plugin with one configuration.
struct Provider {
  std::string file, config, chat;

  Answer ask(HttpReply reply, const std::string& asked = {}) const {
    ScriptedHost host(file, config);
    REQUIRE(host.activated == HOB_OK);
    host.http.push_back(std::move(reply));
    return gather(host.finish(host.complete(asked.empty() ? chat : asked)));
  }
  Answer stream(std::vector<std::string> events) const {
    HttpReply reply;
    reply.events = std::move(events);
    return ask(std::move(reply));
  }
  Answer refused(int status, std::string body, json::object headers = {}) const {
    HttpReply reply;
    reply.status = status;
    reply.body = std::move(body);
    reply.headers = std::move(headers);
    return ask(std::move(reply));
  }
  /// The body of the request for `asked`, under another configuration if one is given.
  json::value body_sent(const std::string& asked, const std::string& other_config = {}) const {
    ScriptedHost host(file, other_config.empty() ? config : other_config);
    REQUIRE(host.activated == HOB_OK);
    host.http.push_back({});
    host.finish(host.complete(asked));
    REQUIRE(host.requests.size() == 1);
    return json::parse(host.requests[0].body);
  }
  /// The bodies of two calls, the first of which is refused once with 400 and these words.
  std::vector<json::value> sent_after_refusal(const std::string& asked, const std::string& words) const {
    ScriptedHost host(file, config);
    REQUIRE(host.activated == HOB_OK);
    HttpReply no;
    no.status = 400;
    no.body = json::serialize(json::object{{"error", json::object{{"message", words}}}});
    host.http.push_back(no);
    for (int call = 0; call < 2; ++call) {
      host.http.push_back({});
      host.finish(host.complete(asked));
    }
    std::vector<json::value> sent;
    for (const auto& request : host.requests) sent.push_back(json::parse(request.body));
    REQUIRE(sent.size() == 3);
    return sent;
  }
};

}  // namespace provider_test

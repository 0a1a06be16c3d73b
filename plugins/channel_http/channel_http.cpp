// channel_http: Hob over HTTP. Every route is a translation of a method of the daemon's table; the host has already
// found out who asks, applied the rate limit and bounded the body.
#include "channel_http.hpp"

#include "openai.hpp"
#include "web_page.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace channel_http {

using hob::Code;
using hob::Error;
using hob::Json;
using hob::JsonArray;
using hob::JsonObject;
using hob::JsonRef;
using hob::JsonValue;
using hob::Request;
using hob::Responder;
using hob::Response;

namespace {

constexpr std::pair<const char*, const char*> kStreamType{"content-type", "text/event-stream"};
constexpr std::pair<const char*, const char*> kNoCache{"cache-control", "no-cache"};

std::vector<std::pair<std::string, std::string>> stream_headers() { return {kStreamType, kNoCache}; }

JsonObject body_object(const Request& request) {
  Json body = Json::parse(request.body);
  if (!body.is_object()) throw Error{hob::invalid, "the body must be a JSON object"};
  return std::move(static_cast<JsonValue&>(body).get_object());
}

/// Moves the members named from `from` to `to`; null ones only where null means something.
void take(JsonObject& from, JsonObject& to, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (JsonValue* value = from.if_contains(name)) to[name] = std::move(*value);
}

void take_query(const Request& request, JsonObject& params, std::initializer_list<const char*> texts,
                std::initializer_list<const char*> numbers) {
  const JsonRef query = request.head()["query"];
  for (const char* name : texts)
    if (query.contains(name)) params[name] = query[name].text();
  for (const char* name : numbers) {
    if (!query.contains(name)) continue;
    const std::string text(query[name].text());
    char* end = nullptr;
    const long long number = std::strtoll(text.c_str(), &end, 10);
    if (text.empty() || *end != '\0') throw Error{hob::invalid, std::string(name) + " must be a whole number, not \"" + text + "\""};
    params[name] = number;
  }
}

/// How many letters to change, leave out or add to make one word of the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t k = 0; k < row.size(); ++k) row[k] = k;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t k = 0; k < b.size(); ++k) {
      const std::size_t replaced = diagonal + (a[i] == b[k] ? 0 : 1);
      diagonal = row[k + 1];
      row[k + 1] = std::min({replaced, row[k] + 1, diagonal + 1});
    }
  }
  return row[b.size()];
}

/// A misspelt member would be ignored without a word.
void check_members(const JsonObject& body, std::initializer_list<std::string_view> known) {
  for (const auto& member : body) {
    const std::string_view name = member.key();
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string message = "unknown member \"" + std::string(name.substr(0, 60)) + "\"";
    const auto near = std::min_element(known.begin(), known.end(),
                                       [&](std::string_view a, std::string_view b) { return distance(a, name.substr(0, 60)) < distance(b, name.substr(0, 60)); });
    if (distance(*near, name.substr(0, 60)) <= 2) message += ", did you mean \"" + std::string(*near) + "\"?";
    throw Error{hob::invalid, message};
  }
}

}  // namespace

void HttpChannel::setup() {
  pages();
  lists();
  memory_routes();
  chat_routes();
  openai_routes();
  route("GET /ws", [this](Request request, Responder out) { sockets_.accept(std::move(request), std::move(out), methods()); });
  channel([] {}, [] {}, [this](const Json& message) { return sockets_.push(message); });
}

void HttpChannel::pages() {
  route("GET /", [](const Request&) { return Response::text(std::string(kWebPage), "text/html; charset=utf-8"); });
  route("GET /docs", [](const Request&) { return Response::text(std::string(kDocsPage), "text/html; charset=utf-8"); });
  pass("GET /openapi.json", "api.openapi", nullptr);
  pass("GET /health", "system.health", nullptr);
  route("GET /ready", [this](Request, Responder out) {
    start("system.health", {}, 0, std::move(out), [](const Json& health) {
      const bool ready = health["ready"].boolean(true);
      return Response::json(Json{{"ready", ready}}, ready ? 200 : 503);
    });
  });
  route("GET /metrics", [this](Request, Responder out) {
    start("system.metrics", {}, 0, std::move(out), [](const Json& metrics) {
      return Response::text(std::string(metrics.is_string() ? metrics.get_string() : metrics["text"].text()), "text/plain; version=0.0.4; charset=utf-8");
    });
  });
}

void HttpChannel::lists() {
  pass("GET /chat/conversations", "conversation.list",
       [](const Request& r, JsonObject& params) { take_query(r, params, {"cursor"}, {"limit"}); });
  pass("GET /chat/conversations/{id}", "conversation.get", [](const Request& r, JsonObject& params) {
    params["conversation_id"] = r.param("id");
    take_query(r, params, {"cursor", "session_id"}, {"limit"});
  });
  pass("DELETE /chat/conversations/{id}", "conversation.delete",
       [](const Request& r, JsonObject& params) { params["conversation_id"] = r.param("id"); });
  pass("POST /conversation/reset", "conversation.reset", [](const Request& r, JsonObject& params) {
    JsonObject body = body_object(r);
    take(body, params, {"conversation_id"});
  });
  pass("GET /conversations/{id}/export", "conversation.export",
       [](const Request& r, JsonObject& params) { params["conversation_id"] = r.param("id"); });
  pass("POST /conversations/import", "conversation.import", [](const Request& r, JsonObject& params) {
    // JSON lines as they are, or {"jsonl": "..."}: "application/jsonl" is not "application/json".
    const std::string type(r.head()["headers"]["content-type"].text());
    if (type.substr(0, type.find(';')) == "application/json") {
      JsonObject body = body_object(r);
      check_members(body, {"jsonl", "on_error", "dry_run"});
      take(body, params, {"jsonl", "on_error", "dry_run"});
    } else {
      params["jsonl"] = r.body;
      take_query(r, params, {"on_error"}, {});
    }
  });
  pass("POST /conversations/{id}/summarize", "conversation.summarize",
       [](const Request& r, JsonObject& params) { params["conversation_id"] = r.param("id"); });
  pass("GET /memory/blocks", "block.list", nullptr);
  pass("PUT /memory/blocks/{label}", "block.set", [](const Request& r, JsonObject& params) {
    JsonObject body = body_object(r);
    check_members(body, {"text", "limit", "description", "read_only", "position"});
    take(body, params, {"text", "limit", "description", "read_only", "position"});
    params["label"] = r.param("label");
  });
  pass("GET /tools", "tool.list", nullptr);
  pass("POST /tools/execute", "tool.call", [](const Request& r, JsonObject& params) {
    JsonObject body = body_object(r);
    take(body, params, {"name", "arguments"});
  });
  pass("GET /users/me", "user.whoami", nullptr);
  pass("GET /usage", "usage.summary", [](const Request& r, JsonObject& params) { take_query(r, params, {"by", "since", "until", "user"}, {}); });
  pass("GET /usage/calls", "usage.list",
       [](const Request& r, JsonObject& params) { take_query(r, params, {"since", "until", "user", "cursor"}, {"limit"}); });
  pass("GET /budget", "budget.get", nullptr);
  pass("PUT /budget", "budget.set", [](const Request& r, JsonObject& params) { params = body_object(r); });
  pass("POST /chat/cancel", "chat.cancel", [](const Request& r, JsonObject& params) {
    JsonObject body = body_object(r);
    take(body, params, {"turn_id"});
  });
}

void HttpChannel::memory_routes() {
  // Bodies are passed whole: the method's own schema names a member that it doesn't know.
  const auto body = [](const Request& r, JsonObject& params) {
    if (!r.body.empty()) params = body_object(r);
  };
  const auto with_id = [](const Request& r, JsonObject& params) {
    if (!r.body.empty()) params = body_object(r);
    params["id"] = r.param("id");
  };
  pass("GET /memory", "memory.list", [](const Request& r, JsonObject& params) {
    take_query(r, params, {"kind", "topic", "person", "include", "valid_at", "as_of", "cursor"}, {"limit"});
  });
  pass("POST /memory", "memory.add", body);
  pass("POST /memory/upsert", "memory.upsert", body);
  pass("POST /memory/clear", "memory.clear", body);
  pass("POST /memory/forget", "memory.forget", [](const Request& r, JsonObject& params) {
    JsonObject body = body_object(r);
    check_members(body, {"id", "ids", "q", "messages", "dry_run"});
    params = std::move(body);
  });
  pass("GET /memory/search", "memory.search", [](const Request& r, JsonObject& params) {
    take_query(r, params, {"q", "in", "kind", "topic", "person", "since", "until", "valid_at", "as_of"}, {"k"});
  });
  pass("GET /memory/context", "memory.context", [](const Request& r, JsonObject& params) { take_query(r, params, {"q"}, {"k"}); });
  pass("GET /memory/{id}", "memory.get", [](const Request& r, JsonObject& params) {
    params["id"] = r.param("id");
    take_query(r, params, {"as_of"}, {});
  });
  pass("PUT /memory/{id}", "memory.update", with_id);
  pass("DELETE /memory/{id}", "memory.delete", [](const Request& r, JsonObject& params) { params["id"] = r.param("id"); });
  pass("GET /memory/{id}/history", "memory.history", [](const Request& r, JsonObject& params) { params["id"] = r.param("id"); });
  pass("GET /memory/{id}/explain", "memory.explain", [](const Request& r, JsonObject& params) { params["id"] = r.param("id"); });
  pass("POST /memory/{id}/undo", "memory.undo", [](const Request& r, JsonObject& params) { params["id"] = r.param("id"); });
}

void HttpChannel::pass(std::string_view pattern, std::string method, ReadParams read) {
  route(pattern, [this, method = std::move(method), read = std::move(read)](Request request, Responder out) {
    JsonObject params;
    try {
      if (read) read(request, params);
    } catch (const Error& error) {
      return out.fail(error);
    }
    auto held = std::make_shared<Responder>(std::move(out));  // std::function must be copyable
    methods().start(method, boost::json::serialize(params), request.user().is_null() ? 0 : request.call(), nullptr,
                    [held](Code code, std::string_view result) {
                      if (code == hob::ok)
                        held->respond(Response::json_text(std::string(result)));
                      else
                        held->fail(Error{code, std::string(result)});
                    });
  });
}

void HttpChannel::start(std::string_view method, const JsonObject& params, hob_id as_call, Responder out, Render render) {
  auto held = std::make_shared<Responder>(std::move(out));
  methods().start(method, boost::json::serialize(params), as_call, nullptr,
                  [held, render = std::move(render)](Code code, std::string_view result) {
                    if (code != hob::ok) return held->fail(Error{code, std::string(result)});
                    held->respond(render(Json::parse(result)));
                  });
}

// ---- /chat ----

namespace {

/// The parameters of chat.send from a body of POST /chat or /chat/stream.
JsonObject read_chat(const Request& request, bool stream, JsonObject& body) {
  check_members(body, {"message", "conversation_id", "session_id", "stream", "model", "attachments"});
  JsonObject params{{"channel", "http"}};
  take(body, params, {"message", "session_id", "model", "attachments"});
  if (const JsonValue* conversation = body.if_contains("conversation_id"); conversation && !conversation->is_null())
    params["conversation_id"] = *conversation;
  if (!params.contains("message")) throw Error{hob::invalid, "message is missing: {\"message\":\"...\"}"};
  if (const std::string_view key = request.header("idempotency-key"); !key.empty()) params["external_id"] = key;
  if (stream) params["promise_early"] = true;
  return params;
}

/// Sends server-sent events once the first one is there, so that what fails before is a plain error answer.
struct EventStream {
  explicit EventStream(Responder responder) : out(std::move(responder)) {}
  bool begin() {
    if (!began) out.start(200, stream_headers());
    return std::exchange(began, true);
  }
  Responder out;
  bool began = false, text_shown = false;
};

std::string error_json(Code code, std::string_view message) {
  static constexpr const char* kNames[] = {"ok", "internal", "not_found", "invalid", "denied",
                                           "cancelled", "timeout", "unavailable", "unsupported", "overloaded"};
  return boost::json::serialize(JsonObject{{"status", kNames[code]}, {"message", message}});
}

}  // namespace

void HttpChannel::chat_routes() {
  route("POST /chat", [this](Request request, Responder out) {
    JsonObject params;
    bool stream = true;
    try {
      JsonObject body = body_object(request);
      if (const JsonValue* wanted = body.if_contains("stream"); wanted && !wanted->is_null()) {
        if (!wanted->is_bool()) throw Error{hob::invalid, "stream must be true or false"};
        stream = wanted->get_bool();
      }
      params = read_chat(request, stream, body);
    } catch (const Error& error) {
      return out.fail(error);
    }
    if (stream)
      chat_chunks(request.call(), params, std::move(out));
    else
      start_text("chat.send", params, request.call(), std::move(out));
  });
  route("POST /chat/stream", [this](Request request, Responder out) {
    JsonObject params;
    try {
      JsonObject body = body_object(request);
      params = read_chat(request, true, body);
    } catch (const Error& error) {
      return out.fail(error);
    }
    chat_events(request.call(), params, std::move(out));
  });
}

void HttpChannel::start_text(std::string_view method, const JsonObject& params, hob_id as_call, Responder out) {
  auto held = std::make_shared<Responder>(std::move(out));
  methods().start(method, boost::json::serialize(params), as_call, nullptr, [held](Code code, std::string_view result) {
    if (code == hob::ok)
      held->respond(Response::json_text(std::string(result)));
    else
      held->fail(Error{code, std::string(result)});
  });
}

void HttpChannel::chat_chunks(hob_id call, const JsonObject& params, Responder out) {
  auto stream = std::make_shared<EventStream>(std::move(out));
  methods().start(
      "chat.send", boost::json::serialize(params), call,
      [stream](std::string_view text) {
        const Json event = Json::parse(text);
        const std::string_view name = event["event"].text();
        if (name == "session") stream->begin();
        if (name != "text") return;
        stream->begin();
        stream->text_shown = true;
        stream->out.write_event({}, boost::json::serialize(JsonObject{{"chunk", event["data"]["delta"].text()}}));
      },
      [stream](Code code, std::string_view text) {
        if (code != hob::ok) {
          if (!stream->began) return stream->out.fail(Error{code, std::string(text)});
          stream->out.write_event("error", "{\"error\":" + error_json(code, text) + "}");
          return stream->out.end();
        }
        const Json reply = Json::parse(text);
        stream->begin();
        if (!stream->text_shown && !reply["reply"].text().empty())
          stream->out.write_event({}, boost::json::serialize(JsonObject{{"chunk", reply["reply"].text()}}));
        JsonObject done{{"chunk", ""}, {"done", true}};
        for (const char* name : {"conversation_id", "session_id", "message_id", "turn_id", "usage"}) done[name] = reply[name].value();
        if (!reply["notice"].text().empty()) done["notice"] = reply["notice"].value();
        stream->out.write_event({}, boost::json::serialize(done));
        stream->out.end();
      });
}

void HttpChannel::chat_events(hob_id call, const JsonObject& params, Responder out) {
  auto stream = std::make_shared<EventStream>(std::move(out));
  methods().start(
      "chat.send", boost::json::serialize(params), call,
      [stream](std::string_view text) {
        const Json event = Json::parse(text);
        const std::string_view name = event["event"].text();
        // The end comes with the result, so that it is said once.
        if (name == "done" || name == "error") return;
        stream->begin();
        stream->text_shown = stream->text_shown || name == "text";
        stream->out.write_event(name, boost::json::serialize(event["data"].value()));
      },
      [stream](Code code, std::string_view text) {
        if (code != hob::ok) {
          if (!stream->began) return stream->out.fail(Error{code, std::string(text)});
          stream->out.write_event("error", error_json(code, text));
          return stream->out.end();
        }
        if (!stream->begin()) {
          // A repeat of an answered message: its events are over, its session is told all the same.
          const Json reply = Json::parse(text);
          stream->out.write_event("session", boost::json::serialize(JsonObject{{"conversation_id", reply["conversation_id"].value()},
                                                                               {"session_id", reply["session_id"].value()},
                                                                               {"turn_id", reply["turn_id"].value()}}));
        }
        stream->out.write_event("done", text);
        stream->out.end();
      });
}

// ---- /v1 ----

void HttpChannel::openai_routes() {
  route("POST /v1/chat/completions", [this](Request request, Responder out) { complete(std::move(request), std::move(out)); });
  route("POST /v1/embeddings", [this](Request request, Responder out) {
    Embeddings asked;
    try {
      asked = read_embeddings(body_object(request));
    } catch (const Error& error) {
      return out.fail(error);
    }
    const JsonObject params = asked.params;
    start("model.embed", params, request.call(), std::move(out), [asked = std::move(asked)](const Json& result) {
      return Response::json(embeddings_json(asked, result.as_object()));
    });
  });
  const auto model_json = [](std::string_view id) {
    return JsonObject{{"id", id}, {"object", "model"}, {"created", 0}, {"owned_by", "hob"}};
  };
  const auto names = [](const Json& list) {
    std::vector<std::string> out = {"hob", "tier/fast", "tier/smart"};
    for (const JsonValue& item : list["items"].items()) out.emplace_back(JsonRef(item)["name"].text());
    return out;
  };
  route("GET /v1/models", [this, names, model_json](Request request, Responder out) {
    start("model.list", {}, request.call(), std::move(out), [names, model_json](const Json& list) {
      JsonArray data;
      for (const std::string& name : names(list)) data.push_back(model_json(name));
      return Response::json(JsonObject{{"object", "list"}, {"data", std::move(data)}});
    });
  });
  route("GET /v1/models/{id*}", [this, names, model_json](Request request, Responder out) {
    const std::string wanted(request.param("id"));
    auto held = std::make_shared<Responder>(std::move(out));
    methods().start("model.list", "{}", request.call(), nullptr, [held, names, model_json, wanted](Code code, std::string_view result) {
      if (code != hob::ok) return held->fail(Error{code, std::string(result)});
      for (const std::string& name : names(Json::parse(result)))
        if (name == wanted) return held->respond(Response::json(model_json(name)));
      held->fail(Error{hob::not_found, "The model '" + wanted + "' does not exist: GET /v1/models lists those there are"});
    });
  });
}

void HttpChannel::complete(Request request, Responder out) {
  Completion completion;
  try {
    bool admin = false;
    for (const JsonValue& scope : request.user()["scopes"].items()) admin = admin || JsonRef(scope).text() == "admin";
    completion = read_completion(body_object(request), admin);
  } catch (const Error& error) {
    return out.fail(error);
  }
  if (completion.method == "chat.send") {
    if (const std::string_view key = request.header("idempotency-key"); !key.empty()) completion.params["external_id"] = key;
    if (completion.stream) completion.params["promise_early"] = true;
  }
  AnswerHead head{"chatcmpl-" + std::string(request.id()), completion.model,
                  std::chrono::duration_cast<std::chrono::seconds>(now().time_since_epoch()).count()};
  // Nobody reads a bare model's answer when its client is gone, and it costs. A turn goes on: it is kept.
  const auto stops_with = [this, is_bare = completion.method == "model.complete"](Responder& responder, hob_id operation) {
    if (is_bare) responder.on_gone([this, operation] { methods().cancel(operation); });
  };
  const std::string params = boost::json::serialize(completion.params);
  if (!completion.stream) {
    auto held = std::make_shared<Responder>(std::move(out));
    const hob_id operation = methods().start(completion.method, params, request.call(), nullptr, [held, head](Code code, std::string_view text) {
      if (code != hob::ok) return held->fail(Error{code, std::string(text)});
      held->respond(Response::json_text(boost::json::serialize(completion_json(head, Json::parse(text).as_object()))));
    });
    return stops_with(*held, operation);
  }
  auto stream = std::make_shared<EventStream>(std::move(out));
  const hob_id operation = methods().start(
      completion.method, params, request.call(),
      [stream, head](std::string_view text) {
        const Json event = Json::parse(text);
        if (event["event"].text() != "text") return;
        if (!stream->begin()) stream->out.write(role_chunk(head));
        stream->text_shown = true;
        stream->out.write(text_chunk(head, event["data"]["delta"].text()));
      },
      [stream, head, usage = completion.include_usage](Code code, std::string_view text) {
        if (code != hob::ok) {
          if (!stream->began) return stream->out.fail(Error{code, std::string(text)});
          stream->out.write_event({}, boost::json::serialize(JsonObject{{"error", JsonObject{{"message", text}, {"type", "server_error"},
                                                                                             {"param", nullptr}, {"code", nullptr}}}}));
          return stream->out.end();
        }
        if (!stream->begin()) stream->out.write(role_chunk(head));
        stream->out.write(last_chunks(head, Json::parse(text).as_object(), stream->text_shown, usage));
        stream->out.end();
      });
  stops_with(stream->out, operation);
}

}  // namespace channel_http

HOB_PLUGIN("channel_http", channel_http::HttpChannel)

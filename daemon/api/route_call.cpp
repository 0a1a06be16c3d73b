#include "api/route_call.hpp"

#include "base/text.hpp"
#include "models/budget_words.hpp"

namespace hobd {
namespace {

// The head is built by hand: a json::object of a request costs more than the rest of the gate.
void append_json(std::string& out, std::string_view text) {
  static constexpr char kDigits[] = "0123456789abcdef";
  if (!is_valid_utf8(text)) return append_json(out, to_valid_utf8(text));
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += kDigits[(c >> 4) & 15];
      out += kDigits[c & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out += ',';
  append_json(out, name);
  out += ':';
  append_json(out, value);
}

/// Of members of one name the last counts, as everywhere in queries.
void append_object(std::string& out, std::string_view name, const Pairs& members) {
  out += ",\"";
  out += name;
  out += "\":{";
  bool first = true;
  for (std::size_t i = 0; i < members.size(); ++i) {
    bool again = false;
    for (std::size_t k = i + 1; k < members.size() && !again; ++k) again = members[k].first == members[i].first;
    if (again) continue;
    if (!first) out += ',';
    first = false;
    append_json(out, members[i].first);
    out += ':';
    append_json(out, members[i].second);
  }
  out += '}';
}

/// What proves the caller to the gate, and may do anything in their name: no plugin needs it once the gate has read it.
bool is_credential(std::string_view lower_name) {
  return lower_name == "authorization" || lower_name == "x-api-key" || lower_name == "proxy-authorization" ||
         lower_name == "cookie";
}

enum class Credentials { keep, drop };

/// Lower-case names; fields of one name are joined (RFC 9110, section 5.3).
Pairs joined_headers(const HttpHeaders& headers, Credentials credentials) {
  Pairs joined;
  joined.reserve(headers.fields().size());
  for (const auto& [name, value] : headers.fields()) {
    std::string lower = to_lower_ascii(name);
    if (credentials == Credentials::drop && is_credential(lower)) continue;
    bool merged = false;
    for (auto& [known, text] : joined)
      if (known == lower) {
        text += ", " + value;
        merged = true;
        break;
      }
    if (!merged) joined.emplace_back(std::move(lower), value);
  }
  return joined;
}

/// Which of OpenAI's error types a status is.
std::string_view openai_type(int status) {
  switch (status) {
    case 401: return "authentication_error";
    case 403: return "permission_error";
    case 404: return "not_found_error";
    case 429: return "rate_limit_error";
    default: return status >= 500 ? "server_error" : "invalid_request_error";
  }
}

class RouteCall final : public LiveCall, public std::enable_shared_from_this<RouteCall> {
 public:
  explicit RouteCall(RouteCallOptions options) : o_(std::move(options)) {}
  ~RouteCall() override {
    if (o_.live) o_.live->remove(live_id_);
  }

  /// The instance's callbacks hold this object; the exchange's hold it weakly, for the exchange is held here.
  void start() {
    const HttpRequest& request = o_.exchange->request();
    PluginCall call;
    call.extension = "hob.routes/1";
    call.function = "request";
    call.payload = route_head(request, o_.entry, o_.request_id, o_.who ? &*o_.who : nullptr, o_.without_body);
    call.extra = request.body;
    call.deadline = std::chrono::milliseconds(0);  // it may stream for hours; the client's leaving ends it
    call.principal = o_.who;
    call.on_chunk = [self = shared_from_this()](std::string chunk) { return self->take_chunk(std::move(chunk)); };
    call_ = o_.entry.instance->start_call(std::move(call), [self = shared_from_this()](Result<std::string> result) {
      self->finish(std::move(result));
    });
    o_.exchange->on_gone([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->client_gone();
    });
    if (o_.live) live_id_ = o_.live->add(o_.credential, o_.expires_at, weak_from_this());
  }

  void end_early(std::string_view why) override {
    const State before = std::exchange(state_, State::done);
    if (gone_ || before == State::done) return;
    switch (before) {
      case State::waiting: respond_error({Code::denied, std::string(why)}, 401); break;
      case State::streaming: o_.exchange->abort(); break;
      case State::websocket: o_.exchange->close(1008, why); break;
      case State::done: break;
    }
    o_.entry.instance->cancel_call(call_);
  }

 private:
  enum class State { waiting, streaming, websocket, done };

  void client_gone() {
    gone_ = true;
    if (state_ != State::done) o_.entry.instance->cancel_call(call_);
  }

  bool take_chunk(std::string chunk) {
    if (gone_ || state_ == State::done) return false;
    if (state_ == State::waiting) return open(chunk);
    const bool taken = state_ == State::websocket ? o_.exchange->send(chunk, true) : o_.exchange->write(chunk);
    if (taken || gone_) return taken;
    // The client takes nothing and 8 MiB wait: what has come so far is not the answer, so it must see the cut.
    log::warn("api", "{}: the client reads too slowly and is cut", o_.entry.route->path);
    if (state_ == State::websocket)
      o_.exchange->close(1013, "you read too slowly");
    else
      o_.exchange->abort();
    state_ = State::done;
    return false;
  }

  bool open(std::string_view chunk) {
    auto head = parse_json_object(chunk);
    const int status = head ? static_cast<int>(int_or(*head, "status", 200)) : 0;
    const bool upgrade = status == 101;
    if (status < 101 || status > 599 || (upgrade && !o_.exchange->request().websocket)) {
      log::error("api", "plugin {}: {} began its answer with no head that fits the request", o_.entry.instance->name(), o_.entry.route->path);
      respond_error({Code::internal, "the plugin's answer makes no sense"});
      return false;
    }
    HttpHeaders headers = answer_headers(*head, {});
    note_status(status);
    if (upgrade) {
      state_ = State::websocket;
      o_.exchange->accept({.message =
                               [weak = weak_from_this()](std::string message, bool is_text) {
                                 if (const auto self = weak.lock(); self && self->state_ == State::websocket)
                                   self->o_.entry.instance->send_message(self->call_, std::move(message), is_text);
                               },
                           .closed =
                               [weak = weak_from_this()](std::uint16_t, std::string) {
                                 if (const auto self = weak.lock()) self->client_gone();
                               }},
                          std::move(headers));
    } else {
      state_ = State::streaming;
      o_.exchange->begin(status, std::move(headers));
    }
    return true;
  }

  void finish(Result<std::string> result) {
    const State before = std::exchange(state_, State::done);
    if (gone_ || before == State::done) return;
    switch (before) {
      case State::waiting:
        if (result.has_error())
          respond_error(result.error());
        else
          respond(*result);
        break;
      case State::streaming:
        if (result.has_error()) {
          log::warn("api", "{}: cut short: {}", o_.entry.route->path, result.error().message);
          o_.exchange->abort();
        } else {
          o_.exchange->end();
        }
        break;
      case State::websocket: close_websocket(result); break;
      case State::done: break;
    }
  }

  void close_websocket(const Result<std::string>& result) {
    if (result.has_error()) return o_.exchange->close(1011, utf8_prefix(result.error().message, 120));
    const auto object = result->empty() ? Result<json::object>(json::object{}) : parse_json_object(*result);
    const std::int64_t code = object ? int_or(*object, "code", 1000) : 1000;
    o_.exchange->close(code >= 1000 && code < 5000 ? static_cast<std::uint16_t>(code) : std::uint16_t{1000},
                       utf8_prefix(object ? string_or(*object, "reason") : std::string_view{}, 120));
  }

  void respond(std::string_view answer) {
    auto object = parse_json_object(answer);
    const int status = object ? static_cast<int>(int_or(*object, "status", 200)) : 0;
    if (status < 200 || status > 599) {
      log::error("api", "plugin {}: its answer to {} is not {{status, headers, body}}", o_.entry.instance->name(), o_.entry.route->path);
      return respond_error({Code::internal, "the plugin's answer makes no sense"});
    }
    std::string body;
    std::string_view type;
    if (const json::value* value = object->if_contains("body"); value && !value->is_null()) {
      if (value->is_string()) {
        body = value->get_string();
        type = "text/plain; charset=utf-8";
      } else {
        body = json::serialize(*value);
        type = "application/json";
      }
    }
    HttpHeaders headers = answer_headers(*object, type);
    note_status(status);
    o_.exchange->respond(status, std::move(headers), std::move(body));
  }

  void respond_error(const Error& error) { respond_error(error, http_status(error.code)); }
  void respond_error(const Error& error, int status) {
    state_ = State::done;
    HttpHeaders headers = o_.headers;
    headers.set("Content-Type", "application/json");
    if (status == 429) set_retry(headers, error.message);
    note_status(status);
    o_.exchange->respond(status, std::move(headers),
                         error_body(o_.entry.route->errors, status, code_name(error.code), error.message, o_.request_id));
  }

  /// When the client may come again. OpenAI's clients would try twice within seconds where the budget's window must turn first.
  void set_retry(HttpHeaders& headers, std::string_view message) const {
    const std::optional<RefusalHint> refusal = read_refusal(message);
    const std::optional<std::chrono::seconds> wait = refusal ? refusal->again_in : std::chrono::seconds(1);
    if (wait) headers.set("Retry-After", std::to_string(wait->count()));
    const bool is_openai = o_.entry.route->errors == RouteManifest::Errors::openai;
    if (is_openai && refusal && refusal->is_used_up) headers.set("X-Should-Retry", "false");
  }

  /// The plugin's header fields and ours; what would end a header line is left out with its field.
  HttpHeaders answer_headers(const json::object& head, std::string_view default_type) const {
    HttpHeaders headers;
    const auto add = [&](std::string_view name, const json::value& value) {
      if (!value.is_string() || name.find_first_of("\r\n: ") != std::string_view::npos) return;
      const std::string_view text = value.get_string();
      if (text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) return;
      // Framing is the server's.
      if (equals_ignore_case(name, "Content-Length") || equals_ignore_case(name, "Transfer-Encoding") || equals_ignore_case(name, "Connection")) return;
      headers.add(std::string(name), std::string(text));
    };
    if (const json::object* fields = object_at(head, "headers"))
      for (const auto& [name, value] : *fields) {
        if (const json::array* several = value.if_array())
          for (const json::value& one : *several) add(name, one);
        else
          add(name, value);
      }
    if (!default_type.empty() && !headers.has("Content-Type")) headers.add("Content-Type", std::string(default_type));
    for (const auto& [name, value] : o_.headers.fields()) headers.set(name, value);
    return headers;
  }

  void note_status(int status) {
    if (o_.on_status) o_.on_status(status);
  }

  RouteCallOptions o_;
  std::uint64_t call_ = 0, live_id_ = 0;
  State state_ = State::waiting;
  bool gone_ = false;
};

}  // namespace

std::string route_head(const HttpRequest& request, const RouteEntry& entry, std::string_view request_id, const Principal* who,
                       bool as_get) {
  std::string out;
  out.reserve(512 + request.target.size());
  out += "{\"id\":";
  append_json(out, request_id);
  append_member(out, "method", as_get ? std::string_view("GET") : std::string_view(request.method));
  append_member(out, "path", request.path);
  append_member(out, "route", entry.route->pattern.empty() ? entry.route->path : entry.route->pattern);
  append_object(out, "params", entry.params);
  append_object(out, "query", request.query.empty() ? Pairs{} : parse_query(request.query));
  append_object(out, "headers", joined_headers(request.headers, who ? Credentials::drop : Credentials::keep));
  append_member(out, "remote", request.remote);
  out += request.websocket ? ",\"websocket\":true" : ",\"websocket\":false";
  if (who) {
    out += ",\"user\":{\"id\":";
    append_json(out, who->user_id);
    append_member(out, "name", who->user_name);
    out += ",\"scopes\":[";
    bool first = true;
    for (const std::string& scope : who->scopes) {
      if (!std::exchange(first, false)) out += ',';
      append_json(out, scope);
    }
    out += "]}";
  }
  out += '}';
  return out;
}

std::string error_body(RouteManifest::Errors shape, int status, std::string_view status_name, std::string_view message,
                       std::string_view request_id) {
  std::string out = "{\"error\":{";
  if (shape == RouteManifest::Errors::openai) {
    out += "\"message\":";
    append_json(out, message);
    const auto refusal = status == 429 ? read_refusal(message) : std::nullopt;
    const bool is_used_up = refusal && refusal->is_used_up;
    append_member(out, "type", is_used_up ? "insufficient_quota" : openai_type(status));
    out += ",\"param\":null";
    append_member(out, "code", is_used_up ? "insufficient_quota" : status == 401 ? "invalid_api_key" : status == 429 ? "rate_limit_exceeded" : status_name);
  } else {
    out += "\"status\":";
    append_json(out, status_name);
    append_member(out, "message", message);
    append_member(out, "request_id", request_id);
  }
  out += "}}";
  return out;
}

void start_route_call(RouteCallOptions options) { std::make_shared<RouteCall>(std::move(options))->start(); }

}  // namespace hobd

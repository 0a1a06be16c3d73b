// A strict stand-in for an OpenAI-compatible server (POST /v1/chat/completions, /v1/embeddings, GET /v1/models), one thread
// on epoll, fast enough not to be what a benchmark measures.
//
//   fake_openai [--port 0] [--key KEY] [--delay-ms N]
//
// Prints "port N" once it listens. It refuses what the real service refuses: unknown members, roles and
// types, system messages that are not the first and two user messages in a row (as the chat templates of Mistral,
// Gemma and others do), a tool message without the call it answers, tool names outside [a-zA-Z0-9_-]{1,64}, a missing key.
//
// What it answers stands in model_script.hpp.
// The model's name picks the manner: "echo" at once; "echo-N" cut into N deltas; "slow" waits --delay-ms before the
// first byte; "slow-named" too, and puts "T -> " before what tools said; "error-401|403|404|429|500|503" that status; "html" a proxy's page; "half" ends amid the stream;
// "empty" an empty body; "hangup" closes without a byte; "stall" sends a delta and then nothing;
// "no-usage" leaves usage out; "garbage" sends data that isn't JSON.
//
// POST /v1/embeddings: a vector of 8 numbers (or "dimensions") a text, made of its letters; "embed-error-N" refuses with N,
// "embed-short" leaves a row out. Empty inputs, more than 2,048 of them and unknown members are refused.
//
// GET /__stats: {"requests":n,"answers":{"<T>#<tool answers>":count}}: a count above 1 is a call paid twice.
#include "model_script.hpp"

#include <boost/json.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace json = boost::json;
using Clock = std::chrono::steady_clock;

namespace {

struct Options {
  int port = 0;
  std::string key;
  std::chrono::milliseconds delay{0};
};

struct Connection {
  int fd = -1;
  std::uint64_t id = 0;
  std::string in, out;
  bool close_after = false;
  bool waiting = false;  // a delayed answer is due; read no further request
};

struct Refusal {
  int status;
  std::string message = {}, type = "invalid_request_error", param = {}, code = {};
};

struct Delayed {
  Clock::time_point due;
  std::uint64_t connection;
  std::string bytes;
};

std::string http_response(int status, std::string_view type, std::string_view body, std::string_view extra = {}) {
  std::string out = "HTTP/1.1 " + std::to_string(status) + " S\r\nContent-Type: ";
  out.append(type).append("\r\nContent-Length: ").append(std::to_string(body.size())).append("\r\n");
  out.append(extra).append("\r\n").append(body);
  return out;
}

std::string refusal_response(const Refusal& r) {
  json::object error{{"message", r.message}, {"type", r.type}};
  error["param"] = r.param.empty() ? json::value(nullptr) : json::value(r.param);
  error["code"] = r.code.empty() ? json::value(nullptr) : json::value(r.code);
  return http_response(r.status, "application/json", json::serialize(json::object{{"error", error}}),
                       r.status == 429 ? "Retry-After: 1\r\n" : "");
}

void chunk(std::string& out, std::string_view data) {
  char size[24];
  out.append(size, std::size_t(std::snprintf(size, sizeof size, "%zx\r\n", data.size())));
  out.append(data).append("\r\n");
}

std::string text_of(const json::value& content) {
  if (content.is_string()) return std::string(content.get_string());
  std::string text;
  if (content.is_array())
    for (const json::value& part : content.get_array())
      if (part.is_object() && part.get_object().contains("text")) text += part.at("text").as_string();
  return text;
}

class Server {
 public:
  explicit Server(Options options) : options_(std::move(options)) {}

  int run() {
    listen_fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int one = 1;
    ::setsockopt(listen_fd_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(options_.port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(listen_fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(listen_fd_, 1024) != 0) {
      std::perror("fake_openai: listen");
      return 1;
    }
    socklen_t size = sizeof address;
    ::getsockname(listen_fd_, reinterpret_cast<sockaddr*>(&address), &size);
    std::printf("port %d\n", ntohs(address.sin_port));
    std::fflush(stdout);

    epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = 0;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, listen_fd_, &event);
    std::vector<epoll_event> events(256);
    while (true) {
      const int n = ::epoll_wait(epoll_, events.data(), int(events.size()), wait_millis());
      for (int i = 0; i < n; ++i) {
        if (events[std::size_t(i)].data.u64 == 0) {
          accept_all();
          continue;
        }
        const auto found = connections_.find(events[std::size_t(i)].data.u64);
        if (found != connections_.end()) serve(*found->second, events[std::size_t(i)].events);
      }
      send_due();
    }
  }

 private:
  int wait_millis() const {
    if (delayed_.empty()) return 1000;
    const auto left = delayed_.front().due - Clock::now();
    return int(std::max<std::int64_t>(0, std::chrono::ceil<std::chrono::milliseconds>(left).count()));
  }

  void accept_all() {
    while (true) {
      const int fd = ::accept4(listen_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int one = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      auto connection = std::make_unique<Connection>();
      connection->fd = fd;
      connection->id = ++last_id_;
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.u64 = connection->id;
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
      connections_[last_id_] = std::move(connection);
    }
  }

  void drop(Connection& c) {
    ::close(c.fd);
    connections_.erase(c.id);
  }

  void serve(Connection& c, std::uint32_t what) {
    if (what & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
      char buffer[65536];
      while (true) {
        const ssize_t n = ::recv(c.fd, buffer, sizeof buffer, 0);
        if (n > 0) {
          c.in.append(buffer, std::size_t(n));
          if (std::size_t(n) < sizeof buffer) break;
          continue;
        }
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) break;
        drop(c);
        return;
      }
      while (!c.waiting && take_request(c)) {
      }
    }
    flush(c);
  }

  void flush(Connection& c) {
    while (!c.out.empty()) {
      const ssize_t n = ::send(c.fd, c.out.data(), c.out.size(), MSG_NOSIGNAL);
      if (n > 0) {
        c.out.erase(0, std::size_t(n));
        continue;
      }
      if (n < 0 && errno == EAGAIN) break;
      drop(c);
      return;
    }
    if (c.out.empty() && c.close_after) {
      drop(c);
      return;
    }
    epoll_event event{};
    event.events = EPOLLIN | (c.out.empty() ? 0u : unsigned(EPOLLOUT));
    event.data.u64 = c.id;
    ::epoll_ctl(epoll_, EPOLL_CTL_MOD, c.fd, &event);
  }

  void send_due() {
    while (!delayed_.empty() && delayed_.front().due <= Clock::now()) {
      Delayed d = std::move(delayed_.front());
      delayed_.pop_front();
      const auto found = connections_.find(d.connection);
      if (found == connections_.end()) continue;
      Connection& c = *found->second;
      c.out += d.bytes;
      c.waiting = false;
      while (!c.waiting && take_request(c)) {
      }
      flush(c);
    }
  }

  bool take_request(Connection& c) {
    const std::size_t head_end = c.in.find("\r\n\r\n");
    if (head_end == std::string::npos) return false;
    const std::string_view head(c.in.data(), head_end + 2);
    std::size_t length = 0;
    std::string authorization;
    std::size_t line = head.find("\r\n") + 2;
    while (line < head.size()) {
      const std::size_t end = head.find("\r\n", line);
      const std::string_view field = head.substr(line, end - line);
      const std::size_t colon = field.find(':');
      std::string name(field.substr(0, colon));
      for (char& ch : name) ch = static_cast<char>(std::tolower(static_cast<unsigned char>(ch)));
      std::string_view value = field.substr(colon + 1);
      while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
      if (name == "content-length") length = std::strtoul(std::string(value).c_str(), nullptr, 10);
      if (name == "authorization") authorization = value;
      line = end + 2;
    }
    if (c.in.size() < head_end + 4 + length) return false;
    const std::string request_line(head.substr(0, head.find("\r\n")));
    const std::string body = c.in.substr(head_end + 4, length);
    c.in.erase(0, head_end + 4 + length);
    route(c, request_line, authorization, body);
    return !c.close_after;
  }

  void route(Connection& c, const std::string& line, const std::string& authorization, const std::string& body) {
    if (line.starts_with("GET /__stats ")) {
      json::object counts;
      for (const auto& [key, count] : counts_) counts[key] = count;
      c.out += http_response(200, "application/json", json::serialize(json::object{{"requests", requests_}, {"answers", counts}}));
      return;
    }
    if (!options_.key.empty() && authorization != "Bearer " + options_.key) {
      c.out += refusal_response({401, "Incorrect API key provided.", "invalid_request_error", "", "invalid_api_key"});
      return;
    }
    if (line.starts_with("GET /v1/models ")) {
      json::array data;
      for (const char* id : {"echo", "echo-20", "slow"})
        data.push_back(json::object{{"id", id}, {"object", "model"}, {"created", 1}, {"owned_by", "fake"}});
      c.out += http_response(200, "application/json", json::serialize(json::object{{"object", "list"}, {"data", data}}));
      return;
    }
    if (line.starts_with("POST /v1/embeddings ")) {
      try {
        embed(c, body);
      } catch (const Refusal& refusal) {
        c.out += refusal_response(refusal);
      }
      return;
    }
    if (!line.starts_with("POST /v1/chat/completions ")) {
      c.out += refusal_response({404, "Invalid URL (" + line.substr(0, line.rfind(' ')) + ")"});
      return;
    }
    try {
      complete(c, body);
    } catch (const Refusal& refusal) {
      c.out += refusal_response(refusal);
    }
  }

  static void check_messages(const json::array& messages) {
    if (messages.empty()) throw Refusal{400, "Invalid 'messages': empty array.", "invalid_request_error", "messages"};
    std::set<std::string> open;  // tool calls that wait for their answer
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const std::string where = "messages." + std::to_string(i);
      if (!messages[i].is_object()) throw Refusal{400, where + " is not an object", "invalid_request_error", where};
      const json::object& m = messages[i].get_object();
      for (const auto& [key, unused] : m)
        if (key != "role" && key != "content" && key != "name" && key != "tool_calls" && key != "tool_call_id" && key != "refusal")
          throw Refusal{400, "Unrecognized request argument supplied: " + where + "." + std::string(key)};
      const json::value* role = m.if_contains("role");
      if (!role || !role->is_string()) throw Refusal{400, "Missing required parameter: '" + where + ".role'."};
      const std::string r(role->get_string());
      if (r != "system" && r != "developer" && r != "user" && r != "assistant" && r != "tool")
        throw Refusal{400, "Invalid value: '" + r + "'.", "invalid_request_error", where + ".role"};
      if (r != "tool" && !open.empty())
        throw Refusal{400, "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'."};
      if (r == "system" && i > 0)
        throw Refusal{400, "Only the first message may be a system message.", "invalid_request_error", where + ".role"};
      if (r == "user" && i > 0 && messages[i - 1].at("role").as_string() == "user")
        throw Refusal{400, "Conversation roles must alternate user/assistant/user/assistant/...", "invalid_request_error", where + ".role"};
      const json::value* content = m.if_contains("content");
      const bool has_calls = m.contains("tool_calls");
      if ((!content || content->is_null()) && !(r == "assistant" && has_calls))
        throw Refusal{400, "Invalid value for 'content': expected a string, got null.", "invalid_request_error", where + ".content"};
      if (content && !content->is_null() && !content->is_string() && !content->is_array())
        throw Refusal{400, "Invalid type for '" + where + ".content'."};
      if (has_calls) {
        if (!m.at("tool_calls").is_array() || m.at("tool_calls").get_array().empty())
          throw Refusal{400, "Invalid '" + where + ".tool_calls': empty array."};
        for (const json::value& call : m.at("tool_calls").get_array()) {
          if (call.at("type").as_string() != "function" || !call.at("function").at("arguments").is_string() ||
              call.at("id").as_string().empty())
            throw Refusal{400, "Invalid tool call in '" + where + "'."};
          open.insert(std::string(call.at("id").as_string()));
        }
      }
      if (r == "tool") {
        const json::value* id = m.if_contains("tool_call_id");
        if (!id || !id->is_string() || open.erase(std::string(id->get_string())) == 0)
          throw Refusal{400, "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."};
      }
    }
    if (!open.empty()) throw Refusal{400, "An assistant message with 'tool_calls' must be followed by tool messages."};
  }

  static void check_tools(const json::value& tools) {
    if (!tools.is_array() || tools.get_array().empty()) throw Refusal{400, "Invalid 'tools': empty array."};
    for (const json::value& tool : tools.get_array()) {
      const std::string name(tool.at("function").at("name").as_string());
      if (tool.at("type").as_string() != "function" || name.empty() || name.size() > 64 ||
          name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != std::string::npos)
        throw Refusal{400, "Invalid 'tools[].function.name'."};
      const json::value* parameters = tool.at("function").as_object().if_contains("parameters");
      if (parameters && (!parameters->is_object() || parameters->at("type").as_string() != "object"))
        throw Refusal{400, "Invalid schema for function '" + name + "': schema must be of type \"object\"."};
    }
  }

  static std::string base64(const std::vector<float>& row) {
    static constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string bytes(reinterpret_cast<const char*>(row.data()), row.size() * sizeof(float)), out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
      std::uint32_t three = 0;
      for (std::size_t k = 0; k < 3; ++k) three = (three << 8) | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
      for (std::size_t k = 0; k < 4; ++k) out += i + k > bytes.size() ? '=' : kLetters[(three >> (18 - 6 * k)) & 63];
    }
    return out;
  }

  void embed(Connection& c, const std::string& body) {
    ++requests_;
    json::object request;
    std::vector<std::string> texts;
    std::size_t dimensions = 8;
    std::string model;
    bool as_base64 = false;
    try {
      request = json::parse(body).as_object();
      for (const auto& [key, unused] : request)
        if (key != "model" && key != "input" && key != "dimensions" && key != "encoding_format" && key != "user")
          throw Refusal{400, "Unrecognized request argument supplied: " + std::string(key)};
      model = request.at("model").as_string();
      if (request.at("input").is_string()) texts.emplace_back(request.at("input").get_string());
      else
        for (const json::value& text : request.at("input").as_array()) texts.emplace_back(text.as_string());
      if (const auto* wanted = request.if_contains("dimensions")) dimensions = wanted->to_number<std::size_t>();
      if (const auto* format = request.if_contains("encoding_format")) {
        if (*format != "float" && *format != "base64") throw Refusal{400, "Invalid 'encoding_format'."};
        as_base64 = *format == "base64";
      }
    } catch (const Refusal&) {
      throw;
    } catch (const std::exception& e) {
      throw Refusal{400, std::string("Invalid type or missing member: ") + e.what()};
    }
    if (texts.empty() || texts.size() > 2048) throw Refusal{400, "Invalid 'input': 1 to 2048 texts.", "invalid_request_error", "input"};
    if (dimensions < 1 || dimensions > 3072) throw Refusal{400, "Invalid 'dimensions'.", "invalid_request_error", "dimensions"};
    if (model.starts_with("embed-error-")) throw Refusal{std::atoi(model.c_str() + 12), "The server is asked to fail."};
    json::array data;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (texts[i].empty()) throw Refusal{400, "Invalid 'input[" + std::to_string(i) + "]': input cannot be an empty string."};
      if (counts_.size() < 2'000'000) ++counts_["embed:" + texts[i]];
      std::vector<float> row(dimensions, 0.0f);
      for (const char ch : texts[i]) row[static_cast<unsigned char>(ch) % dimensions] += 1;
      json::value vector = as_base64 ? json::value(json::string(base64(row))) : json::value(json::array(row.begin(), row.end()));
      data.push_back(json::object{{"object", "embedding"}, {"index", i}, {"embedding", std::move(vector)}});
    }
    if (model == "embed-short") data.pop_back();
    const json::object usage{{"prompt_tokens", texts.size()}, {"total_tokens", texts.size()}};
    c.out += http_response(200, "application/json",
                           json::serialize(json::object{{"object", "list"}, {"model", model}, {"data", data}, {"usage", usage}}));
  }

  void complete(Connection& c, const std::string& body) {
    static const std::set<std::string, std::less<>> kKnown = {
        "model", "messages", "stream", "stream_options", "tools", "tool_choice", "temperature", "top_p", "max_tokens",
        "max_completion_tokens", "stop", "n", "user", "response_format", "parallel_tool_calls", "seed",
        "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "metadata", "store", "reasoning_effort"};
    ++requests_;
    json::object request;
    bool stream = false, wants_usage = false;
    std::string model;
    try {
      json::value parsed = json::parse(body);
      request = std::move(parsed.as_object());
    } catch (const std::exception&) {
      throw Refusal{400, "We could not parse the JSON body of your request."};
    }
    try {
      for (const auto& [key, unused] : request)
        if (!kKnown.contains(std::string_view(key))) throw Refusal{400, "Unrecognized request argument supplied: " + std::string(key)};
      if (!request.contains("model")) throw Refusal{400, "you must provide a model parameter"};
      model = request.at("model").as_string();
      check_messages(request.at("messages").as_array());
      if (request.contains("tools")) check_tools(request.at("tools"));
      if (request.contains("tool_choice") && !request.contains("tools"))
        throw Refusal{400, "'tool_choice' is only allowed when 'tools' are specified."};
      stream = request.contains("stream") && request.at("stream").as_bool();
      if (request.contains("stream_options")) {
        if (!stream) throw Refusal{400, "The 'stream_options' parameter is only allowed when 'stream' is enabled."};
        wants_usage = request.at("stream_options").at("include_usage").as_bool();
      }
    } catch (const Refusal&) {
      throw;
    } catch (const std::exception& e) {
      throw Refusal{400, std::string("Invalid type or missing member: ") + e.what()};
    }

    const json::array& messages = request.at("messages").get_array();
    fakes::Situation now;
    for (const json::value& m : messages) {
      const json::string& role = m.at("role").get_string();
      if (role == "user") now.user(text_of(m.at("content")));
      if (role == "tool") now.tool(text_of(m.at("content")));
    }
    if (counts_.size() < 2'000'000) ++counts_[now.said + "#" + std::to_string(now.tool_answers)];

    std::vector<fakes::ScriptedCall> calls;
    if (now.tool_answers == 0 && request.contains("tools")) calls = fakes::calls_in(now.said, "call_" + std::to_string(++serial_));
    const std::string named = model == "slow-named" && now.tool_answers ? now.said + " -> " : "";
    const std::string text = named + now.reply();
    answer(c, model, stream, wants_usage, calls.empty() ? text : "", calls, body.size() / 4);
  }

  void answer(Connection& c, const std::string& model, bool stream, bool wants_usage, const std::string& text,
              const std::vector<fakes::ScriptedCall>& calls, std::size_t prompt_tokens) {
    if (model.starts_with("error-")) {
      const int status = std::atoi(model.c_str() + 6);
      throw Refusal{status, "The fake server was asked for a " + model.substr(6) + "."};
    }
    if (model == "html") {
      c.out += http_response(502, "text/html", "<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>");
      return;
    }
    if (model == "empty") {
      c.out += http_response(200, "application/json", "");
      return;
    }
    if (model == "hangup") {
      c.close_after = true;
      return;
    }
    const std::size_t completion_tokens = text.size() / 4 + 1;
    const json::object usage{{"prompt_tokens", prompt_tokens}, {"completion_tokens", completion_tokens},
                             {"total_tokens", prompt_tokens + completion_tokens}};
    const std::string id = "chatcmpl-" + std::to_string(++serial_);
    std::string bytes;
    if (!stream) {
      json::object message{{"role", "assistant"}, {"refusal", nullptr}};
      message["content"] = calls.empty() ? json::value(text) : json::value(nullptr);
      if (!calls.empty()) {
        json::array list;
        for (const fakes::ScriptedCall& call : calls)
          list.push_back(json::object{{"id", call.id}, {"type", "function"}, {"function", {{"name", call.name}, {"arguments", call.arguments}}}});
        message["tool_calls"] = list;
      }
      json::object out{{"id", id}, {"object", "chat.completion"}, {"created", 1}, {"model", model},
                       {"choices", json::array{json::object{{"index", 0}, {"message", message}, {"logprobs", nullptr},
                                                            {"finish_reason", calls.empty() ? "stop" : "tool_calls"}}}}};
      if (model != "no-usage") out["usage"] = usage;
      bytes = http_response(200, "application/json", model == "garbage" ? "{\"id\":" : json::serialize(out));
    } else {
      bytes = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
      const auto event = [&](json::object delta, json::value finish) {
        chunk(bytes, "data: " + json::serialize(json::object{
                         {"id", id}, {"object", "chat.completion.chunk"}, {"created", 1}, {"model", model},
                         {"choices", json::array{json::object{{"index", 0}, {"delta", std::move(delta)}, {"finish_reason", std::move(finish)}}}}}) +
                         "\n\n");
      };
      event({{"role", "assistant"}, {"content", ""}}, nullptr);
      if (model == "garbage") chunk(bytes, "data: {nonsense\n\n");
      const std::size_t pieces = model.starts_with("echo-") ? std::size_t(std::max(1, std::atoi(model.c_str() + 5))) : 2;
      const std::size_t step = std::max<std::size_t>(1, (text.size() + pieces - 1) / pieces);
      std::size_t sent = 0;
      for (std::size_t at = 0; at < text.size(); at += step) {
        std::size_t end = std::min(text.size(), at + step);
        while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
        const std::size_t begin = std::max(at, sent);
        if (end > begin) event({{"content", text.substr(begin, end - begin)}}, nullptr);
        sent = end;
        if (model == "half" || model == "stall") break;
      }
      if (model == "stall") {
        c.out += bytes;
        c.waiting = true;
        return;
      }
      if (model == "half") {
        c.out += bytes;
        c.close_after = true;
        return;
      }
      for (std::size_t i = 0; i < calls.size(); ++i) {
        const std::string& a = calls[i].arguments;
        event({{"tool_calls", json::array{json::object{{"index", i}, {"id", calls[i].id}, {"type", "function"},
                                                       {"function", {{"name", calls[i].name}, {"arguments", ""}}}}}}}, nullptr);
        for (const std::string& piece : {a.substr(0, a.size() / 2), a.substr(a.size() / 2)})
          event({{"tool_calls", json::array{json::object{{"index", i}, {"function", {{"arguments", piece}}}}}}}, nullptr);
      }
      event({}, calls.empty() ? "stop" : "tool_calls");
      if (wants_usage && model != "no-usage")
        chunk(bytes, "data: " + json::serialize(json::object{{"id", id}, {"object", "chat.completion.chunk"}, {"created", 1},
                                                             {"model", model}, {"choices", json::array{}}, {"usage", usage}}) + "\n\n");
      chunk(bytes, "data: [DONE]\n\n");
      bytes += "0\r\n\r\n";
    }
    if (model.starts_with("slow") && options_.delay.count() > 0) {
      c.waiting = true;
      delayed_.push_back({Clock::now() + options_.delay, c.id, std::move(bytes)});
    } else {
      c.out += bytes;
    }
  }

  Options options_;
  int listen_fd_ = -1, epoll_ = -1;
  std::uint64_t last_id_ = 0, requests_ = 0, serial_ = 0;
  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  std::deque<Delayed> delayed_;  // the delay is the same for all, so they fall due in order
  std::unordered_map<std::string, std::uint64_t> counts_;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--port") options.port = std::atoi(argv[i + 1]);
    if (flag == "--key") options.key = argv[i + 1];
    if (flag == "--delay-ms") options.delay = std::chrono::milliseconds(std::atoi(argv[i + 1]));
  }
  std::signal(SIGPIPE, SIG_IGN);
  return Server(options).run();
}

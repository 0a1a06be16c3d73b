// What a scripted host writes down, and what it is told to answer.
#pragma once

#include <hob/plugin.h>

#include <cstdint>
#include <string>
#include <vector>

namespace hob::test {

/// One call of the plugin and what became of it.
struct Answer {
  bool done = false;
  int finishes = 0;  // more than one is a fault of the plugin
  hob_status status = -1;
  std::string result;               // on HOB_OK what the extension says, else words for people
  std::vector<std::string> chunks;  // what emit() gave
};

/// What the host answers to one HTTP request. In mode sse `body` is the bytes of an event stream as recorded from the server; in
/// mode stream it comes in pieces of `piece` bytes, so that they cut lines and characters in two.
struct HttpReply {
  int status = 200;
  std::string headers = "{}";  // JSON, names in lower case
  std::string body = {};
  hob_status end = HOB_OK;     // how the operation ends
  std::string error = {};           // its words when that is not HOB_OK
  bool hangs = false;          // no end until it is cancelled
  std::size_t piece = 7;
};

struct HttpRequest {
  hob_id operation = 0;
  std::string method, url, mode;
  std::string head;  // the whole request_json
  std::string body = {};
  bool ended = false, cancelled = false;
};

struct Socket {
  hob_id operation = 0;
  std::string url, request;
  std::vector<std::string> sent;
  bool open = false, closed = false;
};

struct MethodCall {
  hob_id operation = 0;
  std::string method, params, options;
};
struct MethodReply {
  hob_status status = HOB_OK;
  std::string result = "{}";
  std::vector<std::string> events = {};
};

struct LogLine {
  std::int32_t level;
  std::string text;
};

}  // namespace hob::test

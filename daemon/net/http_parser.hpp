// Reads HTTP/1.1 requests from a byte stream: Beast's parser, and the checks it leaves to its user.
// RFC 9112. No sockets here, so that it can be fed by tests and a fuzzer.
#pragma once

#include "net/http_server.hpp"

#include <memory>
#include <string_view>

namespace hobd {

class RequestParser {
 public:
  enum class State { header, body, complete, failed };

  RequestParser(std::size_t max_header, std::uint64_t max_body);
  ~RequestParser();

  /// Takes bytes from the front of `bytes`, which the caller presents again from there with more behind them.
  /// After `complete` or `failed` it takes no more.
  std::size_t feed(std::string_view bytes);

  State state() const noexcept;
  /// Some byte of a request has arrived.
  bool started() const noexcept;
  /// The header asked for "100 Continue" and the body hasn't begun; answers once.
  bool take_expect_continue() noexcept;
  /// Of a complete request; false too when the client is HTTP/1.0 and didn't ask for it.
  bool keep_alive() const noexcept;
  bool http10() const noexcept;
  /// Moves the complete request out (without `remote`).
  HttpRequest take();
  /// What of the request has been read.
  const HttpRequest& partial() const noexcept;
  /// What a failed request is to be answered with.
  int error_status() const noexcept;
  std::string_view error_message() const noexcept;

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;  // Beast's headers stay in the .cpp
};

}  // namespace hobd

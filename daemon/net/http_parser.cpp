#include "net/http_parser.hpp"

#include "base/text.hpp"
#include "net/http_syntax.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>

namespace hobd {

namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t kMaxFields = 128;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

/// Whether the bytes that the parser waits at may be the start of a chunk. Beast lets a quoted string run on
/// over the end of the line.
bool is_chunk_start(std::string_view bytes) {
  if (bytes.starts_with("\r\n")) bytes.remove_prefix(2);
  const auto end = bytes.find("\r\n");
  if (end == std::string_view::npos) return true;
  const auto line = bytes.substr(0, end);
  return are_chunk_extensions(line.substr(std::min(line.find_first_not_of("0123456789abcdefABCDEF"), line.size())));
}

}  // namespace

struct RequestParser::Parser final : http::basic_parser<true> {
  Parser(std::size_t max_header_bytes, std::uint64_t max_body_bytes)
      : max_header(max_header_bytes), max_body(max_body_bytes) {
    header_limit(static_cast<std::uint32_t>(max_header));
    body_limit(max_body);
    eager(true);
  }

  void on_request_impl(http::verb, boost::beast::string_view method, boost::beast::string_view target, int version,
                       error_code&) override {
    request.method = view(method);
    request.target = view(target);
    is_http10 = version == 10;
  }
  void on_response_impl(int, boost::beast::string_view, int, error_code&) override {}

  void on_field_impl(http::field, boost::beast::string_view name, boost::beast::string_view value,
                     error_code& ec) override {
    if (header_seen) return;  // trailers are read and dropped
    if (request.headers.fields().size() >= kMaxFields) return fail(431, "too many header fields", ec);
    request.headers.add(std::string(view(name)), std::string(view(value)));
  }

  void on_header_impl(error_code& ec) override {
    header_seen = true;
    check_framing(ec);
    if (!ec) check_target(ec);
    if (!ec) check_upgrade(ec);
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    // Not more at once than most bodies are: a length is only a promise.
    if (length) request.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, 64 * 1024)));
  }

  std::size_t on_body_impl(boost::beast::string_view piece, error_code& ec) override {
    return append(piece, ec);
  }

  void on_chunk_header_impl(std::uint64_t, boost::beast::string_view extensions, error_code& ec) override {
    if (!are_chunk_extensions(view(extensions))) fail(400, "bad chunk extension", ec);
  }

  std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view piece, error_code& ec) override {
    return append(piece, ec);
  }

  void on_finish_impl(error_code&) override {}

  std::size_t append(boost::beast::string_view piece, error_code& ec) {
    if (request.body.size() + piece.size() > max_body) {
      fail(413, "request body is too large", ec);
      return 0;
    }
    request.body.append(piece.data(), piece.size());
    return piece.size();
  }

  void fail(int status, std::string_view message, error_code& ec) {
    error_status = status;
    error_message = message;
    ec = http::error::bad_field;
  }

  /// How long the request is must have one reading only, or a proxy in front reads another (request smuggling).
  void check_framing(error_code& ec) {
    int hosts = 0, lengths = 0, encodings = 0, expects = 0;
    for (const auto& [name, value] : request.headers.fields()) {
      if (equals_ignore_case(name, "Host")) {
        ++hosts;
        if (!value.empty() && !is_host(value)) return fail(400, "bad Host field", ec);
      } else if (equals_ignore_case(name, "Content-Length")) {
        ++lengths;
      } else if (equals_ignore_case(name, "Transfer-Encoding")) {
        ++encodings;
        if (!equals_ignore_case(value, "chunked")) return fail(400, "Transfer-Encoding must be chunked", ec);
      } else if (equals_ignore_case(name, "Expect")) {
        ++expects;
        if (!equals_ignore_case(value, "100-continue")) return fail(417, "unknown Expect", ec);
      }
    }
    if (hosts > 1 || (hosts == 0 && !is_http10)) return fail(400, "exactly one Host field is needed", ec);
    if (lengths > 1) return fail(400, "more than one Content-Length", ec);
    if (encodings > 1) return fail(400, "more than one Transfer-Encoding", ec);
    if (encodings != 0 && lengths != 0) return fail(400, "both Transfer-Encoding and Content-Length", ec);
    if (encodings != 0 && is_http10) return fail(400, "Transfer-Encoding in HTTP/1.0", ec);
    expect_continue = expects != 0 && !is_http10;
    has_body = encodings != 0 || (lengths != 0 && request.headers.get("Content-Length") != "0");
  }

  void check_target(error_code& ec) {
    auto target = hobd::parse_target(request.target);
    if (!target) {
      target_error = target.error().message;
      return fail(400, target_error, ec);
    }
    request.path = std::move(target->path);
    request.query = std::move(target->query);
    // The authority of an absolute-form target goes before Host (RFC 9112, 3.2.2).
    if (!target->authority.empty()) request.headers.set("Host", std::move(target->authority));
  }

  void check_upgrade(error_code& ec) {
    const auto& headers = request.headers;
    bool connection_upgrade = false;
    for (const auto& [name, value] : headers.fields())
      if (equals_ignore_case(name, "Connection") && list_has_token(value, "upgrade")) connection_upgrade = true;
    if (!connection_upgrade || !list_has_token(headers.get("Upgrade"), "websocket")) return;
    if (is_http10 || request.method != "GET" || has_body)
      return fail(400, "a WebSocket begins with a GET of HTTP/1.1 without a body", ec);
    if (headers.get("Sec-WebSocket-Version") != "13") return fail(426, "only WebSocket version 13 is spoken", ec);
    if (!is_websocket_key(headers.get("Sec-WebSocket-Key"))) return fail(400, "bad Sec-WebSocket-Key", ec);
    request.websocket = true;
  }

  HttpRequest request;
  std::size_t max_header;
  std::uint64_t max_body;
  std::size_t header_bytes = 0;
  bool header_seen = false, is_http10 = false, has_body = false, expect_continue = false, failed = false;
  int error_status = 0;
  std::string_view error_message;
  std::string target_error;
};

RequestParser::RequestParser(std::size_t max_header, std::uint64_t max_body)
    : parser_(std::make_unique<Parser>(max_header, max_body)) {}

RequestParser::~RequestParser() = default;

std::size_t RequestParser::feed(std::string_view bytes) {
  auto& p = *parser_;
  if (p.failed || p.is_done()) return 0;
  const bool header_before = p.header_seen;
  error_code ec;
  const auto taken = p.put({bytes.data(), bytes.size()}, ec);
  if (!header_before && !p.header_seen) p.header_bytes += taken;
  if (ec == http::error::need_more) {
    // Beast bounds a line, not their sum, and no chunk header at all.
    const auto waiting = bytes.size() - taken;
    if (!p.header_seen && p.header_bytes + waiting > p.max_header)
      p.fail(431, "request header is too large", ec);
    else if (p.header_seen && waiting > p.max_header)
      p.fail(400, "chunk header is too large", ec);
    else if (p.header_seen && !is_chunk_start(bytes.substr(taken)))
      p.fail(400, "bad chunk extension", ec);
    else
      ec = {};
  } else if (!header_before && p.header_seen && p.error_status == 0 && !p.has_body &&
             p.header_bytes + taken > p.max_header) {
    p.fail(431, "request header is too large", ec);
  }
  if (ec) {
    p.failed = true;
    if (p.error_status == 0) {
      if (ec == http::error::header_limit) {
        p.error_status = 431;
        p.error_message = "request header is too large";
      } else if (ec == http::error::body_limit) {
        p.error_status = 413;
        p.error_message = "request body is too large";
      } else {
        p.error_status = 400;
        p.error_message = "malformed HTTP request";
      }
    }
  }
  return taken;
}

RequestParser::State RequestParser::state() const noexcept {
  if (parser_->failed) return State::failed;
  if (parser_->is_done()) return State::complete;
  return parser_->header_seen ? State::body : State::header;
}

bool RequestParser::started() const noexcept { return parser_->got_some(); }

bool RequestParser::take_expect_continue() noexcept {
  const bool wanted = state() == State::body && parser_->expect_continue && parser_->request.body.empty();
  if (wanted) parser_->expect_continue = false;
  return wanted;
}

bool RequestParser::keep_alive() const noexcept { return parser_->keep_alive(); }
bool RequestParser::http10() const noexcept { return parser_->is_http10; }
HttpRequest RequestParser::take() { return std::move(parser_->request); }
const HttpRequest& RequestParser::partial() const noexcept { return parser_->request; }
int RequestParser::error_status() const noexcept { return parser_->error_status; }
std::string_view RequestParser::error_message() const noexcept { return parser_->error_message; }

}  // namespace hobd

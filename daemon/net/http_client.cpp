#include "net/http_client.hpp"

#include "base/text.hpp"
#include "net/curl_multi.hpp"
#include "net/http_syntax.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <mutex>
#include <optional>
#include <stdexcept>

namespace hobd {

namespace {

using boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kSpareHandles = 32;

struct UrlDeleter {
  void operator()(CURLU* url) const noexcept { curl().url_cleanup(url); }
};
using UrlHandle = std::unique_ptr<CURLU, UrlDeleter>;
struct ListDeleter {
  void operator()(curl_slist* list) const noexcept { curl().slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListDeleter>;

std::string url_part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl().url_get(url, part, &text, flags) != CURLUE_OK || text == nullptr) return {};
  std::string out(text);
  curl().free(text);
  return out;
}

/// Taken apart by curl's own parser, so that what is checked is what is sent.
struct Url {
  std::string text, scheme, host, port, path;
  std::string place() const { return host + ":" + port; }
  /// Without the query and credentials, which may be secret.
  std::string shown() const { return scheme + "://" + place() + path; }
  bool same_origin(const Url& other) const {
    return scheme == other.scheme && equals_ignore_case(host, other.host) && port == other.port;
  }
};

Result<Url> parse_url(const std::string& text, const std::string* base) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f)
      return Error{Code::invalid, "the URL has a space or a control character in it"};
  const UrlHandle handle(curl().url());
  if (!handle) throw std::bad_alloc();
  if ((base != nullptr && curl().url_set(handle.get(), CURLUPART_URL, base->c_str(), 0) != CURLUE_OK) ||
      curl().url_set(handle.get(), CURLUPART_URL, text.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
    return Error{Code::invalid, fmt::format("not a URL: {}", to_valid_utf8(text.substr(0, text.find('?'))))};
  Url url;
  url.scheme = to_lower_ascii(url_part(handle.get(), CURLUPART_SCHEME));
  if (url.scheme != "http" && url.scheme != "https")
    return Error{Code::invalid, fmt::format("a URL must be http or https, not {}", to_valid_utf8(url.scheme))};
  url.text = url_part(handle.get(), CURLUPART_URL);
  url.host = url_part(handle.get(), CURLUPART_HOST);
  url.port = url_part(handle.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  url.path = url_part(handle.get(), CURLUPART_PATH);
  if (url.host.empty() || url.text.empty()) return Error{Code::invalid, "the URL has no host"};
  return url;
}

Result<void> check_request(const HttpClientRequest& request) {
  if (!is_token(request.method)) return Error{Code::invalid, "the request method is not a token"};
  for (const auto& [name, value] : request.headers.fields())
    if (!is_token(name) || !is_field_value(value))
      return Error{Code::invalid, fmt::format("header {}: a character that headers can't have", to_valid_utf8(name))};
  return {};
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// Fields that curl makes itself; a second one would let body and length disagree.
bool is_framing(std::string_view name) {
  return equals_ignore_case(name, "Content-Length") || equals_ignore_case(name, "Transfer-Encoding") ||
         equals_ignore_case(name, "Connection") || equals_ignore_case(name, "Expect");
}

bool is_credential(std::string_view name) {
  for (const std::string_view secret :
       {"Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key", "Api-Key", "X-Goog-Api-Key"})
    if (equals_ignore_case(name, secret)) return true;
  return false;
}

/// One hop: a request to one URL and its response.
struct Transfer {
  const HttpClientRequest* request = nullptr;
  const Url* url = nullptr;
  CURL* easy = nullptr;
  SocketGate gate;
  HttpClientResponse response;
  std::uint64_t received = 0;
  bool head_done = false, streams = false, redirects = false, stopped = false, too_large = false;
  std::exception_ptr failure;  // thrown by the caller's functions
  std::optional<CURLcode> result;
  std::array<char, CURL_ERROR_SIZE> error_text{};
  SteadyClock::time_point last_byte;

  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) {
    return static_cast<Transfer*>(self)->take_header({data, size}) ? size : 0;
  }
  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) {
    return static_cast<Transfer*>(self)->take_body({data, size}) ? size : CURL_WRITEFUNC_ERROR;
  }

  bool take_header(std::string_view line) {
    last_byte = SteadyClock::now();
    if (head_done) return true;  // trailers
    if (line.starts_with("HTTP/")) {
      response.headers = {};
      const auto space = line.find(' ');
      response.status = space == std::string_view::npos ? 0 : std::atoi(line.data() + space + 1);
      return true;
    }
    const auto text = trim(line);
    if (!text.empty()) {
      const auto colon = text.find(':');
      if (colon != std::string_view::npos)
        response.headers.add(std::string(text.substr(0, colon)), std::string(trim(text.substr(colon + 1))));
      return true;
    }
    if (response.status < 200) return true;  // the real one follows
    head_done = true;
    redirects = request->max_redirects > 0 && is_redirect(response.status) && response.headers.has("Location");
    streams = request->on_data && response.status / 100 == 2;
    if (redirects || !request->on_head) return true;
    return guarded([&] {
      request->on_head(response.status, response.headers, url->text);
      return true;
    });
  }

  bool take_body(std::string_view piece) {
    last_byte = SteadyClock::now();
    received += piece.size();
    if (received > request->max_body) {
      too_large = true;
      return false;
    }
    if (redirects) return true;  // nobody reads it
    if (!streams) {
      response.body.append(piece);
      return true;
    }
    return guarded([&] {
      if (request->on_data(piece)) return true;
      stopped = true;
      return false;
    });
  }

  /// An exception must not travel through curl.
  template <class Function>
  bool guarded(Function function) {
    try {
      return function();
    } catch (...) {
      failure = std::current_exception();
      return false;
    }
  }
};

Error transfer_error(const Transfer& t) {
  const auto where = fmt::format("{} {}", t.request->method, t.url->shown());
  if (t.stopped) return {Code::cancelled, where + ": stopped by the reader"};
  if (t.too_large)
    return {Code::overloaded, fmt::format("{}: the response is larger than {} bytes", where, t.request->max_body)};
  if (t.gate.refused)
    return {Code::denied, fmt::format("connect to {}: not a public address", t.url->place())};
  long system_error = 0;
  curl().easy_getinfo(t.easy, CURLINFO_OS_ERRNO, &system_error);
  switch (*t.result) {
    case CURLE_COULDNT_RESOLVE_HOST: return {Code::unavailable, fmt::format("resolve {}: no such host", t.url->host)};
    case CURLE_COULDNT_CONNECT: {
      auto reason = system_error != 0
                        ? to_lower_ascii(error_code(static_cast<int>(system_error), boost::system::system_category()).message())
                        : std::string("failed");
      return {Code::unavailable, fmt::format("connect to {}: {}", t.url->place(), reason)};
    }
    case CURLE_OPERATION_TIMEDOUT:
      return {Code::timeout,
              fmt::format("connect to {}: no connection within {} ms", t.url->place(), t.request->connect_timeout.count())};
    case CURLE_GOT_NOTHING: return {Code::unavailable, where + ": closed without a response"};
    case CURLE_PARTIAL_FILE: return {Code::unavailable, where + ": the response ended early"};
    default: {
      const std::string_view detail(t.error_text.data());
      return {Code::unavailable,
              fmt::format("{}: {}", where, detail.empty() ? curl().easy_strerror(*t.result) : to_valid_utf8(detail))};
    }
  }
}

/// Takes a transfer out of curl also when the coroutine is destroyed while it waits.
class Running {
 public:
  Running(CurlMulti& multi, CURL* easy) : multi_(multi), easy_(easy) {}
  ~Running() { multi_.remove(easy_); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

 private:
  CurlMulti& multi_;
  CURL* easy_;
};

class Client final : public HttpClient {
 public:
  explicit Client(asio::any_io_executor executor) : state_(std::make_shared<State>(executor)) {}
  awaitable<Result<HttpClientResponse>> async_send(HttpClientRequest request) override {
    return send(state_, std::move(request));
  }

 private:
  struct State {
    explicit State(asio::any_io_executor e) : executor(e) {}
    asio::any_io_executor executor;
    std::array<std::unique_ptr<CurlMulti>, 2> multis;  // by AddressPolicy, made when first needed
    std::vector<CurlEasy> spare;

    CurlMulti& multi(AddressPolicy policy) {
      auto& slot = multis[static_cast<std::size_t>(policy)];
      if (!slot) slot = std::make_unique<CurlMulti>(executor, policy);
      return *slot;
    }
    CurlEasy take() {
      if (spare.empty()) {
        CurlEasy easy(curl().easy_init());
        if (!easy) throw std::bad_alloc();
        return easy;
      }
      auto easy = std::move(spare.back());
      spare.pop_back();
      return easy;
    }
    void give_back(CurlEasy easy) {
      if (spare.size() >= kSpareHandles) return;
      curl().easy_reset(easy.get());
      spare.push_back(std::move(easy));
    }
  };

  /// Cancellation is an outcome here, so the coroutine doesn't throw while it runs.
  static awaitable<Result<HttpClientResponse>> send(std::shared_ptr<State> state, HttpClientRequest request) {
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    std::exception_ptr failure;
    Result<HttpClientResponse> result = Error{Code::internal, ""};
    try {
      result = co_await follow(*state, std::move(request));
    } catch (...) {
      failure = std::current_exception();
    }
    co_await asio::this_coro::throw_if_cancelled(throws);
    if (failure) std::rethrow_exception(failure);
    co_return result;
  }

  static awaitable<Result<HttpClientResponse>> follow(State& state, HttpClientRequest request) {
    CO_CHECK(check_request(request));
    CO_CHECK(load_curl());
    CO_TRY(Url url, parse_url(request.url, nullptr));
    const auto deadline = request.timeout.count() > 0 ? SteadyClock::now() + request.timeout
                                                      : SteadyClock::time_point::max();
    for (int hop = 0;; ++hop) {
      Transfer transfer;
      transfer.request = &request;
      transfer.url = &url;
      CO_CHECK(co_await run(state, transfer, deadline));
      transfer.response.url = url.text;
      if (!transfer.redirects) co_return std::move(transfer.response);
      if (hop == request.max_redirects)
        co_return Error{Code::unavailable,
                        fmt::format("{} {}: more than {} redirects", request.method, url.shown(), hop)};
      CO_TRY(Url next, parse_url(std::string(transfer.response.headers.get("Location")), &url.text));
      if (request.allow_redirect && !request.allow_redirect(next.text))
        co_return Error{Code::denied, fmt::format("redirect to {}: not allowed", next.shown())};
      adapt(request, transfer.response.status, url.same_origin(next));
      url = std::move(next);
    }
  }

  /// What changes from one hop to the next (RFC 9110, 15.4).
  static void adapt(HttpClientRequest& request, int status, bool same_origin) {
    HttpHeaders headers;
    const bool becomes_get = (status == 303 && request.method != "HEAD") ||
                             ((status == 301 || status == 302) && request.method == "POST");
    if (becomes_get) {
      request.method = "GET";
      request.body.clear();
    }
    for (const auto& [name, value] : request.headers.fields()) {
      if (!same_origin && (is_credential(name) || equals_ignore_case(name, "Host"))) continue;
      if (becomes_get && to_lower_ascii(name).starts_with("content-")) continue;
      headers.add(name, value);
    }
    request.headers = std::move(headers);
  }

  static awaitable<Result<void>> run(State& state, Transfer& transfer, SteadyClock::time_point deadline) {
    const auto& request = *transfer.request;
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    auto& multi = state.multi(request.public_only ? AddressPolicy::public_only : AddressPolicy::any);
    // Started from a caller's on_data, say: curl can't be entered from its own callback.
    while (multi.in_callback()) co_await asio::post(state.executor, asio::use_awaitable);
    if (cancellation.cancelled() != asio::cancellation_type::none)
      co_return Error{Code::cancelled, "the request was cancelled"};

    auto easy = state.take();
    transfer.easy = easy.get();
    const List headers = configure(multi, transfer);
    asio::steady_timer wake(state.executor);
    transfer.last_byte = SteadyClock::now();
    multi.add(easy.get(), [&](CURLcode code) {
      transfer.result = code;
      wake.cancel();
    });
    Result<void> outcome;
    {
      const Running running(multi, easy.get());
      outcome = co_await wait(transfer, wake, cancellation, deadline);
    }
    if (outcome && !transfer.failure) {
      // curl takes a header that is cut short for a whole one.
      if (*transfer.result == CURLE_OK && !transfer.head_done) transfer.result = CURLE_PARTIAL_FILE;
      if (*transfer.result != CURLE_OK) outcome = transfer_error(transfer);
    }
    state.give_back(std::move(easy));
    if (transfer.failure) std::rethrow_exception(transfer.failure);
    co_return outcome;
  }

  /// Until the transfer has a result, or an error of ours: timeouts and cancellation.
  static awaitable<Result<void>> wait(Transfer& transfer, asio::steady_timer& wake,
                                      asio::cancellation_state cancellation, SteadyClock::time_point deadline) {
    const auto& request = *transfer.request;
    const bool stalls = request.stall_timeout.count() > 0;
    const auto where = fmt::format("{} {}", request.method, transfer.url->shown());
    curl_off_t sent_before = 0;
    while (!transfer.result) {
      const auto stalled_at = stalls ? transfer.last_byte + request.stall_timeout : SteadyClock::time_point::max();
      wake.expires_at(std::min(deadline, stalled_at));
      co_await wake.async_wait(asio::as_tuple(asio::use_awaitable));
      if (transfer.result) break;
      if (cancellation.cancelled() != asio::cancellation_type::none)
        co_return Error{Code::cancelled, where + ": cancelled"};
      const auto now = SteadyClock::now();
      if (now >= deadline)
        co_return Error{Code::timeout, fmt::format("{}: not done within {} ms", where, request.timeout.count())};
      curl_off_t sent = 0;
      curl().easy_getinfo(transfer.easy, CURLINFO_SIZE_UPLOAD_T, &sent);
      if (std::exchange(sent_before, sent) != sent) transfer.last_byte = now;
      if (stalls && now >= transfer.last_byte + request.stall_timeout)
        co_return Error{Code::timeout, fmt::format("{}: no byte for {} ms", where, request.stall_timeout.count())};
    }
    co_return Result<void>{};
  }

  static List configure(CurlMulti& multi, Transfer& transfer) {
    const auto& request = *transfer.request;
    CURL* easy = transfer.easy;
    multi.prepare(easy, transfer.gate);
    curl().easy_setopt(easy, CURLOPT_URL, transfer.url->text.c_str());
    curl().easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl().easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl().easy_setopt(easy, CURLOPT_PROXY, "");  // a proxy of the environment would connect past address checks
    curl().easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl().easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl().easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl().easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl().easy_setopt(easy, CURLOPT_USERAGENT, "hob");
    curl().easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.error_text.data());
    curl().easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     std::max(1L, static_cast<long>(request.connect_timeout.count())));
    curl().easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    curl().easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
    curl().easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    curl().easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);

    const bool has_body = !request.body.empty() || request.method == "POST" || request.method == "PUT" ||
                          request.method == "PATCH";
    if (has_body) {
      curl().easy_setopt(easy, CURLOPT_POST, 1L);
      curl().easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      curl().easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
    }
    if (request.method == "HEAD")
      curl().easy_setopt(easy, CURLOPT_NOBODY, 1L);
    else
      curl().easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());

    curl_slist* list = curl().slist_append(nullptr, "Expect:");
    if (has_body && !request.headers.has("Content-Type")) list = curl().slist_append(list, "Content-Type:");
    for (const auto& [name, value] : request.headers.fields())
      if (!is_framing(name)) list = curl().slist_append(list, (value.empty() ? name + ";" : name + ": " + value).c_str());
    curl().easy_setopt(easy, CURLOPT_HTTPHEADER, list);
    return List(list);
  }

  std::shared_ptr<State> state_;  // shared with running requests
};

}  // namespace

std::unique_ptr<HttpClient> make_http_client(asio::any_io_executor executor) {
  return std::make_unique<Client>(executor);
}

}  // namespace hobd

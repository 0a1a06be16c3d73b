// An HttpClient that answers from a script and remembers what it was asked.
#pragma once

#include "net/http_client.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <deque>
#include <vector>

namespace hobd::fakes {

class ScriptedHttp final : public HttpClient {
 public:
  struct Answer {
    int status = 200;
    HttpHeaders headers{};
    std::string body{};
    std::vector<std::string> pieces{};   // instead of body, when on_data is set
    std::string redirect{};             // the URL asked for first
    bool hang = false;                  // until cancelled
    Error error{Code::ok, {}};          // instead of all that
  };
  explicit ScriptedHttp(asio::any_io_executor executor) : executor_(std::move(executor)) {}

  std::deque<Answer> answers;
  std::vector<HttpClientRequest> requests;

  awaitable<Result<HttpClientResponse>> async_send(HttpClientRequest request) override {
    requests.push_back(request);
    if (answers.empty()) co_return Error{Code::unavailable, "nothing scripted"};
    const Answer answer = std::move(answers.front());
    answers.pop_front();
    if (answer.hang) {
      asio::steady_timer timer(executor_, asio::steady_timer::time_point::max());
      boost::system::error_code ignored;
      co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      co_return Error{Code::cancelled, "cancelled"};
    }
    if (answer.error.code != Code::ok) co_return answer.error;
    HttpClientResponse response{answer.status, answer.headers, {}, request.url};
    if (!answer.redirect.empty()) {
      if (request.allow_redirect && !request.allow_redirect(answer.redirect)) co_return Error{Code::denied, "redirect"};
      response.url = answer.redirect;
    }
    if (request.on_head) request.on_head(answer.status, answer.headers, response.url);
    if (request.on_data && answer.status / 100 == 2) {
      for (const std::string& piece : answer.pieces)
        if (!request.on_data(piece)) co_return Error{Code::cancelled, "cancelled"};
    } else {
      response.body = answer.body;
    }
    co_return response;
  }

 private:
  asio::any_io_executor executor_;
};

}  // namespace hobd::fakes

// A router in front of the real one: it keeps what it was asked, and can add to what it answers.
#pragma once

#include "models/router.hpp"

#include <deque>

namespace hobd::fakes {

struct RouterRecord {
  std::vector<ModelRequest> requests;
  std::string tier, routed_by;     // of every answer, when set
  std::deque<std::string> notices; // of the next answers
  std::int64_t cache_write_tokens = 0;
};

class RecordingRouter : public Router {
 public:
  /// `record` outlives this.
  RecordingRouter(std::unique_ptr<Router> real, RouterRecord& record) : real_(std::move(real)), record_(record) {}

  awaitable<Result<ModelAnswer>> complete(ModelRequest request, std::function<void(std::string_view)> on_delta) override {
    record_.requests.push_back(request);
    Result<ModelAnswer> answer = co_await real_->complete(std::move(request), std::move(on_delta));
    if (answer.has_error()) co_return answer;
    if (!record_.tier.empty()) answer->usage.tier = record_.tier;
    if (!record_.routed_by.empty()) answer->routed_by = record_.routed_by;
    answer->usage.cache_write_tokens = record_.cache_write_tokens;
    if (!record_.notices.empty()) {
      answer->notice = record_.notices.front();
      record_.notices.pop_front();
    }
    co_return answer;
  }
  Result<std::vector<std::string>> resolve(std::string_view model) const override { return real_->resolve(model); }
  awaitable<Result<std::vector<ModelInfo>>> list() override { return real_->list(); }
  RouteDecision explain(const RouteQuestion& question) const override { return real_->explain(question); }
  bool has_model() const override { return real_->has_model(); }
  std::vector<std::string> failures() const override { return real_->failures(); }
  awaitable<Result<json::value>> provider_models(std::string provider) override { return real_->provider_models(std::move(provider)); }
  void set_config(std::shared_ptr<const Config> config) override { real_->set_config(std::move(config)); }

 private:
  std::unique_ptr<Router> real_;
  RouterRecord& record_;
};

}  // namespace hobd::fakes

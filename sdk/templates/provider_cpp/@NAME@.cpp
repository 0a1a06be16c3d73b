// A provider for models behind an OpenAI-like API: a chat becomes an HTTP request, server-sent events become deltas.
// Connections, TLS, timeouts, cancellation, retries and the key are Hob's.
#include <hob/plugin.hpp>

namespace {

class @CLASS@ final : public hob::HttpProvider {
  void configure() override {
    std::string base = config().get<std::string>("base_url");
    while (base.ends_with('/')) base.pop_back();
    base_url_ = std::move(base);
  }

  hob::HttpRequest to(std::string path) const {
    hob::HttpRequest request;
    request.url = base_url_ + std::move(path);
    // The key never enters this plugin: Hob fills it in, for the server that the manifest pairs with it.
    request.headers = {{"authorization", "Bearer ${secret:api_key}"}, {"content-type", "application/json"}};
    return request;
  }

  hob::HttpRequest request(const hob::Json& chat) override {
    hob::HttpRequest http = to("/chat/completions");
    http.method = "POST";
    http.mode = hob::HttpMode::sse;
    hob::Json body{{"model", chat["model"].text()}, {"messages", chat["messages"].value()}, {"stream", true}};
    if (chat["max_tokens"].is_number()) body.set("max_tokens", chat["max_tokens"].value());
    http.body = body.dump();
    return http;
  }

  void event(const hob::SseEvent& event, hob::Exchange& out) override {
    if (event.data == "[DONE]") return;
    read(hob::Json::parse(event.data), "delta", out);
  }
  void whole(const hob::HttpResponse& response, hob::Exchange& out) override {
    read(hob::Json::parse(response.body), "message", out);
  }
  static void read(const hob::Json& answer, const char* part, hob::Exchange& out) {
    const hob::JsonRef choice = answer["choices"][0], usage = answer["usage"];
    out.model(answer["model"].text());
    out.text(choice[part]["content"].text());
    if (usage.is_object()) out.usage({usage["prompt_tokens"].integer(), usage["completion_tokens"].integer(), 0});
    const std::string_view reason = choice["finish_reason"].text();
    if (!reason.empty()) out.stop(reason == "length" ? "length" : reason == "content_filter" ? "filtered" : "end");
  }

  hob::HttpRequest models_request() override { return to("/models"); }
  hob::Json models(const hob::HttpResponse& response) override {
    hob::JsonArray list;
    const hob::Json answer = hob::Json::parse(response.body);
    for (const auto& model : answer["data"].items()) list.push_back(hob::JsonObject{{"id", hob::JsonRef(model)["id"].text()}});
    return hob::Json{{"models", std::move(list)}};
  }

  std::string base_url_;
};

}  // namespace
HOB_PLUGIN("@ID@", @CLASS@)

// A channel over two webhooks: the other side POSTs messages to /hooks/@NAME@ and gets replies POSTed to a URL of its own.
// Pairing, ordering, retries and splitting are Hob's; a channel carries messages.
#include <hob/plugin.hpp>

namespace {

/// Tells nothing by how long it takes.
bool equal(std::string_view a, std::string_view b) {
  unsigned difference = a.size() != b.size();
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return difference == 0;
}

class @CLASS@ final : public hob::Plugin {
  void setup() override {
    channel([] {}, [] {}, [this](const hob::Json& message) { return send(message); });
    route("POST /hooks/@NAME@", [this](const hob::Request& request) { return receive(request); });
  }
  void configure() override {
    const std::string token = config().get<std::string>("token"), url = config().get<std::string>("url");
    token_ = token;
    url_ = url;
  }

  hob::Task<hob::Response> receive(const hob::Request& request) {
    if (!equal(request.header("x-token"), token_)) throw hob::Error{hob::denied, "the header X-Token is missing or wrong"};
    const hob::Json body = request.json();
    const hob::Json sender{{"id", body.get<std::string>("from")}};
    // The platform's own id makes repeats harmless.
    const hob::Json event{{"id", body.get<std::string>("id")}, {"sender", sender}, {"text", body.get<std::string>("text")}};
    const hob::Json accepted = co_await deliver(event);  // on disk from here on
    co_return hob::Response::json(accepted, 202);
  }

  hob::Task<hob::Json> send(const hob::Json& message) {
    hob::HttpRequest post;
    post.method = "POST";
    post.url = url_;
    post.headers = {{"content-type", "application/json"}, {"idempotency-key", message.get<std::string>("id")}};
    const hob::Json body{{"to", message["to"]["id"].text()}, {"text", message["text"].text()}};
    post.body = body.dump();
    const std::string id = message.get<std::string>("id");
    const hob::HttpResponse response = co_await http().send(post);
    if (response.status == 429) throw hob::Error{hob::overloaded, "the receiver asks for patience"};
    if (response.status >= 500) throw hob::Error{hob::unavailable, "the receiver answered " + std::to_string(response.status)};
    if (!response.is_ok()) throw hob::Error{hob::invalid, "the receiver answered " + std::to_string(response.status)};
    const hob::Json receipt{{"message_id", id}};
    co_return receipt;
  }

  std::string token_, url_;
};

}  // namespace
HOB_PLUGIN("@ID@", @CLASS@)

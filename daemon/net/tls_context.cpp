#include "net/tls_context.hpp"

#include <boost/asio/ssl/context.hpp>

namespace hobd {

Result<std::shared_ptr<boost::asio::ssl::context>> client_tls_context() {
  namespace ssl = boost::asio::ssl;
  static std::weak_ptr<ssl::context> cache;  // holds nothing but what the system's files say
  if (auto context = cache.lock()) return context;
  boost::system::error_code ec;
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  context->set_default_verify_paths(ec);
  if (!ec) context->set_verify_mode(ssl::verify_peer, ec);
  if (!ec)
    context->set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1, ec);
  if (ec) return Error{Code::unavailable, "load the system's certificate authorities: " + ec.message()};
  cache = context;
  return context;
}

}  // namespace hobd

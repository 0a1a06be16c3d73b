// The TLS settings of outgoing WebSocket connections.
#pragma once

#include "base/result.hpp"

#include <memory>

namespace boost::asio::ssl {
class context;
}

namespace hobd {

/// A context that verifies peers against the system's certificate authorities ($SSL_CERT_FILE and
/// $SSL_CERT_DIR apply). Reading them takes tens of milliseconds and megabytes, so it is done at the first call
/// and kept while any connection uses it. Thread: the core's.
Result<std::shared_ptr<boost::asio::ssl::context>> client_tls_context();

}  // namespace hobd

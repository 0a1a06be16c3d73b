// The server's end of one WebSocket, after the upgrade was accepted. Beast stays in the .cpp. RFC 6455.
#pragma once

#include "net/http_peer.hpp"

#include <boost/asio/ip/tcp.hpp>

namespace hobd {

class WebSocketSession : public Peer {
 public:
  /// Answers the handshake and reads on; `early` holds bytes that arrived behind the request.
  virtual void start(asio::ip::tcp::socket socket, std::string early) = 0;
  virtual bool send(std::string_view message, bool is_text) = 0;
  virtual void close(std::uint16_t code, std::string_view reason) = 0;
  virtual std::size_t pending() const = 0;
};

/// `exchange` is kept until the close, so that its owner may let go of it and still be told messages.
std::shared_ptr<WebSocketSession> make_websocket_session(std::shared_ptr<ServerCore> core,
                                                         std::shared_ptr<HttpExchange> exchange,
                                                         WebSocketHandlers handlers, HttpHeaders headers);

}  // namespace hobd

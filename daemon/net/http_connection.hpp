// One HTTP connection of the server: a state machine over two events, "readable" and "writable". Reads and
// writes themselves never wait, so a small request costs one recv and one send.
//
//   reading -> busy (handler has the exchange) -> [streaming] -> reading ...
//                  \-> upgraded (a WebSocketSession has the socket)      any -> lingering -> closed
#pragma once

#include "net/http_parser.hpp"
#include "net/http_peer.hpp"

#include <boost/asio/ip/tcp.hpp>

namespace hobd {

class Exchange;
class WebSocketSession;

class HttpConnection final : public Peer {
 public:
  HttpConnection(std::shared_ptr<ServerCore> core, asio::ip::tcp::socket socket, std::string remote);

  void start();
  /// Answers before any request was read, and ends.
  void refuse(int status, std::string_view message);

  void tick(SteadyTime now) override;
  void drain() override;
  void cut() override;

  // From the exchange. None of these calls back before it returns.
  void respond(int status, const HttpHeaders& headers, std::string body);
  void begin(int status, const HttpHeaders& headers);
  bool write(std::string_view piece);
  void end();
  void abort();
  void accept(const std::shared_ptr<Exchange>& exchange, WebSocketHandlers handlers, HttpHeaders headers);
  bool send(std::string_view message, bool is_text);
  void close_websocket(std::uint16_t code, std::string_view reason);
  void on_gone(std::function<void()> handler);
  std::size_t pending() const;
  void dropped(const HttpRequest& request);

 private:
  enum class State { reading, busy, streaming, upgraded, lingering, closed };

  std::shared_ptr<HttpConnection> self() { return std::static_pointer_cast<HttpConnection>(shared_from_this()); }
  void wait_readable();
  void on_readable();
  void wait_writable();
  void on_writable();
  bool can_parse() const;
  void pump();
  void consume(std::string_view& bytes);
  void start_exchange();
  void finish_answer();
  void answer_error(int status, std::string_view message);
  std::string head(int status, const HttpHeaders& headers, std::string_view framing);
  void queue(std::string first, std::string second = {});
  void flush();
  void fail_later();
  void gone();
  void linger();
  void close();

  std::shared_ptr<ServerCore> core_;
  asio::ip::tcp::socket socket_;
  std::string remote_;
  State state_ = State::reading;
  std::unique_ptr<RequestParser> parser_;  // while a request is being read
  std::string in_;                         // read and not yet parsed
  std::vector<std::string> queue_;         // queue_[0] is sent from sent_ on
  std::size_t sent_ = 0, queued_bytes_ = 0;
  std::function<void()> gone_;
  std::shared_ptr<WebSocketSession> session_;
  SteadyTime read_deadline_{}, write_deadline_{};
  std::size_t lingered_ = 0;
  bool waiting_readable_ = false, waiting_writable_ = false, pumping_ = false;
  bool keep_alive_ = false, http10_ = false, is_head_ = false, is_upgrade_ = false;
  bool close_after_ = false;  // end once the queue is sent
  bool broken_ = false;       // the client has gone; gone() is on its way
};

}  // namespace hobd

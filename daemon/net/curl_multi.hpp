// One curl multi handle on Asio: curl says which sockets and which timer it waits for, Asio waits.
// Inside net/ only; load_curl() comes first.
#pragma once

#include "net/curl_library.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>

namespace hobd {

namespace asio = boost::asio;

/// Frees a curl handle.
struct CurlEasyDeleter {
  void operator()(CURL* easy) const noexcept { curl().easy_cleanup(easy); }
};
using CurlEasy = std::unique_ptr<CURL, CurlEasyDeleter>;

enum class AddressPolicy { any, public_only };

/// Where the socket callbacks of one transfer leave their verdict (CURLOPT_OPENSOCKETDATA).
struct SocketGate {
  class CurlMulti* multi = nullptr;
  bool refused = false;  // an address that the policy doesn't allow
};

/// All functions on the executor's thread. add() and remove() never inside a curl callback: see in_callback().
class CurlMulti {
 public:
  /// Connections are kept and reused within one multi handle, so each policy has its own: a request that may
  /// only reach public addresses must not find an open connection to a private one.
  CurlMulti(asio::any_io_executor executor, AddressPolicy policy);
  ~CurlMulti();
  CurlMulti(const CurlMulti&) = delete;
  CurlMulti& operator=(const CurlMulti&) = delete;

  /// Sets the socket options of `easy`; `gate` outlives the transfer.
  void prepare(CURL* easy, SocketGate& gate);
  /// Starts the transfer; `done` is called once with its result, on the executor, unless remove() comes first.
  void add(CURL* easy, std::function<void(CURLcode)> done);
  void remove(CURL* easy);
  bool in_callback() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with pending waits
};

}  // namespace hobd

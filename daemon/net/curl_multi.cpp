#include "net/curl_multi.hpp"

#include "net/address_policy.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <unordered_map>

namespace hobd {

namespace {

using boost::system::error_code;

constexpr long kKeptConnections = 64;
constexpr long kMaxConnections = 512;  // more requests wait in curl's queue, within their deadlines

asio::ip::address address_of(const curl_sockaddr& where) {
  if (where.family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &where.addr, sizeof in);
    return asio::ip::address_v4(ntohl(in.sin_addr.s_addr));
  }
  sockaddr_in6 in6{};
  // curl_sockaddr is allocated with room for the whole address behind `addr`.
  std::memcpy(&in6, static_cast<const void*>(&where.addr), sizeof in6);
  asio::ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), &in6.sin6_addr, bytes.size());
  return asio::ip::address_v6(bytes);
}

}  // namespace

struct CurlMulti::State : std::enable_shared_from_this<State> {
  /// A socket that curl watches. Kept from open to close, also while its connection rests in curl's cache.
  struct Socket {
    explicit Socket(asio::any_io_executor executor, curl_socket_t fd) : descriptor(executor, fd) {}
    asio::posix::stream_descriptor descriptor;
    bool ours = false;  // from open_socket(); else one of curl's own (resolver thread)
    bool open = true, wants_read = false, wants_write = false, reading = false, writing = false;
  };

  State(asio::any_io_executor e, AddressPolicy p) : executor(e), policy(p), timer(e) {}

  static curl_socket_t open_socket(void* data, curlsocktype, curl_sockaddr* where) {
    auto& gate = *static_cast<SocketGate*>(data);
    auto& state = *gate.multi->state_;
    if (where->family != AF_INET && where->family != AF_INET6) return CURL_SOCKET_BAD;
    if (state.policy == AddressPolicy::public_only && !is_public_address(address_of(*where))) {
      gate.refused = true;
      errno = EACCES;
      return CURL_SOCKET_BAD;
    }
    const int fd = ::socket(where->family, where->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, where->protocol);
    if (fd < 0) return CURL_SOCKET_BAD;
    try {
      auto socket = std::make_shared<Socket>(state.executor, fd);
      socket->ours = true;
      state.sockets[fd] = std::move(socket);
    } catch (const std::exception&) {
      ::close(fd);
      return CURL_SOCKET_BAD;
    }
    return fd;
  }

  static int close_socket(void* data, curl_socket_t fd) {
    static_cast<State*>(data)->forget(fd);
    return ::close(fd);
  }

  static int watch(CURL*, curl_socket_t fd, int what, void* data, void*) {
    auto& state = *static_cast<State*>(data);
    try {
      auto found = state.sockets.find(fd);
      if (what == CURL_POLL_REMOVE) {
        if (found == state.sockets.end()) return 0;
        found->second->wants_read = found->second->wants_write = false;
        if (!found->second->ours) state.forget(fd);
        return 0;
      }
      if (found == state.sockets.end())
        found = state.sockets.emplace(fd, std::make_shared<Socket>(state.executor, fd)).first;
      found->second->wants_read = (what & CURL_POLL_IN) != 0;
      found->second->wants_write = (what & CURL_POLL_OUT) != 0;
      state.wait(fd, found->second);
      return 0;
    } catch (const std::exception&) {
      return -1;
    }
  }

  static int set_timer(CURLM*, long ms, void* data) {
    auto& state = *static_cast<State*>(data);
    state.timer.cancel();
    if (ms < 0) return 0;
    state.timer.expires_after(std::chrono::milliseconds(ms));
    state.timer.async_wait([weak = state.weak_from_this()](error_code ec) {
      const auto self = weak.lock();
      if (!ec && self) self->act(CURL_SOCKET_TIMEOUT, 0);
    });
    return 0;
  }

  void wait(curl_socket_t fd, const std::shared_ptr<Socket>& socket) {
    const auto start = [&](bool wanted, bool Socket::*waiting, asio::posix::descriptor_base::wait_type type, int event) {
      if (!wanted || (*socket).*waiting) return;
      (*socket).*waiting = true;
      socket->descriptor.async_wait(type, [weak = weak_from_this(), socket, waiting, event, fd](error_code ec) {
        (*socket).*waiting = false;
        const auto self = weak.lock();
        if (!self || !socket->open || ec == asio::error::operation_aborted) return;
        const bool wanted_now = event == CURL_CSELECT_IN ? socket->wants_read : socket->wants_write;
        if (!wanted_now) return;
        self->act(fd, ec ? CURL_CSELECT_ERR : event);
        if (socket->open) self->wait(fd, socket);
      });
    };
    start(socket->wants_read, &Socket::reading, asio::posix::descriptor_base::wait_read, CURL_CSELECT_IN);
    start(socket->wants_write, &Socket::writing, asio::posix::descriptor_base::wait_write, CURL_CSELECT_OUT);
  }

  /// Takes the descriptor out of Asio without closing it: curl, or close_socket(), does that.
  void forget(curl_socket_t fd) {
    const auto found = sockets.find(fd);
    if (found == sockets.end()) return;
    found->second->open = false;
    found->second->descriptor.release();
    sockets.erase(found);
  }

  void act(curl_socket_t fd, int events) {
    const auto keep = shared_from_this();
    int running = 0;
    ++depth;
    curl().multi_socket_action(multi, fd, events, &running);
    --depth;
    int left = 0;
    while (const CURLMsg* message = curl().multi_info_read(multi, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const auto found = transfers.find(message->easy_handle);
      if (found == transfers.end()) continue;
      auto done = std::move(found->second);
      const auto result = message->data.result;
      transfers.erase(found);
      done(result);
    }
  }

  asio::any_io_executor executor;
  AddressPolicy policy;
  asio::steady_timer timer;
  CURLM* multi = nullptr;
  std::unordered_map<curl_socket_t, std::shared_ptr<Socket>> sockets;  // shared with pending waits
  std::unordered_map<CURL*, std::function<void(CURLcode)>> transfers;
  int depth = 0;
};

CurlMulti::CurlMulti(asio::any_io_executor executor, AddressPolicy policy)
    : state_(std::make_shared<State>(executor, policy)) {
  state_->multi = curl().multi_init();
  if (state_->multi == nullptr) throw std::bad_alloc();
  curl().multi_setopt(state_->multi, CURLMOPT_SOCKETFUNCTION, &State::watch);
  curl().multi_setopt(state_->multi, CURLMOPT_SOCKETDATA, state_.get());
  curl().multi_setopt(state_->multi, CURLMOPT_TIMERFUNCTION, &State::set_timer);
  curl().multi_setopt(state_->multi, CURLMOPT_TIMERDATA, state_.get());
  curl().multi_setopt(state_->multi, CURLMOPT_MAXCONNECTS, kKeptConnections);
  curl().multi_setopt(state_->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, kMaxConnections);
}

CurlMulti::~CurlMulti() {
  state_->timer.cancel();
  curl().multi_cleanup(state_->multi);
  while (!state_->sockets.empty()) state_->forget(state_->sockets.begin()->first);
}

void CurlMulti::prepare(CURL* easy, SocketGate& gate) {
  gate.multi = this;
  curl().easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &State::open_socket);
  curl().easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &gate);
  curl().easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &State::close_socket);
  curl().easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, state_.get());
}

void CurlMulti::add(CURL* easy, std::function<void(CURLcode)> done) {
  state_->transfers[easy] = std::move(done);
  curl().multi_add_handle(state_->multi, easy);
}

void CurlMulti::remove(CURL* easy) {
  state_->transfers.erase(easy);
  curl().multi_remove_handle(state_->multi, easy);
}

bool CurlMulti::in_callback() const { return state_->depth > 0; }

}  // namespace hobd

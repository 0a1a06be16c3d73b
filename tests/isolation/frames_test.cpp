// The frames by themselves: whole ones cross, everything else is an error and never more than that.
#include "plugins/frames.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <random>

using namespace hobd;

namespace {

struct Pair {
  Pair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0); }
  ~Pair() {
    ::close(fds[0]);
    ::close(fds[1]);
  }
  /// Reads until a frame is whole or nothing more comes.
  Result<bool> read(Frame& frame) {
    for (;;) {
      const Result<bool> next = reader.next(frame);
      if (next.has_error() || *next) return next;
      const Result<FrameReader::Fill> filled = reader.fill(fds[1]);
      if (filled.has_error()) return filled.error();
      if (*filled != FrameReader::Fill::data) return false;
    }
  }
  void write(std::string_view bytes) { REQUIRE(::write(fds[0], bytes.data(), bytes.size()) == ssize_t(bytes.size())); }
  int fds[2];
  FrameReader reader;
};

}  // namespace

TEST_CASE("frames larger than the socket's buffer arrive in order, whatever waits") {
  Pair pair;
  FrameWriter writer(pair.fds[0]);
  const std::string large(200'000, 'l'), blob(3 << 20, 'b');
  for (const std::string& payload : {large, blob, large, std::string("small")}) {
    const std::string_view piece = payload;
    REQUIRE(!writer.send(FrameKind::emit, 7, std::span(&piece, 1)).has_error());
  }
  Frame frame;
  for (const std::string& payload : {large, blob, large, std::string("small")}) {
    while (!pair.read(frame).value()) REQUIRE(!writer.flush().has_error());
    REQUIRE(frame.id == 7);
    REQUIRE(frame.payload() == payload);
  }
  REQUIRE(writer.waiting() == 0);
}

TEST_CASE("a frame that arrives byte by byte is whole at the last one") {
  Pair pair;
  const std::string bytes = Packer().number(std::uint32_t(9 + 5)).number(std::uint8_t(FrameKind::log)).number(std::uint64_t(1)).rest("hello").bytes();
  Frame frame;
  for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
    pair.write(bytes.substr(i, 1));
    REQUIRE(!pair.read(frame).value());
  }
  pair.write(bytes.substr(bytes.size() - 1));
  REQUIRE(pair.read(frame).value());
  REQUIRE(frame.payload() == "hello");
}

TEST_CASE("descriptors that belong to no frame are an error once there are many") {
  Pair pair;
  const int spare = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  bool is_refused = false;
  for (int i = 0; i < 40 && !is_refused; ++i) {
    char byte = 0;
    iovec part{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(head), &spare, sizeof spare);
    REQUIRE(::sendmsg(pair.fds[0], &message, 0) == 1);
    is_refused = pair.reader.fill(pair.fds[1]).has_error();
  }
  ::close(spare);
  REQUIRE(is_refused);
}

TEST_CASE("rubbish is refused or waited for, and read no further than it reaches") {
  const unsigned seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 2000; ++round) {
    Pair pair;
    std::string bytes(random() % 200, '\0');
    for (char& byte : bytes) byte = char(random());
    // Half of them begin like a frame that could be.
    if (round % 2 == 0 && bytes.size() >= 4) {
      const std::uint32_t length = random() % 64;
      std::memcpy(bytes.data(), &length, sizeof length);
    }
    pair.write(bytes);
    Frame frame;
    for (int frames = 0; frames < 50; ++frames) {
      const Result<bool> read = pair.read(frame);
      if (read.has_error() || !*read) break;
      Unpacker in(frame.payload());
      in.str();
      in.number<std::uint64_t>();
      in.rest();
    }
    (void)Setup::unpack(bytes);
  }
}

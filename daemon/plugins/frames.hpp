// The frames between hobd and hob-plugin-host: the calls, answers and operations of hob/plugin.h as bytes on one
// Unix stream socket.
//
//   u32 length    of all that follows
//   u8  kind      FrameKind; with kBlobBit the payload is elsewhere, see below
//   u64 id        of the call, operation or nothing (0)
//   ... payload   length - 9 bytes
//
// Numbers are in the machine's own order: both ends run on it and come from one build (Setup::kVersion). A payload
// of more than 256 KiB travels as a memfd, sealed so that nobody can change it any more, attached (SCM_RIGHTS) to
// the first byte of its frame; the payload in the frame is then its size, a u64.
//
// Either end may die or be hostile: the reader takes nothing on trust, and a frame that breaks the format is an
// error that ends the connection.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <cstring>
#include <deque>
#include <span>
#include <string>
#include <string_view>

namespace hobd {

/// What each kind carries; "text" and "bytes" reach to the end of the payload, "str" is a u32 size and as many bytes.
enum class FrameKind : std::uint8_t {
  // hobd to the plugin
  setup = 1,      // Setup, once, first
  call = 2,       // u16 function (its place in the table of plugin_tables), u8 1 if emit() is listened to,
                  // str name, str payload, bytes extra
  cancel = 3,     // nothing
  message = 4,    // u8 1 if text, bytes: hob.routes/1 message()
  event = 5,      // u32 kind, bytes: hob.operation/1 event()
  result = 6,     // i32 status, bytes: hob.operation/1 result()
  taken = 7,      // u64: so many bytes of the call's chunks have been taken
  sent = 8,       // u64: so many bytes of the WebSocket's messages have been taken
  deaf = 9,       // nothing: nobody listens to the call's chunks any more
  stop = 10,      // nothing: destroy the plugin and go
  ping = 11,      // nothing
  // the plugin to hobd
  started = 32,   // i32 status, u64 functions that it offers (a bit a place in the table), text why not
  emit = 33,      // bytes
  finish = 34,    // i32 status, bytes
  log = 35,       // u8 level, text
  http_request = 36,    // str request, bytes body
  websocket_open = 37,  // text request
  websocket_send = 38,  // u8 1 if text, bytes
  websocket_close = 39, // i32 code, text reason
  kv_get = 40,          // text key
  kv_set = 41,          // str key, bytes value
  kv_remove = 42,       // text key
  kv_list = 43,         // str prefix, text after
  secret_read = 44,     // text name
  method_invoke = 45,   // str method, str params, text options
  channel_deliver = 46, // text event
  operation_cancel = 47,// nothing
  event_taken = 48,     // u64: so many bytes of the operation's events have been taken
  pong = 49,            // nothing
};

inline constexpr std::uint8_t kBlobBit = 0x80;
inline constexpr std::size_t kFrameHead = 4 + 1 + 8;
inline constexpr std::size_t kBlobFrom = 256 << 10;      // larger payloads travel as a memfd
inline constexpr std::size_t kMaxPayload = 33 << 20;     // more is malformed

/// A payload that lies in a sealed memfd, mapped for reading.
class Blob {
 public:
  Blob() = default;
  ~Blob() { reset(); }
  Blob(Blob&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Blob& operator=(Blob&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  /// Takes `fd`. invalid: not sealed, or not of this size.
  static Result<Blob> map(int fd, std::uint64_t size);
  void reset();
  std::string_view view() const { return {static_cast<const char*>(data_), size_}; }

 private:
  void* data_ = nullptr;
  std::size_t size_ = 0;
};

struct Frame {
  FrameKind kind{};
  std::uint64_t id = 0;
  std::string bytes;  // the payload, unless it is a blob
  Blob blob;
  std::string_view payload() const { return blob.view().empty() ? std::string_view(bytes) : blob.view(); }
};

/// Takes frames off a socket. Not for several threads at once.
class FrameReader {
 public:
  FrameReader() = default;
  ~FrameReader();
  FrameReader(const FrameReader&) = delete;
  FrameReader& operator=(const FrameReader&) = delete;

  enum class Fill { data, nothing, end };
  /// One read that doesn't block. unavailable: the socket broke; invalid: descriptors that belong to no frame.
  Result<Fill> fill(int fd);
  /// The next whole frame, if one is there. invalid: malformed.
  Result<bool> next(Frame& out);

 private:
  std::string buffer_;
  std::size_t begin_ = 0, end_ = 0;  // what was read and isn't taken
  std::deque<int> fds_;
};

/// Puts frames on a socket without blocking; what the kernel doesn't take waits here. Not for several threads at once.
class FrameWriter {
 public:
  explicit FrameWriter(int fd) : fd_(fd) {}
  ~FrameWriter();
  FrameWriter(const FrameWriter&) = delete;
  FrameWriter& operator=(const FrameWriter&) = delete;

  /// Sends one frame whose payload is `pieces` one after another. True: gone; false: some of it waits for flush().
  /// unavailable: the other end is gone. overloaded: the payload is beyond kMaxPayload, nothing was sent.
  Result<bool> send(FrameKind kind, std::uint64_t id, std::span<const std::string_view> pieces);
  /// True when nothing waits any more.
  Result<bool> flush();
  std::size_t waiting() const { return waiting_; }

 private:
  struct Item {
    std::string bytes;
    std::size_t done = 0;
    int fd = -1;
  };
  Result<std::size_t> push(std::span<const std::string_view> pieces, int fd);

  int fd_;
  std::deque<Item> queue_;
  std::size_t waiting_ = 0;  // bytes
};

/// Builds payloads. Views must outlive the frame's sending.
class Packer {
 public:
  template <class Number>
  Packer& number(Number value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Packer& str(std::string_view text) {
    number(std::uint32_t(text.size()));
    out_.append(text);
    return *this;
  }
  Packer& rest(std::string_view text) {
    out_.append(text);
    return *this;
  }
  const std::string& bytes() const { return out_; }

 private:
  std::string out_;
};

/// Reads payloads. After a read beyond the end ok() is false and everything reads as 0 or empty.
class Unpacker {
 public:
  explicit Unpacker(std::string_view in) : in_(in) {}
  template <class Number>
  Number number() {
    Number value{};
    if (in_.size() < sizeof value) return fail(), value;
    std::memcpy(&value, in_.data(), sizeof value);
    in_.remove_prefix(sizeof value);
    return value;
  }
  std::string_view str() {
    const auto size = number<std::uint32_t>();
    if (in_.size() < size) return fail(), std::string_view{};
    const std::string_view out = in_.substr(0, size);
    in_.remove_prefix(size);
    return out;
  }
  std::string_view rest() { return std::exchange(in_, {}); }
  bool ok() const { return ok_; }
  bool done() const { return ok_ && in_.empty(); }

 private:
  void fail() {
    ok_ = false;
    in_ = {};
  }
  std::string_view in_;
  bool ok_ = true;
};

/// What the plugin's process is told first.
struct Setup {
  static constexpr std::uint32_t kVersion = 1;  // of the frames; the programs come from one build
  std::string instance, plugin_id, code, config;
  bool lua = false;
  std::string granted;        // ids of the host's extensions, each followed by a newline
  std::uint64_t memory = 0;   // bytes of address space; 0: no limit
  std::string filter;         // struct sock_filter[] for seccomp; empty: none
  std::string readable;       // paths that may be read, each followed by a newline

  std::string pack() const;
  /// invalid: another version, or malformed.
  static Result<Setup> unpack(std::string_view bytes);
};

}  // namespace hobd

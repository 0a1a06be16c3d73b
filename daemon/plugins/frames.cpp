#include "plugins/frames.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace hobd {
namespace {

constexpr std::size_t kRead = 64 << 10;       // at most so much a read
constexpr std::size_t kMaxFds = 16;           // that one read may bring
constexpr std::size_t kMaxPieces = 8;
constexpr std::size_t kKeepBuffer = 256 << 10;  // a larger one is given back once it is empty

std::string last_error(std::string_view attempt) { return fmt::format("{}: {}", attempt, std::strerror(errno)); }

std::array<char, kFrameHead> head_of(std::uint8_t kind, std::uint64_t id, std::size_t payload) {
  std::array<char, kFrameHead> head;
  const auto length = std::uint32_t(payload + kFrameHead - 4);
  std::memcpy(head.data(), &length, 4);
  std::memcpy(head.data() + 4, &kind, 1);
  std::memcpy(head.data() + 5, &id, 8);
  return head;
}

/// A sealed memfd of the pieces, or -1: then the payload goes inline.
int make_blob(std::span<const std::string_view> pieces) {
  const int fd = ::memfd_create("hob-blob", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return -1;
  for (const std::string_view piece : pieces)
    for (std::size_t done = 0; done < piece.size();) {
      const ssize_t wrote = ::write(fd, piece.data() + done, piece.size() - done);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) {
        ::close(fd);
        return -1;
      }
      done += std::size_t(wrote);
    }
  if (::fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0) {
    ::close(fd);
    return -1;
  }
  return fd;
}

}  // namespace

// ---- blobs ----

void Blob::reset() {
  if (data_) ::munmap(data_, size_);
  data_ = nullptr;
  size_ = 0;
}

Result<Blob> Blob::map(int fd, std::uint64_t size) {
  struct Closer {
    int fd;
    ~Closer() { ::close(fd); }
  } closer{fd};
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  const int seals = ::fcntl(fd, F_GET_SEALS);
  struct stat about {};
  if (seals < 0 || (seals & kSeals) != kSeals) return Error{Code::invalid, "a blob that isn't sealed"};
  if (::fstat(fd, &about) != 0 || std::uint64_t(about.st_size) != size)
    return Error{Code::invalid, "a blob of another size than its frame says"};
  Blob blob;
  if (size == 0) return blob;
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (data == MAP_FAILED) return Error{Code::unavailable, last_error("map a blob")};
  blob.data_ = data;
  blob.size_ = size;
  return blob;
}

// ---- reading ----

FrameReader::~FrameReader() {
  for (const int fd : fds_) ::close(fd);
}

Result<FrameReader::Fill> FrameReader::fill(int fd) {
  if (begin_ == end_) {
    begin_ = end_ = 0;
    if (buffer_.size() > kKeepBuffer) std::string().swap(buffer_);
  } else if (begin_ > 0 && buffer_.size() - end_ < kRead) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() - end_ < kRead) buffer_.resize(end_ + kRead);
  iovec place{buffer_.data() + end_, kRead};
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxFds * sizeof(int))];
  msghdr message{};
  message.msg_iov = &place;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t got;
  do got = ::recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return Fill::nothing;
    if (errno == ECONNRESET) return Fill::end;
    return Error{Code::unavailable, last_error("read from the plugin socket")};
  }
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int received;
      std::memcpy(&received, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
      fds_.push_back(received);
    }
  }
  if ((message.msg_flags & MSG_CTRUNC) || fds_.size() > kMaxFds)
    return Error{Code::invalid, "descriptors that belong to no frame"};
  if (got == 0) return Fill::end;
  end_ += std::size_t(got);
  return Fill::data;
}

Result<bool> FrameReader::next(Frame& out) {
  if (end_ - begin_ < 4) return false;
  std::uint32_t length;
  std::memcpy(&length, buffer_.data() + begin_, 4);
  if (length < kFrameHead - 4 || length - (kFrameHead - 4) > kMaxPayload)
    return Error{Code::invalid, fmt::format("a frame of length {}", length)};
  if (end_ - begin_ < length + 4) return false;
  const char* frame = buffer_.data() + begin_;
  std::uint8_t kind;
  std::memcpy(&kind, frame + 4, 1);
  std::memcpy(&out.id, frame + 5, 8);
  const std::string_view payload(frame + kFrameHead, length + 4 - kFrameHead);
  out.kind = FrameKind(kind & ~kBlobBit);
  out.blob.reset();
  if (kind & kBlobBit) {
    std::uint64_t size;
    if (payload.size() != sizeof size) return Error{Code::invalid, "a blob frame without a size"};
    std::memcpy(&size, payload.data(), sizeof size);
    if (size > kMaxPayload) return Error{Code::invalid, fmt::format("a blob of {} bytes", size)};
    if (fds_.empty()) return Error{Code::invalid, "a blob frame without its descriptor"};
    const int fd = fds_.front();
    fds_.pop_front();
    out.blob = TRY(Blob::map(fd, size));
    out.bytes.clear();
  } else {
    out.bytes.assign(payload);
  }
  begin_ += length + 4;
  return true;
}

// ---- writing ----

FrameWriter::~FrameWriter() {
  for (const Item& item : queue_)
    if (item.fd >= 0) ::close(item.fd);
}

/// Hands the pieces to the kernel, the descriptor with the first byte; how many bytes it took.
Result<std::size_t> FrameWriter::push(std::span<const std::string_view> pieces, int fd) {
  iovec parts[kMaxPieces + 1];
  std::size_t count = 0;
  for (const std::string_view piece : pieces)
    if (!piece.empty()) parts[count++] = {const_cast<char*>(piece.data()), piece.size()};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = count;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  if (fd >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(part), &fd, sizeof fd);
  }
  ssize_t took;
  do took = ::sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (took < 0 && errno == EINTR);
  if (took >= 0) return std::size_t(took);
  // ETOOMANYREFS: so many descriptors are on their way already; they go down as the other end reads.
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS || errno == ETOOMANYREFS) return std::size_t(0);
  return Error{Code::unavailable, last_error("write to the plugin socket")};
}

Result<bool> FrameWriter::send(FrameKind kind, std::uint64_t id, std::span<const std::string_view> pieces) {
  std::size_t size = 0;
  for (const std::string_view piece : pieces) size += piece.size();
  if (size > kMaxPayload) return Error{Code::overloaded, fmt::format("{} bytes are more than a frame takes", size)};
  const int blob = size > kBlobFrom ? make_blob(pieces) : -1;
  const std::uint64_t blob_size = size;
  const std::string_view blob_size_bytes(reinterpret_cast<const char*>(&blob_size), sizeof blob_size);
  const auto head = head_of(blob >= 0 ? std::uint8_t(std::uint8_t(kind) | kBlobBit) : std::uint8_t(kind), id,
                            blob >= 0 ? sizeof blob_size : size);
  std::string_view parts[kMaxPieces + 1] = {std::string_view(head.data(), head.size())};
  std::size_t count = 1;
  if (blob >= 0)
    parts[count++] = blob_size_bytes;
  else
    for (const std::string_view piece : pieces) parts[count++] = piece;
  std::size_t took = 0;
  if (queue_.empty()) {
    const auto pushed = push(std::span(parts, count), blob);
    if (pushed.has_error()) {
      if (blob >= 0) ::close(blob);
      return pushed.error();
    }
    took = *pushed;
  }
  std::size_t whole = 0;
  for (std::size_t i = 0; i < count; ++i) whole += parts[i].size();
  const bool fd_is_gone = blob >= 0 && took > 0;
  if (fd_is_gone) ::close(blob);
  if (took == whole) return true;
  Item item;
  item.bytes.reserve(whole - took);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t skip = std::min(took, parts[i].size());
    item.bytes.append(parts[i].substr(skip));
    took -= skip;
  }
  item.fd = fd_is_gone ? -1 : blob;
  waiting_ += item.bytes.size();
  queue_.push_back(std::move(item));
  return false;
}

Result<bool> FrameWriter::flush() {
  while (!queue_.empty()) {
    Item& item = queue_.front();
    const std::string_view left = std::string_view(item.bytes).substr(item.done);
    const std::size_t took = TRY(push(std::span(&left, 1), item.fd));
    if (took == 0) return false;
    if (item.fd >= 0) ::close(std::exchange(item.fd, -1));
    item.done += took;
    waiting_ -= took;
    if (item.done < item.bytes.size()) return false;
    queue_.pop_front();
  }
  return true;
}

// ---- setup ----

std::string Setup::pack() const {
  return Packer()
      .number(kVersion)
      .str(instance)
      .str(plugin_id)
      .str(code)
      .str(config)
      .number(std::uint8_t(lua))
      .str(granted)
      .number(memory)
      .str(filter)
      .str(readable)
      .bytes();
}

Result<Setup> Setup::unpack(std::string_view bytes) {
  Unpacker in(bytes);
  if (in.number<std::uint32_t>() != kVersion)
    return Error{Code::unsupported, "hobd and hob-plugin-host are of different versions; install both anew"};
  Setup out;
  out.instance = in.str();
  out.plugin_id = in.str();
  out.code = in.str();
  out.config = in.str();
  out.lua = in.number<std::uint8_t>() != 0;
  out.granted = in.str();
  out.memory = in.number<std::uint64_t>();
  out.filter = in.str();
  out.readable = in.str();
  if (!in.done()) return Error{Code::invalid, "the setup frame is malformed"};
  return out;
}

}  // namespace hobd

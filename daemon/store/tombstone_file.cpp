#include "base/json.hpp"
#include "store/tombstones.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>

namespace hobd {
namespace {

constexpr std::size_t kDigestBytes = 16;

std::string to_hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    hex += kDigits[static_cast<unsigned char>(c) >> 4];
    hex += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

/// "" for what is no hex.
std::string from_hex(std::string_view hex) {
  const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    if (digit(hex[i]) < 0 || digit(hex[i + 1]) < 0) return {};
    bytes += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  }
  return bytes;
}

Error failed(const std::filesystem::path& file, const char* attempt) {
  return {Code::unavailable, std::string(attempt) + " " + file.string() + ": " + std::strerror(errno)};
}

struct Descriptor {
  int fd = -1;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

Result<void> write_synced(const std::filesystem::path& file, std::string_view text) {
  const Descriptor out{::open(file.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600)};
  if (out.fd < 0) return failed(file, "open");
  while (!text.empty()) {
    const ssize_t written = ::write(out.fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed(file, "write");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(out.fd) != 0) return failed(file, "sync");
  // The name too, when the file is new.
  const Descriptor folder{::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (folder.fd < 0 || ::fsync(folder.fd) != 0) return failed(file.parent_path(), "sync");
  return {};
}

}  // namespace

Result<std::vector<Tombstone>> read_tombstone_file(const std::filesystem::path& file) {
  std::vector<Tombstone> all;
  std::error_code error;
  if (!std::filesystem::exists(file, error) && !error) return all;
  errno = 0;
  std::ifstream stream(file);
  if (!stream) return failed(file, "read");
  for (std::string line; std::getline(stream, line);) {
    const auto object = parse_json_object(line);
    if (object.has_error()) continue;
    const std::string digest = from_hex(string_or(*object, "digest"));
    const auto at = parse_time(string_or(*object, "at"));
    const std::string_view key = string_or(*object, "key");
    if (digest.size() != kDigestBytes || key.empty() || at.has_error()) continue;
    all.push_back({.digest = digest, .key = std::string(key), .at = *at});
  }
  if (stream.bad()) return failed(file, "read");
  return all;
}

Result<void> append_tombstone_file(const std::filesystem::path& file, const std::vector<Tombstone>& tombstones) {
  std::set<std::pair<std::string, std::string>> known;
  for (const Tombstone& one : TRY(read_tombstone_file(file))) known.emplace(one.key, one.digest);
  // A line that a crash cut short is left behind: what follows begins a line of its own.
  std::string text;
  std::error_code error;
  if (std::filesystem::exists(file, error) && std::filesystem::file_size(file, error) > 0) text = "\n";
  const std::size_t empty = text.size();
  for (const Tombstone& one : tombstones) {
    if (!known.emplace(one.key, one.digest).second) continue;
    text += json::serialize(json::object{{"key", one.key}, {"digest", to_hex(one.digest)}, {"at", format_time(one.at)}}) + "\n";
  }
  if (text.size() == empty) return {};
  return write_synced(file, text);
}

}  // namespace hobd

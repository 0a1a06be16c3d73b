#include "config/secrets.hpp"

#include "base/log.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace hobd {
namespace {

constexpr std::size_t kMaxSecretFile = 64 * 1024;

struct Descriptor {
  int fd = -1;
  explicit Descriptor(int f) : fd(f) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

std::string system_message(int number) { return std::strerror(number); }

/// Files made with echo or an editor end with a newline that belongs to no secret.
std::string without_last_newline(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

Result<std::string> checked_file_secret(const std::filesystem::path& path) {
  std::string value = without_last_newline(TRY(read_bounded_file(path, kMaxSecretFile)));
  if (value.empty()) return Error{Code::invalid, path.string() + " is empty; write the secret into it"};
  return value;
}

Result<std::string> from_environment(const std::string& name, const SecretSources& sources) {
  const auto it = sources.environment.find(name);
  if (it == sources.environment.end())
    return Error{Code::not_found,
                 fmt::format("the environment variable {0} is not set; export {0}=... before hobd starts (under systemd: "
                             "Environment= or EnvironmentFile= of hobd.service)", name)};
  if (it->second.empty())
    return Error{Code::invalid, fmt::format("the environment variable {0} is empty; export {0}=... with the secret", name)};
  return it->second;
}

Result<std::string> from_file(const std::string& name) {
  const std::filesystem::path path(name);
  if (!path.is_absolute())
    return Error{Code::invalid, fmt::format("${{file:{}}} needs an absolute path, such as ${{file:/etc/hob/key}}", name)};
  auto value = checked_file_secret(path);
  if (value.has_error() && value.error().code == Code::not_found)
    return Error{Code::not_found, fmt::format("{0} is not there; write the secret into it, readable by hobd's user", name)};
  if (value.has_error()) return value.error().with_context(fmt::format("read ${{file:{}}}", name));
  return value;
}

Result<std::string> from_credential(const std::string& name, const SecretSources& sources) {
  if (name.empty() || name.find('/') != std::string::npos || name.starts_with('.'))
    return Error{Code::invalid, fmt::format("\"{}\" is not a credential's name; write a file name without a path", name)};
  const std::string how =
      fmt::format("add LoadCredential={0}:/etc/hob/credentials/{0} to hobd.service (systemctl edit hobd)", name);
  if (sources.credentials_dir.empty())
    return Error{Code::not_found,
                 fmt::format("the credential {0} is not set, as systemd gave none; {1}, or use ${{file:/path}} or ${{env:NAME}}",
                             name, how)};
  auto value = checked_file_secret(sources.credentials_dir / name);
  if (value.has_error() && value.error().code == Code::not_found)
    return Error{Code::not_found, fmt::format("the credential {} is not set; {}", name, how)};
  if (value.has_error()) return value.error().with_context("read the credential " + name);
  return value;
}

/// A "${" that is a reference or means to be one: "${word:".
struct Reference {
  std::string kind, name;
  std::size_t end = 0;  // behind the closing brace
  bool is_closed = false;
};

std::optional<Reference> reference_at(std::string_view text, std::size_t at) {
  Reference reference;
  std::size_t i = at + 2;
  while (i < text.size() && ((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z'))) ++i;
  if (i == at + 2 || i >= text.size() || text[i] != ':') return std::nullopt;
  reference.kind = text.substr(at + 2, i - at - 2);
  const std::size_t close = text.find('}', i);
  reference.is_closed = close != std::string_view::npos;
  reference.name = text.substr(i + 1, reference.is_closed ? close - i - 1 : std::string_view::npos);
  reference.end = reference.is_closed ? close + 1 : text.size();
  return reference;
}

Result<std::string> resolve_one(const Reference& reference, const SecretSources& sources) {
  if (!reference.is_closed)
    return Error{Code::invalid, fmt::format("${{{}:... has no closing brace", reference.kind)};
  auto value = reference.kind == "env"          ? from_environment(reference.name, sources)
               : reference.kind == "file"       ? from_file(reference.name)
               : reference.kind == "credential" ? from_credential(reference.name, sources)
                   : Error{Code::invalid,
                           fmt::format("${{{}:...}} is not known; write ${{env:NAME}}, ${{file:/path}} or "
                                       "${{credential:name}} ($${{ for a plain ${{)", reference.kind)};
  if (value.has_error()) return value;
  if (!is_valid_utf8(*value))
    return Error{Code::invalid, fmt::format("${{{}:{}}} is not UTF-8 text; encode it (base64) if it is binary",
                                            reference.kind, reference.name)};
  log::hide(*value);
  return value;
}

}  // namespace

bool has_secret_reference(std::string_view text) {
  for (std::size_t at = text.find("${"); at != std::string_view::npos; at = text.find("${", at + 2))
    if (!(at > 0 && text[at - 1] == '$') && reference_at(text, at)) return true;
  return false;
}

Result<std::string> resolve_secrets(std::string_view text, const SecretSources& sources) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    if (text.substr(at).starts_with("$${")) {
      out += "${";
      at += 3;
      continue;
    }
    const auto reference = text.substr(at).starts_with("${") ? reference_at(text, at) : std::nullopt;
    if (!reference) {
      out += text[at++];
      continue;
    }
    out += TRY(resolve_one(*reference, sources));
    at = reference->end;
  }
  return out;
}

Result<std::string> read_bounded_file(const std::filesystem::path& path, std::size_t limit) {
  // O_NONBLOCK: opening a FIFO must not wait for its writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.fd < 0) {
    const int number = errno;
    const Code code = number == ENOENT || number == ENOTDIR ? Code::not_found
                      : number == EACCES                    ? Code::denied
                                                            : Code::unavailable;
    return Error{code, fmt::format("open {}: {}", path.string(), system_message(number))};
  }
  struct stat info {};
  if (::fstat(file.fd, &info) != 0)
    return Error{Code::unavailable, fmt::format("read {}: {}", path.string(), system_message(errno))};
  if (S_ISDIR(info.st_mode)) return Error{Code::invalid, path.string() + " is a directory, not a file"};
  if (!S_ISREG(info.st_mode)) return Error{Code::invalid, path.string() + " is not a regular file"};
  std::string content;
  std::array<char, 16 * 1024> part;
  while (true) {
    const ssize_t n = ::read(file.fd, part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error{Code::unavailable, fmt::format("read {}: {}", path.string(), system_message(errno))};
    if (n == 0) return content;
    content.append(part.data(), static_cast<std::size_t>(n));
    if (content.size() > limit)
      return Error{Code::invalid, fmt::format("{} is larger than {} KiB", path.string(), limit / 1024)};
  }
}

}  // namespace hobd

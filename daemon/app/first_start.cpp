#include "app/first_start.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace hobd {
namespace {

Result<void> ensure_directory(const std::filesystem::path& folder, std::string_view key) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(folder, error);
  if (error)
    return Error{Code::unavailable, fmt::format("make {} {}: {}; set {} in hob.yaml", key, folder.string(), error.message(), key)};
  if (!std::filesystem::is_directory(folder, error))
    return Error{Code::unavailable, fmt::format("{} {} is not a folder", key, folder.string())};
  if (made) std::filesystem::permissions(folder, std::filesystem::perms::owner_all | std::filesystem::perms::group_exec, error);
  if (::access(folder.c_str(), W_OK | X_OK) != 0)
    return Error{Code::unavailable, fmt::format("{} {}: {}", key, folder.string(), std::strerror(errno))};
  return {};
}

}  // namespace

Result<void> ensure_directories(const Config& config) {
  TRY(ensure_directory(config.state_dir, "state_dir"));
  return ensure_directory(config.runtime_dir, "runtime_dir");
}

awaitable<Result<void>> ensure_default_user(Users& users, AuthMode mode) {
  CO_TRY(const std::vector<User> known, co_await users.list());
  const bool first_admin = mode == AuthMode::keys && known.empty();
  CO_CHECK(co_await users.ensure("default", first_admin));
  co_return Result<void>{};
}

}  // namespace hobd

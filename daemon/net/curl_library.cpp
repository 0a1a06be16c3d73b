#include "net/curl_library.hpp"

#include <boost/dll/shared_library.hpp>

namespace hobd {
namespace {

constexpr const char* kName = "libcurl.so.4";

/// Process-wide, as libcurl's own state is; never unloaded, since libraries behind it leave exit handlers.
struct Loaded {
  boost::dll::shared_library library;
  CurlLibrary functions{};
  bool is_ready = false;
};
Loaded& loaded() {
  static auto* one = new Loaded;
  return *one;
}

Result<void> load(Loaded& target) {
  boost::dll::fs::error_code failed;
  target.library.load(kName, boost::dll::load_mode::search_system_folders | boost::dll::load_mode::rtld_now, failed);
  if (failed)
    return Error{Code::unavailable, std::string("load ") + kName + ": " + failed.message() + "; install the package libcurl4"};
  CurlLibrary& f = target.functions;
  const auto find = [&]<class Function>(Function*& function, const char* name) {
    function = &target.library.get<Function>(name);  // throws where the library is not the one it says
  };
  try {
    find(f.global_init, "curl_global_init");
    find(f.free, "curl_free");
    find(f.slist_append, "curl_slist_append");
    find(f.slist_free_all, "curl_slist_free_all");
    find(f.easy_init, "curl_easy_init");
    find(f.easy_cleanup, "curl_easy_cleanup");
    find(f.easy_reset, "curl_easy_reset");
    find(f.easy_setopt, "curl_easy_setopt");
    find(f.easy_getinfo, "curl_easy_getinfo");
    find(f.easy_strerror, "curl_easy_strerror");
    find(f.multi_init, "curl_multi_init");
    find(f.multi_cleanup, "curl_multi_cleanup");
    find(f.multi_setopt, "curl_multi_setopt");
    find(f.multi_add_handle, "curl_multi_add_handle");
    find(f.multi_remove_handle, "curl_multi_remove_handle");
    find(f.multi_socket_action, "curl_multi_socket_action");
    find(f.multi_info_read, "curl_multi_info_read");
    find(f.url, "curl_url");
    find(f.url_cleanup, "curl_url_cleanup");
    find(f.url_get, "curl_url_get");
    find(f.url_set, "curl_url_set");
  } catch (const std::exception& error) {
    return Error{Code::unavailable, std::string("load ") + kName + ": " + error.what()};
  }
  if (f.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return Error{Code::unavailable, std::string(kName) + " can't be initialised"};
  target.is_ready = true;
  return {};
}

}  // namespace

Result<void> load_curl() {
  Loaded& one = loaded();
  if (one.is_ready) return {};
  return load(one);
}

const CurlLibrary& curl() { return loaded().functions; }

}  // namespace hobd

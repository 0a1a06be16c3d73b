// libcurl, loaded when the first request is made.
//
// It brings some forty libraries (TLS, Kerberos, LDAP, ...): linked, they would be a fifth of an idle daemon's memory
// and a third of its time to start, also where no request is ever sent. Inside net/ only.
#pragma once

#include "base/result.hpp"

#include <curl/curl.h>

namespace hobd {

/// The functions in use, named as in libcurl without their prefix.
struct CurlLibrary {
  decltype(&::curl_global_init) global_init;
  decltype(&::curl_free) free;
  decltype(&::curl_slist_append) slist_append;
  decltype(&::curl_slist_free_all) slist_free_all;
  decltype(&::curl_easy_init) easy_init;
  decltype(&::curl_easy_cleanup) easy_cleanup;
  decltype(&::curl_easy_reset) easy_reset;
  decltype(&::curl_easy_setopt) easy_setopt;
  decltype(&::curl_easy_getinfo) easy_getinfo;
  decltype(&::curl_easy_strerror) easy_strerror;
  decltype(&::curl_multi_init) multi_init;
  decltype(&::curl_multi_cleanup) multi_cleanup;
  decltype(&::curl_multi_setopt) multi_setopt;
  decltype(&::curl_multi_add_handle) multi_add_handle;
  decltype(&::curl_multi_remove_handle) multi_remove_handle;
  decltype(&::curl_multi_socket_action) multi_socket_action;
  decltype(&::curl_multi_info_read) multi_info_read;
  decltype(&::curl_url) url;
  decltype(&::curl_url_cleanup) url_cleanup;
  decltype(&::curl_url_get) url_get;
  decltype(&::curl_url_set) url_set;
};

/// Loads the library once a process, and initialises it. unavailable: it isn't installed. Blocks some 10 ms the first
/// time. Thread: core.
Result<void> load_curl();

/// Its functions. load_curl() has succeeded before.
const CurlLibrary& curl();

}  // namespace hobd

#include "api/keys.hpp"

#include "base/id.hpp"

#include <openssl/sha.h>

namespace hobd {

std::set<std::string, std::less<>> user_scopes() { return {kUserScopes.begin(), kUserScopes.end()}; }

std::string make_api_key() { return "hob_" + random_hex(24); }

std::string sha256_hex(std::string_view text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * sizeof digest);
  for (const unsigned char byte : digest) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

}  // namespace hobd

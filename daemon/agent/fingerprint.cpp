#include "agent/agent.hpp"

#include <openssl/sha.h>

namespace hobd {
namespace {

std::string sha256_hex(std::string_view bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace

std::string conversation_fingerprint(std::string_view previous, const Message& message) {
  if (message.role != "user" && message.role != "assistant") return std::string(previous);
  std::string bytes(previous);
  bytes += message.role;
  bytes += '\0';
  bytes += message.text;
  return sha256_hex(bytes);
}

std::string conversation_fingerprint(const std::vector<Message>& messages) {
  std::string fingerprint = sha256_hex({});
  for (const Message& message : messages) fingerprint = conversation_fingerprint(fingerprint, message);
  return fingerprint;
}

std::string request_digest(const SendRequest& request) {
  std::string bytes = request.text;
  bytes += '\0';
  bytes += json::serialize(request.attachments);
  for (const Message& message : request.messages) {
    for (const std::string_view part : {std::string_view(message.role), std::string_view(message.text)}) {
      bytes += '\0';
      bytes += part;
    }
  }
  return sha256_hex(bytes);
}

}  // namespace hobd

// A canonical chat request, which holds what models, tools, clients and old histories wrote, into the bodies that
// the providers send: each is JSON, or the chat is refused with words.
#include "../../plugins/provider_anthropic/request.hpp"
#include "../../plugins/provider_gemini/request.hpp"
#include "../../plugins/provider_openai/request.hpp"
#include "fuzz.hpp"

#include <hob/cpp/error.hpp>

namespace {

template <class Write>
void check(const Write& write) {
  try {
    FUZZ_CHECK(hob::Json::parse(write(), 128).is_object());
  } catch (const hob::Error& error) {
    const std::string_view words = error.message;
    FUZZ_CHECK(words.starts_with("the chat has no message") || words.ends_with("is no image that the model takes"));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 64 << 10) return 0;
  hob::Json chat;
  try {
    chat = hob::Json::parse(text_of(data, size));
  } catch (const hob::Error&) {
    return 0;
  }
  check([&] { return provider_openai::chat_body(chat, {}); });
  provider_anthropic::Style claude;
  claude.thinking_budget = 2000;
  check([&] { return provider_anthropic::messages_body(chat, claude); });
  provider_gemini::Style gemini;
  gemini.thinking_budget = -1;
  check([&] { return provider_gemini::contents_body(chat, gemini); });
  return 0;
}

// The body of POST /v1/chat/completions: a completion, or an error that names the member.
#include "../../plugins/channel_http/openai.hpp"
#include "fuzz.hpp"

#include <hob/cpp/error.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 64 << 10) return 0;
  try {
    const hob::Json body = hob::Json::parse(text_of(data, size));
    if (!body.is_object()) return 0;
    const auto completion = channel_http::read_completion(body.get_object(), true);
    FUZZ_CHECK(completion.method == "chat.send" || completion.method == "model.complete");
  } catch (const hob::Error& error) {
    FUZZ_CHECK(*error.what() != '\0');
  }
  return 0;
}

// hob.yaml: a config without faults or faults without a config, each with a message that can be printed.
#include "config/config.hpp"
#include "base/text.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 64 << 10) return 0;
  const hobd::SecretSources secrets{.environment = {{"KEY", "secret"}}, .credentials_dir = "/nonexistent"};
  const hobd::ConfigLoad load = hobd::parse_config(text_of(data, size), "hob.yaml", secrets);
  FUZZ_CHECK((load.config != nullptr) == load.faults.empty());
  for (const hobd::ConfigFault& fault : load.faults) FUZZ_CHECK(!fault.message.empty() && hobd::is_valid_utf8(fault.message));
  return 0;
}

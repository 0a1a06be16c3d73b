// The C++ plugin of this release's frozen set: the same four tools as old_c.c, through the wrapper of its time. Its binary lies beside;
// the source is kept to be read, the wrapper is no part of the ABI.
#include <hob/plugin.hpp>

class Old final : public hob::Plugin {
  void setup() override {
    const hob::Json any{{"type", "object"}};
    tool_with_schema("echo", any, "Answers what it got.", [](const hob::Json& args) { return args; });
    tool_with_schema("stream", any, "Streams.", [](const hob::Json&, hob::Call& call) {
      call.emit("one");
      call.emit("two");
      return "done";
    });
    tool_with_schema("wait", any, "Waits until it is cancelled.", [this](const hob::Json&, hob::Call&) -> hob::Task<hob::Json> {
      co_await sleep(std::chrono::hours(1));
      co_return "woke";
    });
    tool_with_schema("keep", any, "Keeps a value.", [this](const hob::Json&, hob::Call&) -> hob::Task<hob::Json> {
      co_await kv().set("key", "value");
      const auto value = co_await kv().get("key");
      co_return hob::Json(*value);
    });
  }
};
HOB_PLUGIN("old_cpp", Old)

// The calls of one instance that wait for their answer: ids, streamed chunks, exactly one end. Knows nothing
// of how the plugin is reached, so that a plugin in another process answers through the same table.
#pragma once

#include "base/task_group.hpp"

#include "plugins/plugin_error.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace hobd {

class CallTable : public std::enable_shared_from_this<CallTable> {  // shared: posts to the core outlive it
 public:
  using OnChunk = std::function<bool(std::string)>;
  using OnEnd = std::function<void(Result<std::string>)>;

  explicit CallTable(asio::any_io_executor core) : core_(std::move(core)) {}

  /// A new call. `on_chunk` (may be null) and `on_end` run on the core thread, never inside a function of this
  /// class; `on_end` once. Core thread.
  hob_id open(OnChunk on_chunk, OnEnd on_end);
  /// From now on is_cancelled() says so. The call still waits for its end. Core thread.
  void mark_cancelled(hob_id call);

  /// What hob_host_call promises. Thread: any. Chunks that pile up before the core takes them go over in one post.
  hob_status emit(hob_id call, std::string_view chunk);
  hob_status finish(hob_id call, hob_status status, std::string_view result);
  bool is_cancelled(hob_id call) const;

 private:
  struct Call;
  static constexpr std::size_t kMaxWaiting = 8 << 20;  // bytes of chunks a call
  void deliver(const std::shared_ptr<Call>& call);
  void post(const std::shared_ptr<Call>& call);

  asio::any_io_executor core_;
  mutable std::mutex mutex_;
  hob_id next_ = 1;
  std::unordered_map<hob_id, std::shared_ptr<Call>> calls_;  // shared with the posts that deliver
};

}  // namespace hobd

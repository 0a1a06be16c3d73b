#include "plugins/call_table.hpp"

#include <boost/asio/post.hpp>

#include <optional>

namespace hobd {

struct CallTable::Call {
  const OnChunk on_chunk;
  const OnEnd on_end;
  // Under the table's mutex:
  std::vector<std::string> chunks;
  std::size_t waiting = 0;  // bytes of chunks
  std::optional<Result<std::string>> end;
  bool posted = false;     // deliver() is on its way
  bool deaf = false;       // on_chunk said that nobody listens
  bool cancelled = false;
};

hob_id CallTable::open(OnChunk on_chunk, OnEnd on_end) {
  auto call = std::make_shared<Call>(Call{std::move(on_chunk), std::move(on_end), {}, 0, {}, false, false, false});
  const std::lock_guard lock(mutex_);
  const hob_id id = next_++;
  calls_.emplace(id, std::move(call));
  return id;
}

void CallTable::mark_cancelled(hob_id call) {
  const std::lock_guard lock(mutex_);
  if (const auto found = calls_.find(call); found != calls_.end()) found->second->cancelled = true;
}

void CallTable::post(const std::shared_ptr<Call>& call) {
  if (call->posted) return;
  call->posted = true;
  asio::post(core_, [self = shared_from_this(), call] { self->deliver(call); });
}

hob_status CallTable::emit(hob_id call, std::string_view chunk) {
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find(call);
  if (found == calls_.end()) return HOB_NOT_FOUND;
  Call& state = *found->second;
  if (state.deaf) return HOB_CANCELLED;
  if (!state.on_chunk) return HOB_OK;  // nobody asked for progress
  if (state.waiting + chunk.size() > kMaxWaiting) return HOB_OVERLOADED;
  state.waiting += chunk.size();
  state.chunks.emplace_back(chunk);
  post(found->second);
  return HOB_OK;
}

hob_status CallTable::finish(hob_id call, hob_status status, std::string_view result) {
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find(call);
  if (found == calls_.end()) return HOB_NOT_FOUND;
  const std::shared_ptr<Call> state = std::move(found->second);
  calls_.erase(found);
  if (status == HOB_OK && result.size() > kMaxResult)
    state->end.emplace(result_too_large(result.size()));
  else if (status == HOB_OK)
    state->end.emplace(std::string(result));
  else
    state->end.emplace(plugin_error(status, result));
  post(state);
  return HOB_OK;
}

bool CallTable::is_cancelled(hob_id call) const {
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find(call);
  return found == calls_.end() || found->second->cancelled;
}

void CallTable::deliver(const std::shared_ptr<Call>& call) {
  std::vector<std::string> chunks;
  std::optional<Result<std::string>> end;
  {
    const std::lock_guard lock(mutex_);
    call->posted = false;
    chunks.swap(call->chunks);
    call->waiting = 0;
    end.swap(call->end);
    if (call->deaf) chunks.clear();
  }
  for (std::string& chunk : chunks)
    if (!call->on_chunk(std::move(chunk))) {
      const std::lock_guard lock(mutex_);
      call->deaf = true;
      break;
    }
  if (end) call->on_end(std::move(*end));
}

}  // namespace hobd

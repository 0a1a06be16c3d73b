// Runs a coroutine of the core thread to its end, from a plain test.
#pragma once

#include "base/task_group.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <optional>
#include <stdexcept>

namespace hobd::fakes {

/// Runs `io` until `task` is done; throws when nothing happens for 20 s.
template <class T>
T run(asio::io_context& io, awaitable<T> task) {
  std::optional<T> value;
  std::exception_ptr failure;
  bool is_done = false;
  asio::co_spawn(io, std::move(task), [&](std::exception_ptr error, T result) {
    failure = error;
    if (!error) value.emplace(std::move(result));
    is_done = true;
  });
  io.restart();
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!is_done && std::chrono::steady_clock::now() < until) io.run_one_for(std::chrono::milliseconds(200)), io.restart();
  if (failure) std::rethrow_exception(failure);
  if (!value) throw std::runtime_error("the task did not end within 20 s");
  return *std::move(value);
}

inline void run(asio::io_context& io, awaitable<void> task) {
  bool is_done = false;
  std::exception_ptr failure;
  asio::co_spawn(io, std::move(task), [&](std::exception_ptr error) {
    failure = error;
    is_done = true;
  });
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!is_done && std::chrono::steady_clock::now() < until) io.restart(), io.run_one_for(std::chrono::milliseconds(200));
  if (failure) std::rethrow_exception(failure);
  if (!is_done) throw std::runtime_error("the task did not end within 20 s");
}

/// Runs `io` until `condition` holds; false after 20 s.
template <class Condition>
bool run_until(asio::io_context& io, Condition condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    io.restart();
    io.run_one_for(std::chrono::milliseconds(50));
  }
  return true;
}

}  // namespace hobd::fakes

#pragma once
#include "../core/config.hpp"
#include "../core/error.hpp"

#include <system_error>
#include <thread>
#include <utility>

namespace moe::inline MOE_ABI::detail {

/// Starts a thread. Throws moe::Error if the system refuses one.
template <class Function>
std::thread start_worker(Function function) try {
  return std::thread(std::move(function));
} catch (const std::system_error& error) {
  fail("extraction", "threads", "a thread", error.what());
}

}  // namespace moe::inline MOE_ABI::detail

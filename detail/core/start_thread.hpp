// SPDX-License-Identifier: MIT
#pragma once
#include "config.hpp"
#include "error.hpp"

#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace moe::inline MOE_ABI::detail {

/// Starts a thread that runs `function`. If the system refuses the thread, throws a moe::Error that names `purpose`.
template <class Function>
std::thread start_thread(std::string_view purpose, Function function) try {
  return std::thread(std::move(function));
} catch (const std::system_error& error) {
  fail("threads", purpose, "a thread", error.what());
}

}  // namespace moe::inline MOE_ABI::detail

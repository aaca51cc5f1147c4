// SPDX-License-Identifier: MIT
#pragma once
#include "detail/core/error.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <string_view>

/// The message of the Error that `action` throws; empty if it throws none. Other exceptions pass through.
template <class Action>
std::string message_of(Action&& action) {
  try {
    (void)action();
  } catch (const moe::Error& error) {
    return error.what();
  }
  return {};
}

/// Checks that `action` throws an Error whose message contains all parts.
template <class Action>
void check_error(Action&& action, std::initializer_list<std::string_view> parts) {
  const std::string message = message_of(action);
  CAPTURE(message);
  REQUIRE_FALSE(message.empty());
  CHECK(message.find("expected") != message.npos);
  for (const std::string_view part : parts) {
    CAPTURE(part);
    CHECK(message.find(part) != message.npos);
  }
}

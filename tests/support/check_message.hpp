// SPDX-License-Identifier: MIT
#pragma once
#include "support/message_of.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <string_view>

/// Checks that `action` throws an Error whose message has all these parts. Unlike check_error(), also for messages without
/// "expected".
template <class Action>
void check_message(Action&& action, std::initializer_list<std::string_view> parts) {
  const std::string message = message_of(action);
  CAPTURE(message);
  REQUIRE_FALSE(message.empty());
  for (const std::string_view part : parts) {
    CAPTURE(part);
    CHECK(message.find(part) != message.npos);
  }
}

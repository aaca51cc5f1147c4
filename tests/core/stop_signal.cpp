#include "detail/core/stop_signal.hpp"

#include <doctest/doctest.h>

#include <stop_token>
#include <utility>

TEST_CASE("stop signal: without a token nobody asks to stop") { CHECK_FALSE(moe::StopSignal().requested()); }

TEST_CASE("stop signal: it says what the token says, and so do copies that outlive it") {
  std::stop_source source;
  moe::StopSignal copy, moved;
  {
    const moe::StopSignal signal = source.get_token();
    copy = signal;
    moe::StopSignal other = signal;
    moved = std::move(other);
  }
  CHECK_FALSE(copy.requested());
  CHECK_FALSE(moved.requested());
  source.request_stop();
  CHECK(copy.requested());
  CHECK(moved.requested());
}

TEST_CASE("stop signal: anything that has stop_requested() will do") {
  struct Flag {
    const bool* stop;
    bool stop_requested() const { return *stop; }
  };
  bool stop = false;
  const moe::StopSignal signal = Flag{&stop};
  CHECK_FALSE(signal.requested());
  stop = true;
  CHECK(signal.requested());
}

// SPDX-License-Identifier: MIT
// A line on stderr that shows the progress of long work.
#pragma once
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>

/// Counts bytes, or items whose name is `unit`. From the third second on, shows the number of finished items, the rate and the
/// remaining time. The rate is an exponential moving average over 10 s, because parts of one work differ in speed: an extraction
/// converts weights a hundred times more slowly than it copies them.
class Progress {
 public:
  explicit Progress(std::uint64_t total, const char* unit = nullptr) : total_(total), unit_(unit) {}
  ~Progress() {
    if (shown_ > 0) std::fprintf(stderr, "\n");
  }

  void add(std::uint64_t more) {
    done_ += more;
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    if (seconds < 2 || seconds <= shown_ || (seconds < shown_ + 0.5 && done_ < total_)) return;
    const auto done = static_cast<double>(done_), total = static_cast<double>(total_);
    const double older = std::exp((shown_ - seconds) / 10);
    rate_ =
        shown_ > 0 ? older * rate_ + (1 - older) * (done - shown_done_) / (seconds - shown_) : done / seconds;
    shown_ = seconds;
    shown_done_ = done;
    if (unit_) {
      std::fprintf(stderr, "\r%.0f of %.0f %s, %.1f per second, %.0f s left   ", done, total, unit_, rate_,
                   (total - done) / rate_);
    } else {
      std::fprintf(stderr, "\r%.2f of %.2f GB, %.0f MB/s, %.0f s left   ", done / 1e9, total / 1e9,
                   rate_ / 1e6, (total - done) / rate_);
    }
  }

 private:
  using Clock = std::chrono::steady_clock;

  std::uint64_t total_, done_ = 0;
  const char* unit_;
  Clock::time_point start_ = Clock::now();
  double shown_ = 0;       // the time of the last output, in seconds from the start
  double shown_done_ = 0;  // done_ at that time
  double rate_ = 0;        // per second
};

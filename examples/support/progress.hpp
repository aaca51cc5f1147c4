// SPDX-License-Identifier: MIT
// A line on stderr that shows the progress of long work.
#pragma once
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>

/// Counts bytes, or items whose name is `unit`. From the third second on, shows the number of finished items, the rate and the
/// remaining time. The rate is an exponential moving average over 10 s, because parts of one work differ in speed: an extraction
/// converts weights a hundred times more slowly than it copies them.
class Progress {
 public:
  explicit Progress(std::uint64_t total, const char* unit = nullptr) : total_(total), unit_(unit) {}
  ~Progress() {
    if (shown_ > 0) std::fprintf(stderr, "\n");
  }

  /// Takes `less` items or bytes off the total, because the work needs fewer than expected.
  void reduce(std::uint64_t less) { total_ -= less; }

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
    if (done_ == 0) {
      std::fprintf(stderr, "\r0 of %.0f %s   ", unit_ ? total : total / 1e9, unit_ ? unit_ : "GB");
    } else if (unit_) {
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

/// A callback of the library, report(done, all), that shows a Progress. One callback serves one work after another, such as the
/// prompts of a conversation: a work ends with done = all.
template <class Count>
std::function<void(Count, Count)> shown_progress(const char* unit = nullptr) {
  return [unit, before = Count{}, progress = std::shared_ptr<Progress>()](Count done, Count all) mutable {
    if (!progress) {
      progress = std::make_shared<Progress>(all, unit);
      before = 0;
    }
    if (done > before) progress->add(done - before);
    before = done;
    if (done == all) progress.reset();
  };
}

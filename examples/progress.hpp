// Tells on stderr how far a long piece of work has come.
#pragma once
#include <chrono>
#include <cstdint>
#include <cstdio>

/// Counts bytes that are done. From the second second on it shows a line: how many, at which rate, how long still.
class Progress {
 public:
  explicit Progress(std::uint64_t total) : total_(total) {}
  ~Progress() {
    if (shown_ > 0) std::fprintf(stderr, "\n");
  }

  void add(std::uint64_t bytes) {
    done_ += bytes;
    const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
    if (seconds < 2 || (seconds < shown_ + 0.5 && done_ < total_)) return;
    shown_ = seconds;
    const double rate = static_cast<double>(done_) / seconds;
    std::fprintf(stderr, "\r%.2f of %.2f GB, %.0f MB/s, %.0f s left   ", static_cast<double>(done_) / 1e9,
                 static_cast<double>(total_) / 1e9, rate / 1e6, static_cast<double>(total_ - done_) / rate);
  }

 private:
  using Clock = std::chrono::steady_clock;

  std::uint64_t total_, done_ = 0;
  Clock::time_point start_ = Clock::now();
  double shown_ = 0;  // when the line was shown last
};

// SPDX-License-Identifier: MIT
// Measurements in turn, in several rounds, each compared with the limits of the machine at that moment.
#pragma once
#include <moe.hpp>

#include "machine_limits.hpp"
#include "../support/progress.hpp"
#include "spread.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

/// A piece of work that can be repeated.
struct Case {
  std::string name;
  double tokens = 0, bytes = 0, operations = 0;  // of one run; bytes: of weights; 0: not shown
  Arithmetic arithmetic = Arithmetic::f32;
  const MachineLimits* machine = nullptr;  // the limits of its threads
  std::size_t threads = 1;
  moe::detail::simd::Isa isa = moe::detail::simd::active_isa();
  std::function<double()> run;  // returns the seconds that it took
  std::string against;          // the name of the case whose speed is the divisor; may be empty
};

/// The measurements of a case, in the order of the rounds.
struct Measured {
  std::vector<double> seconds, of_read, of_peak, against;

  static Spread per_second(double amount, const std::vector<double>& seconds) {
    std::vector<double> rates;
    for (const double s : seconds) rates.push_back(amount / s);
    return Spread(rates);
  }
};

/// All measured limits, by instruction set and number of threads.
using LimitsSeen = std::map<std::pair<moe::detail::simd::Isa, std::size_t>, std::vector<Limits>>;

struct Measurement {
  std::vector<Measured> cases;  // in the order of the cases
  LimitsSeen limits;
};

/// Runs all cases in turn, `rounds` times, after one round that does not count. Measures the limits of the machine before
/// and after each case.
inline Measurement measure(const std::vector<Case>& cases, std::size_t rounds) {
  Measurement out;
  out.cases.resize(cases.size());
  Progress progress((rounds + 1) * cases.size(), "measurements");
  for (std::size_t round = 0; round <= rounds; ++round) {
    std::map<std::string, double> took;
    for (std::size_t i = 0; i < cases.size(); ++i, progress.add(1)) {
      const Case& one = cases[i];
      const Limits before = one.machine->measure();
      const double seconds = took[one.name] = one.run();
      const Limits limits = between(before, one.machine->measure());
      if (round == 0) continue;
      out.limits[{one.isa, one.threads}].push_back(limits);
      out.cases[i].seconds.push_back(seconds);
      out.cases[i].of_read.push_back(one.bytes / seconds / limits.read_bytes);
      out.cases[i].of_peak.push_back(one.operations / seconds / limits.operations(one.arithmetic));
      if (!one.against.empty()) out.cases[i].against.push_back(took[one.against] / seconds);
    }
  }
  return out;
}

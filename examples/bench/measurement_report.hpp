// SPDX-License-Identifier: MIT
// Measurements as a table or as JSON.
#pragma once
#include <moe.hpp>

#include "measured_cases.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

inline const char* name_of(Arithmetic arithmetic) {
  if (arithmetic == Arithmetic::bf16_dot) return "bf16 dot";
  return arithmetic == Arithmetic::int8 ? "int8" : "f32";
}

/// The spread of one limit over measurements with the same instructions and threads.
inline Spread spread_of(const std::vector<Limits>& limits, double Limits::*member) {
  std::vector<double> numbers;
  for (const Limits& one : limits) numbers.push_back(one.*member);
  return Spread(numbers);
}

inline void print_limits(const LimitsSeen& seen) {
  for (const auto& [key, limits] : seen)
    std::printf(
        "%s, threads: %zu: read %.1f GB/s, in four runs %.1f, int8 %.0f, f32 %.0f, bf16 dot %.0f GOP/s\n",
        moe::detail::simd::name(key.first).data(), key.second,
        spread_of(limits, &Limits::read_bytes).median / 1e9,
        spread_of(limits, &Limits::read_in_runs_bytes).median / 1e9,
        spread_of(limits, &Limits::int8_operations).median / 1e9,
        spread_of(limits, &Limits::f32_operations).median / 1e9,
        spread_of(limits, &Limits::bf16_operations).median / 1e9);
}

inline void print_case(const Case& one, const Measured& measured) {
  std::printf("%-40s %7zu", one.name.c_str(), one.threads);
  if (one.tokens > 0) {
    const Spread rate = Measured::per_second(one.tokens, measured.seconds);
    std::printf(" %9.2f %9.2f %9.2f", rate.median, rate.least, rate.most);
  } else {
    std::printf(" %29s", "");
  }
  if (one.bytes > 0) {
    std::printf(" %7.2f %6.1f %%", Measured::per_second(one.bytes, measured.seconds).median / 1e9,
                100 * Spread(measured.of_read).median);
  } else {
    std::printf(" %16s", "");
  }
  std::printf(" %7.1f %6.1f %% of %-4s", Measured::per_second(one.operations, measured.seconds).median / 1e9,
              100 * Spread(measured.of_peak).median, name_of(one.arithmetic));
  if (!one.against.empty()) std::printf("  %.3f of %s", Spread(measured.against).median, one.against.c_str());
  std::printf("\n");
}

/// Such as "AMD EPYC, family 25, model 17": virtual machines often hide the full name. "unknown" except on Linux.
inline std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  const auto value = [](const std::string& line) {
    const std::size_t at = line.find(": ");
    return at == std::string::npos ? std::string() : line.substr(at + 2);
  };
  std::string family, model, name;
  for (std::string line; std::getline(file, line) && !line.empty();) {
    if (line.starts_with("cpu family")) family = value(line);
    if (line.starts_with("model\t")) model = value(line);
    if (line.starts_with("model name")) name = value(line);
  }
  return name.empty() ? "unknown" : name + ", family " + family + ", model " + model;
}

/// A line for stderr if the rates at which memory was read differ so much that speeds mean little; empty otherwise.
inline std::string busy_warning(const LimitsSeen& seen) {
  constexpr double most = 0.1;
  double widest = 0;
  for (const auto& [key, limits] : seen) {
    const Spread read = spread_of(limits, &Limits::read_bytes);
    widest = std::max(widest, (read.most - read.least) / read.median);
  }
  if (!(widest > most)) return "";
  char line[160];
  std::snprintf(
      line, sizeof line,
      "the machine is busy: the rate of reading memory varied by %.0f %% of its median; compare shares "
      "and ratios, not speeds\n",
      100 * widest);
  return line;
}

inline void print(const std::vector<Case>& cases, const Measurement& measurement) {
  std::printf("%-40s %7s %9s %9s %9s %7s %8s %7s %s\n", "", "threads", "tokens/s", "least", "most", "GB/s",
              "of read", "GOP/s", "of the peak");
  for (std::size_t i = 0; i < cases.size(); ++i) print_case(cases[i], measurement.cases[i]);
  print_limits(measurement.limits);
  std::printf("processor: %s\n", processor().c_str());
  std::fputs(busy_warning(measurement.limits).c_str(), stderr);
}

/// A JSON object that is written member by member.
class JsonObject {
 public:
  JsonObject& set(const char* key, std::string_view text) { return raw(key, moe::detail::to_json(text)); }
  JsonObject& set(const char* key, double number) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.6g", number);
    return raw(key, digits);
  }
  JsonObject& set(const char* key, const Spread& spread) {
    return raw(
        key,
        JsonObject().set("median", spread.median).set("least", spread.least).set("most", spread.most).text());
  }
  JsonObject& raw(const char* key, const std::string& json) {
    out_ += (out_.empty() ? "" : ", ") + moe::detail::to_json(key) + ": " + json;
    return *this;
  }
  std::string text() const { return '{' + out_ + '}'; }

 private:
  std::string out_;
};

/// The machine and the compiler.
inline JsonObject about_machine() {
  JsonObject out;
  out.set("processor", processor()).set("cores", std::thread::hardware_concurrency());
  out.set("isa", moe::detail::simd::name(moe::detail::simd::active_isa()));
#if defined(__VERSION__)
  out.set("compiler", __VERSION__);
#endif
  return out;
}

inline std::string json_list(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) out += (out.empty() ? "\n  " : ",\n  ") + item;
  return '[' + out + ']';
}

inline std::string to_json(const Case& one, const Measured& measured) {
  JsonObject out;
  out.set("name", one.name).set("isa", moe::detail::simd::name(one.isa));
  out.set("threads", static_cast<double>(one.threads)).set("seconds", Spread(measured.seconds));
  if (one.tokens > 0) out.set("tokens_per_second", Measured::per_second(one.tokens, measured.seconds));
  if (one.bytes > 0) {
    out.set("bytes_per_second", Measured::per_second(one.bytes, measured.seconds));
    out.set("share_of_read", Spread(measured.of_read));
  }
  out.set("operations_per_second", Measured::per_second(one.operations, measured.seconds));
  out.set("arithmetic", name_of(one.arithmetic)).set("share_of_peak", Spread(measured.of_peak));
  if (!one.against.empty()) out.set("against", one.against).set("speed_ratio", Spread(measured.against));
  return out.text();
}

inline std::string to_json(const LimitsSeen& seen) {
  std::vector<std::string> out;
  for (const auto& [key, limits] : seen)
    out.push_back(JsonObject()
                      .set("isa", moe::detail::simd::name(key.first))
                      .set("threads", static_cast<double>(key.second))
                      .set("read_bytes_per_second", spread_of(limits, &Limits::read_bytes))
                      .set("read_in_runs_bytes_per_second", spread_of(limits, &Limits::read_in_runs_bytes))
                      .set("int8_operations_per_second", spread_of(limits, &Limits::int8_operations))
                      .set("f32_operations_per_second", spread_of(limits, &Limits::f32_operations))
                      .set("bf16_dot_operations_per_second", spread_of(limits, &Limits::bf16_operations))
                      .text());
  return json_list(out);
}

/// `about`: the first members of the object.
inline void print_json(JsonObject about, const std::vector<Case>& cases, const Measurement& measurement) {
  std::vector<std::string> results;
  for (std::size_t i = 0; i < cases.size(); ++i) results.push_back(to_json(cases[i], measurement.cases[i]));
  about.raw("limits", to_json(measurement.limits)).raw("results", json_list(results));
  std::printf("%s\n", about.text().c_str());
  std::fputs(busy_warning(measurement.limits).c_str(), stderr);
}

// SPDX-License-Identifier: MIT
#include "detail/io/file.hpp"
#include "detail/io/json.hpp"
#include "detail/simd/isa.hpp"
#include "detail/simd/kernels.hpp"
#include "support/test_data.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

namespace {

/// All numbers of nested lists, in order.
void flatten(const moe::Json& value, std::vector<float>& out) {
  if (!value.is_array()) return out.push_back(static_cast<float>(value.as_double()));
  for (const moe::Json part : value) flatten(part, out);
}

std::vector<float> numbers(const moe::Json& from, const char* key) {
  std::vector<float> out;
  flatten(from.at(key), out);
  return out;
}

/// The largest difference between the numbers and results computed with the kernels.
double worst_difference(const moe::Json& c, const moe::detail::simd::Kernels& kernels) {
  const std::size_t steps = c.at("T").as_u64(), heads = c.at("heads").as_u64(), dk = c.at("dk").as_u64(),
                    dv = c.at("dv").as_u64();
  std::vector<float> q = numbers(c, "q"), k = numbers(c, "k"), v = numbers(c, "v"), state = numbers(c, "S0");
  const std::vector<float> g = numbers(c, "g"), beta = numbers(c, "beta"), o = numbers(c, "o"),
                           last = numbers(c, "S");
  double worst = 0;
  std::vector<float> out(dv);
  for (std::size_t t = 0; t < steps; ++t)
    for (std::size_t head = 0; head < heads; ++head) {
      const std::size_t at = t * heads + head;
      kernels.l2_norm(&q[at * dk], 1e-6f, 1 / std::sqrt(static_cast<float>(dk)), dk);
      kernels.l2_norm(&k[at * dk], 1e-6f, 1, dk);
      kernels.delta_step({.q = &q[at * dk],
                          .k = &k[at * dk],
                          .v = &v[at * dv],
                          .decay = std::exp(g[at]),
                          .beta = beta[at],
                          .state = &state[head * dk * dv],
                          .key_dim = dk,
                          .value_dim = dv,
                          .columns = dv,
                          .out = out.data()});
      for (std::size_t i = 0; i < dv; ++i)
        worst = std::max(worst, static_cast<double>(std::abs(out[i] - o[at * dv + i])));
    }
  for (std::size_t i = 0; i < state.size(); ++i)
    worst = std::max(worst, static_cast<double>(std::abs(state[i] - last[i])));
  return worst;
}

}  // namespace

TEST_CASE("delta rule: outputs and states match the float64 reference, on every instruction set") {
  using namespace moe::detail::simd;
  const auto path = test_data("golden/delta_rule.json");
  if (!path) return;
  const moe::JsonDocument document(moe::detail::read_text(*path), *path);
  for (const moe::Json c : document.root())
    for (const Isa isa : {Isa::scalar, Isa::avx2, Isa::avx512, Isa::neon})
      if (available(isa)) {
        const std::string case_name(c.at("name").as_string());
        CAPTURE(case_name);
        CHECK(worst_difference(c, kernels_for(isa)) < 1e-5);
      }
}

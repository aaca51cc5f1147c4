#pragma once
#include "feed_forward.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace moe::inline MOE_ABI::detail {

/// For some rows of gate that are computed: the same rows of up, then gate = silu(gate) ∘ up, and its form as input of down.
inline void finish_gate(const Pass& pass, const ExpertJob& job, const Product& gate, std::size_t first_row,
                        std::size_t rows) noexcept {
  Scratch& s = pass.scratch;
  Product up = gate;
  up.weights = job.weights->up;
  up.out = s.up.data() + job.first * gate.out_stride;
  pass.compute.multiply_piece(up, first_row, rows);
  for (std::size_t i = 0; i < job.count; ++i) {
    const std::size_t at = i * gate.out_stride + first_row;
    pass.compute.kernels().silu_mul(gate.out + at, up.out + at, rows);
    pass.compute.prepare_numbers(is_quantised(job.weights->down.dtype), gate.out + at, rows, s.quantised_gate,
                                 job.first * gate.out_stride + at);
  }
}

/// Scratch::gate[slot] = silu(gate · x) ∘ (up · x), and its form as input of down, for all jobs in one parallel region.
inline void multiply_gate_and_up(const Pass& pass, std::span<const ExpertJob> jobs,
                                 const Activations& input) {
  Scratch& s = pass.scratch;
  s.products.clear();
  for (const ExpertJob& job : jobs) {
    const Matrix& gate = job.weights->gate;
    s.products.push_back({.weights = gate,
                          .input = input,
                          .tokens = job.count,
                          .out = s.gate.data() + job.first * gate.rows,
                          .out_stride = gate.rows,
                          .row_indices = s.token_of.data() + job.first});
  }
  pass.compute.multiply(
      s.products.span(), [&](const Product& gate, std::size_t first, std::size_t rows) noexcept {
        finish_gate(pass, jobs[static_cast<std::size_t>(&gate - s.products.begin())], gate, first, rows);
      });
}

/// Scratch::down[slot] = down · gate[slot], for all jobs in one parallel region.
inline void multiply_down(const Pass& pass, std::span<const ExpertJob> jobs) {
  Scratch& s = pass.scratch;
  s.products.clear();
  for (const ExpertJob& job : jobs) {
    const Matrix& weights = job.weights->down;
    const std::size_t at = job.first * weights.cols;
    s.products.push_back({.weights = weights,
                          .input = pass.compute.prepared(is_quantised(weights.dtype), s.gate.data() + at,
                                                         weights.cols, s.quantised_gate, at),
                          .tokens = job.count,
                          .out = s.down.data() + job.first * weights.rows,
                          .out_stride = weights.rows});
  }
  pass.compute.multiply(s.products.span());
}

MOE_INLINE void run_jobs(const Pass& pass, std::span<const ExpertJob> jobs, const Activations& input) {
  if (jobs.empty()) return;
  multiply_gate_and_up(pass, jobs, input);
  multiply_down(pass, jobs);
}

MOE_INLINE void dense_layer(const Pass& pass, const LayerWeights& w) {
  Scratch& s = pass.scratch;
  const std::size_t hidden = pass.config.hidden_size;
  pass.compute.rms_norm(s.x.data(), w.ffn_norm, pass.config.rms_norm_epsilon, s.normed.data(), pass.tokens);
  for (std::size_t t = 0; t < pass.tokens; ++t) s.token_of[t] = static_cast<std::uint32_t>(t);
  const bool quantised = is_quantised(w.dense.gate.dtype) || is_quantised(w.dense.up.dtype);
  const ExpertJob job{&w.dense, 0, pass.tokens};
  run_jobs(pass, {&job, 1},
           pass.compute.prepare(quantised, s.normed.data(), hidden, pass.tokens, s.quantised_input));
  pass.compute.add(s.x.data(), s.down.data(), pass.tokens, hidden);
}

}  // namespace moe::inline MOE_ABI::detail

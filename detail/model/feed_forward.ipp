#pragma once
#include "feed_forward.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE bool have_quantised_inputs(std::span<const ExpertJob> jobs) {
  for (const ExpertJob& job : jobs)
    if (is_quantised(job.weights->gate.dtype) || is_quantised(job.weights->up.dtype)) return true;
  return false;
}

MOE_INLINE void finish_gate(const Pass& pass, const ExpertJob& job, const Product& gate, std::size_t first,
                            std::size_t rows) noexcept {
  Scratch& s = pass.scratch;
  Product up = gate;
  up.weights = job.weights->up;
  up.out = s.up.data() + job.first * gate.out_stride;
  pass.compute.multiply_piece(up, first, rows);
  for (std::size_t i = 0; i < job.count; ++i) {
    const std::size_t at = i * gate.out_stride + first;
    pass.compute.kernels().silu_mul(gate.out + at, up.out + at, rows);
    pass.compute.prepare_numbers(is_quantised(job.weights->down.dtype), gate.out + at, rows, s.quantised_gate,
                                 job.first * gate.out_stride + at);
  }
}

MOE_INLINE void gate_and_up(const Pass& pass, std::span<const ExpertJob> jobs, const Activations& input) {
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

MOE_INLINE void down(const Pass& pass, std::span<const ExpertJob> jobs) {
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

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void run_jobs(const Pass& pass, std::span<const ExpertJob> jobs, const Activations& input) {
  if (jobs.empty()) return;
  detail::gate_and_up(pass, jobs, input);
  detail::down(pass, jobs);
}

MOE_INLINE void dense_layer(const Pass& pass, const LayerWeights& w) {
  Scratch& s = pass.scratch;
  pass.compute.rms_norm(s.x.data(), w.ffn_norm, pass.config.rms_norm_epsilon, s.normed.data(), pass.tokens);
  for (std::size_t t = 0; t < pass.tokens; ++t) s.token_of[t] = static_cast<std::uint32_t>(t);
  const ExpertJob job{&w.dense, 0, pass.tokens};
  run_jobs(pass, {&job, 1},
           pass.compute.prepare(detail::have_quantised_inputs({&job, 1}), s.normed.data(),
                                pass.config.hidden_size, pass.tokens, s.quantised_input));
  pass.compute.add(s.x.data(), s.down.data(), pass.tokens, pass.config.hidden_size);
}

}  // namespace moe::inline MOE_ABI::detail

// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI {

/// The model whose routers were recorded. A number that is 0 is unknown.
struct TraceModel {
  std::string name;                     // of the model's file
  std::string architecture;             // in the terms of GGUF
  std::uint32_t layers = 0;             // layers without experts included
  std::uint32_t experts = 0;            // of a layer
  std::uint32_t experts_per_token = 0;  // at most; a router may choose fewer
};

/// The experts that the router of one layer chose for one token.
struct TraceVisit {
  std::uint32_t turn = 0;   // of a conversation
  bool prompt = false;      // the token was computed together with others, as part of a prompt
  std::uint32_t step = 0;   // position of the token
  std::uint32_t layer = 0;  // of the model
  std::span<const std::uint32_t> experts = {};  // distinct, in rank order
  std::span<const float> weights = {};          // of the experts; empty: unknown, stored as 0
};

/// The choices of routers in the order of computation. A prompt is computed layer by layer, all its tokens in one layer before
/// the next layer; the tokens after the prompt are computed one by one. If several texts are computed in one pass, visits of
/// equal turn, step and layer follow one another, one for each text. read() documents the file format.
class Trace {
 public:
  /// Greater numbers are refused, so that a wrong number in a file costs little memory. The numbers of all known models are
  /// much smaller.
  static constexpr std::uint32_t most_layers = 4096, most_experts = 65536, most_experts_per_token = 1024;

  Trace() = default;
  explicit Trace(TraceModel model);

  /// The model. A size that was unknown at construction is the smallest size that fits all visits.
  const TraceModel& model() const { return model_; }
  /// The number of layers, layers without experts included.
  std::size_t layers() const { return model_.layers; }
  /// The number of experts of a layer.
  std::size_t experts() const { return model_.experts; }
  /// The most experts of a visit.
  std::size_t experts_per_token() const { return model_.experts_per_token; }

  /// Bytes of one expert of a layer; 0: unknown.
  std::uint64_t expert_bytes(std::size_t layer) const { return at_or_zero(expert_bytes_, layer); }
  /// Bytes of all weights of a layer but its experts; 0: unknown.
  std::uint64_t dense_bytes(std::size_t layer) const { return at_or_zero(dense_bytes_, layer); }
  /// Sets what expert_bytes() returns for a layer.
  void set_expert_bytes(std::size_t layer, std::uint64_t bytes) { set(expert_bytes_, layer, bytes); }
  /// Sets what dense_bytes() returns for a layer.
  void set_dense_bytes(std::size_t layer, std::uint64_t bytes) { set(dense_bytes_, layer, bytes); }

  /// The number of visits.
  std::size_t size() const { return visits_.size(); }
  /// Visit i < size(). Its spans are valid until the next add().
  TraceVisit operator[](std::size_t i) const;

  /// The number of choices, which is the number of experts in all visits.
  std::size_t choices() const { return experts_.size(); }
  /// The index, below choices(), of the choice in a slot of a visit of this trace.
  std::size_t choice(const TraceVisit& visit, std::size_t slot) const;

  /// A trace of the same tokens as if they belonged to n = `texts` texts that are computed in common passes. All prompts come
  /// first. Of the T tokens after prompts, text i has the T / n tokens from token i · T / n on, both rounded down; each pass
  /// has one token of each text. Throws unless 1 <= texts <= T.
  Trace in_texts(std::size_t texts) const;

  /// Appends a visit. Throws, and changes nothing, if the model cannot have such a visit.
  void add(const TraceVisit& visit);

  /// Reads a trace in the format of the project BigMoeOnEdge (`# route_trace v1`): CSV with a row for each chosen expert.
  ///   # model=... arch=... n_layer=L n_expert=E n_expert_used=K     comments; all of them are optional
  ///   # layer=N expert_bytes=B dense_bytes=D                        without it, B is the largest of the layer's rows
  ///   turn,phase,step,layer,slot,expert,weight,residency,expert_bytes
  /// phase: 0 in a prompt, 1 after it. slot: the rank. residency is not kept. Columns may come in any order. Required are
  /// step, layer and expert; other columns may be missing or empty, which means turn 0, phase 1, the next slot, weight 0.
  /// Rows of equal turn, phase, step and layer make one visit. After a prompt, slot 0 begins the visit of another text.
  /// Throws if anything in the file is wrong.
  static Trace read(const std::string& path);

  /// Writes a file that read() reads; visits without experts are left out. Throws if the file cannot be written.
  void write(const std::string& path) const;

 private:
  struct Stored {
    std::size_t first;  // of its experts
    std::uint32_t turn, step, layer, count;
    bool prompt;
  };

  void check(const TraceVisit& visit) const;

  /// The visits of each token. `visits`: indices of visits, which must outlive the result.
  std::vector<std::span<const std::size_t>> tokens_of(const std::vector<std::size_t>& visits) const;

  static std::uint64_t at_or_zero(const std::vector<std::uint64_t>& bytes, std::size_t layer);
  void set(std::vector<std::uint64_t>& bytes, std::size_t layer, std::uint64_t value);

  TraceModel model_;
  // The sizes of the model that were known at construction; in place of unknown sizes, the limits.
  TraceModel most_{{}, {}, most_layers, most_experts, most_experts_per_token};
  std::vector<std::uint64_t> expert_bytes_, dense_bytes_;  // by layer, as far as known
  std::vector<Stored> visits_;
  std::vector<std::uint32_t> experts_;  // of all visits, one after the other
  std::vector<float> weights_;          // of experts_
};

}  // namespace moe::inline MOE_ABI

namespace moe::inline MOE_ABI::detail {

/// The text of Trace::write(). A trace does not contain the state of a cache: from its second use on, an expert is written as
/// resident (residency 1, expert_bytes 0).
std::string trace_text(const Trace& trace);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "trace.ipp"
#include "trace_reader.ipp"
#include "trace_writer.ipp"
#endif

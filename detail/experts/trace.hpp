#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI {

/// What is known of the model whose routers were recorded. A number that is 0 is unknown.
struct TraceModel {
  std::string name;          // of its file
  std::string architecture;  // as GGUF calls it
  std::uint32_t layers = 0;
  std::uint32_t experts = 0;            // of a layer
  std::uint32_t experts_per_token = 0;  // at most; a router may choose fewer
};

/// What the router of one layer chose for one token.
struct TraceVisit {
  std::uint32_t turn = 0;  // of a conversation
  bool prompt = false;     // whether the token was read with others, as part of a prompt
  std::uint32_t step = 0;  // the token's position
  std::uint32_t layer = 0;
  std::span<const std::uint32_t> experts = {};  // distinct, in rank order
  std::span<const float> weights =
      {};  // of the experts; may be empty when adding: unknown, which reads back as 0
};

/// What routers chose, in the order in which it happened. A prompt goes layer by layer: all its tokens in one layer,
/// then all in the next; what follows goes token by token. See read_trace() and write_trace() for its form as a file.
class Trace {
 public:
  Trace() = default;
  explicit Trace(TraceModel model) : model_(std::move(model)) {}

  /// The model; what was unknown is as large as the visits make it.
  const TraceModel& model() const { return model_; }
  std::size_t layers() const { return model_.layers; }
  std::size_t experts() const { return model_.experts; }
  std::size_t experts_per_token() const { return model_.experts_per_token; }

  /// The bytes of an expert of that layer, and of the layer's other weights; 0 if unknown.
  std::uint64_t expert_bytes(std::size_t layer) const { return at_or_zero(expert_bytes_, layer); }
  std::uint64_t dense_bytes(std::size_t layer) const { return at_or_zero(dense_bytes_, layer); }
  void set_expert_bytes(std::size_t layer, std::uint64_t bytes) { set(expert_bytes_, layer, bytes); }
  void set_dense_bytes(std::size_t layer, std::uint64_t bytes) { set(dense_bytes_, layer, bytes); }

  /// The number of visits, and one of them: valid until the next add().
  std::size_t size() const { return visits_.size(); }
  TraceVisit operator[](std::size_t i) const;

  /// The number of experts in all visits, and the number of one of them, which is in that slot of a visit of this trace.
  std::size_t choices() const { return experts_.size(); }
  std::size_t choice(const TraceVisit& visit, std::size_t slot) const;

  /// Adds what happened next. Throws if it cannot be of this model.
  void add(const TraceVisit& visit);

 private:
  struct Stored {
    std::size_t first;  // of its experts
    std::uint32_t turn, step, layer, count;
    bool prompt;
  };

  void check(const TraceVisit& visit);

  /// Checks `needed` against a number of the model, which grows if it was not given.
  static void known(std::uint32_t& have, bool given, std::uint64_t needed, std::string_view place);

  static std::uint64_t at_or_zero(const std::vector<std::uint64_t>& bytes, std::size_t layer);
  static void set(std::vector<std::uint64_t>& bytes, std::size_t layer, std::uint64_t value);

  TraceModel model_;
  bool layers_known_ = model_.layers > 0, experts_known_ = model_.experts > 0,
       per_token_known_ = model_.experts_per_token > 0;
  std::vector<std::uint64_t> expert_bytes_, dense_bytes_;  // by layer, as far as known
  std::vector<Stored> visits_;
  std::vector<std::uint32_t> experts_;  // of all visits, one after the other
  std::vector<float> weights_;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "trace.ipp"
#endif

#pragma once
#include "../core/config.hpp"
#include "trace.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The columns of a trace. Files may have them in any order, and others beside them.
enum class TraceColumn : std::uint8_t {
  turn,
  phase,
  step,
  layer,
  slot,
  expert,
  weight,
  residency,
  expert_bytes
};
inline constexpr std::array<std::string_view, 9> trace_columns{
    "turn", "phase", "step", "layer", "slot", "expert", "weight", "residency", "expert_bytes"};

/// What is up to `separator`, which is taken from the front of `rest` as well.
std::string_view take_until(std::string_view& rest, char separator);

class TraceReader {
 public:
  TraceReader(std::string_view text, std::string_view file) : rest_(text), file_(file) {}

  Trace read() &&;

 private:
  // More than any model has, so that a lie costs little memory.
  static constexpr std::uint64_t most_layers = 4096, most_experts = 65536;

  /// `route_trace v1`, or words `name=value` about the model or a layer; anything else says nothing.
  void comment(std::string_view line);

  void version(std::string_view stated) const;

  std::uint32_t model_number(std::string_view key, std::string_view value, std::uint64_t most);

  void column_names(std::string_view line);

  void row(std::string_view line);

  /// What rows of one visit have in common.
  struct Key {
    std::uint32_t turn = 0;
    bool prompt = false;
    std::uint32_t step = 0, layer = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };

  /// Begins a new visit unless the row belongs to the one before. `slot`: UINT64_MAX if there is no such column.
  void place(const Key& key, std::uint64_t slot);

  void expert(std::uint32_t expert);

  void add_visit();

  std::uint64_t number(std::string_view place, std::string_view text, std::uint64_t most) const;

  float weight(std::string_view text) const;

  static std::uint64_t at_or_zero(const std::vector<std::uint64_t>& bytes, std::size_t layer);
  static std::uint64_t& at(std::vector<std::uint64_t>& bytes, std::uint64_t layer);

  std::uint64_t layer_end() const { return model_.layers ? model_.layers : most_layers; }
  std::uint64_t expert_end() const { return model_.experts ? model_.experts : most_experts; }
  static std::string_view name_of(TraceColumn column);

  [[noreturn]] void fail_here(std::string_view place, std::string_view expected,
                              std::string_view found) const;

  static constexpr std::uint64_t most_bytes = std::uint64_t{1} << 48;

  std::string_view rest_, file_;
  std::size_t line_ = 0;
  TraceModel model_;
  std::vector<std::uint32_t>
      places_;  // of each column of the file: which it is; trace_columns.size() for another
  Trace trace_;
  Key key_;                             // of the visit that is being read
  std::vector<std::uint32_t> experts_;  // of it
  std::vector<float> weights_;
  std::vector<std::uint64_t> expert_bytes_, dense_bytes_;  // by layer, as the comments say
  std::vector<std::uint64_t> largest_;                     // by layer: the largest expert_bytes of a row
};

/// Reads a trace in the form of the project BigMoeOnEdge (`# route_trace v1`): CSV with a row for each chosen expert.
///   # model=... arch=... n_layer=L n_expert=E n_expert_used=K     all optional, as every comment
///   # layer=N expert_bytes=B dense_bytes=D                        else B is the largest of the layer's rows
///   turn,phase,step,layer,slot,expert,weight,residency,expert_bytes
/// phase: 0 prompt, 1 after it. slot: the rank. residency is not kept. Needed are step, layer and expert; other columns
/// may be missing or empty, and are then turn 0, phase 1, the next slot, weight 0. Throws if anything in it is wrong.
Trace read_trace(const std::string& path);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "trace_reader.ipp"
#endif

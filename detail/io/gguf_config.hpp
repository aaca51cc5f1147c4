#pragma once
#include "../core/config.hpp"
#include "../core/decimal.hpp"
#include "gguf_metadata.hpp"
#include "json_writer.hpp"
#include "tensor_info.hpp"

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// An architecture by its name in GGUF files and as model_type.
struct GgufArchitecture {
  std::string_view name, model_type;
  bool has_experts;
  bool rope_interleaved;  // the rows of queries and keys are sorted so that neighbours are turned together
};

/// Says in the words of a config.json what the metadata of a GGUF file and its tensors say of a model. Values are
/// checked by whoever reads the configuration.
class GgufConfig {
 public:
  /// `tensors`: sorted by name, in the names of Hugging Face checkpoints.
  GgufConfig(const GgufMetadata& metadata, const std::vector<TensorInfo>& tensors);

  std::string json() &&;

 private:
  const GgufArchitecture& architecture() const;

  void vocabulary();

  void attention();

  bool has_attention_bias() const;

  void rope();

  /// The width of the networks that are no experts. What tensors show counts more than what is stated, which some files
  /// do for each layer.
  void feed_forward();

  void experts();

  /// The width of experts: as their tensors show it, or else as stated, or as llama.cpp has it where it is not.
  std::optional<std::uint64_t> expert_width() const;

  /// A layer without a router has no experts.
  void dense_layers();

  /// What would change the numbers if it were there, and cannot be done.
  void refuse_the_rest() const;

  /// Any of these ends a text: the end of all, of a turn, of a message.
  void end_tokens();

  std::string key(std::string_view name) const;
  std::optional<std::uint64_t> whole(std::string_view name) const { return metadata_.whole(key(name)); }

  std::optional<double> fraction(std::string_view name) const;

  /// Throws if the value is there and neither 0, which says nothing, nor the one that the library can do.
  void require_fraction(std::string_view name, double wanted) const;

  /// Throws if the value is there and not the one that the library can do.
  void require_value(std::string_view name, std::uint64_t wanted) const;

  void member(std::string_view name, std::string_view json);
  void copy(std::string_view name, std::string_view from);
  void text(std::string_view name, std::string_view value) { member(name, to_json(value)); }
  void flag(std::string_view name, bool value) { member(name, value ? "true" : "false"); }
  void number(std::string_view name, std::uint64_t value);
  void number(std::string_view name, float value) { member(name, to_decimal(value)); }

  const GgufMetadata& metadata_;
  const std::vector<TensorInfo>& tensors_;
  const GgufArchitecture& architecture_;
  std::string members_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "gguf_config.ipp"
#endif

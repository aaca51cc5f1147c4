// SPDX-License-Identifier: MIT
#pragma once
#include "extraction_plan.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../experts/expert_names.hpp"
#include "../experts/matrix_locator.hpp"
#include "../experts/name_reader.hpp"
#include "../spec/model_source.hpp"
#include "../spec/model_spec.hpp"
#include "matrix_planner.hpp"
#include "quantise.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Builds the plan of one extraction.
class ExtractionPlanner {
 public:
  ExtractionPlanner(const ExpertCatalog& catalog, const ExtractOptions& options);

  ExtractionPlan plan() &&;

 private:
  void check_component() const;
  static void check_type(std::optional<DType> wanted);

  /// Adds the tensors of the text model that belong to no expert and to no layer that is left out.
  void add_dense();

  /// Whether a tensor belongs to the text model, to no expert, and to no layer that is left out.
  bool is_dense(const TensorInfo& tensor) const;
  bool is_dense_of_layer(std::size_t layer, std::string_view name) const;

  /// The names of the dense matrices that may be converted: kernels multiply these matrices as they are stored.
  std::set<std::string> convertible_names() const;

  void add_experts(std::uint32_t layer);
  std::vector<PlannedTensor> plan_expert(ExpertId id, std::optional<DType> type,
                                         MatrixPlanner& planner) const;
  void require_smaller() const;
  std::vector<std::uint32_t> chosen_experts(std::uint32_t layer) const;

  std::string result_name(std::string name) const;

  ModelSource source_;
  const ExpertCatalog& catalog_;
  const ExtractOptions& options_;
  MatrixLocator locator_;
  MatrixPlanner planner_;
  std::vector<ExpertNames> expert_names_;  // by layer
  ExtractionPlan out_;
};

/// Roles of tensors of the model that belong to no layer.
inline constexpr Role outer_roles[] = {Role::embedding, Role::final_norm, Role::final_norm_bias,
                                       Role::head,      Role::head_bias,  Role::rope_divisors,
                                       Role::rope_long, Role::rope_short};

/// Roles of dense matrices that kernels multiply as they are stored. All other dense matrices of layers are small, or are
/// rearranged before use.
inline constexpr Role convertible_roles[] = {
    Role::query,           Role::key,        Role::value,           Role::output,
    Role::query_key_value, Role::query_down, Role::query_up,        Role::latent_down,
    Role::delta_qkv,       Role::delta_gate, Role::recurrent_input, Role::recurrent_output,
    Role::dense_gate,      Role::dense_up,   Role::dense_down,      Role::dense_gate_up,
    Role::shared_gate,     Role::shared_up,  Role::shared_down,     Role::shared_gate_up,
    Role::latent_in,       Role::latent_out};

MOE_INLINE ExtractionPlanner::ExtractionPlanner(const ExpertCatalog& catalog, const ExtractOptions& options)
    : source_(catalog.checkpoint()),
      catalog_(catalog),
      options_(options),
      locator_(source_.checkpoint(), source_.quantisation()),
      planner_(source_.checkpoint()) {
  for (std::size_t layer = 0; layer < source_.layers(); ++layer)
    expert_names_.emplace_back(source_.names(), layer);
}

MOE_INLINE ExtractionPlan ExtractionPlanner::plan() && {
  check_component();
  check_type(options_.type);
  check_type(options_.dense_type);
  check_type(options_.also);
  options_.layers.require_below(catalog_.layers(), "layers");
  options_.experts.require_layers(catalog_.layers());
  add_dense();
  for (std::uint32_t layer = 0; layer < catalog_.layers(); ++layer) add_experts(layer);
  if (options_.also) require_smaller();
  std::set<std::string> listed;  // the matrices of a small copy have the names of the exact matrices
  for (const std::string& name : planner_.not_converted())
    if (listed.insert(name).second) out_.not_converted.push_back(name);
  return std::move(out_);
}

MOE_INLINE void ExtractionPlanner::check_component() const {
  const bool is_thinker = source_.names().prefix().starts_with("thinker.");
  const std::string_view found = is_thinker ? "thinker" : "only a text model";
  if (!options_.component.empty() && options_.component != found)
    fail(source_.checkpoint().path(), "component", options_.component, found);
}

MOE_INLINE void ExtractionPlanner::check_type(std::optional<DType> wanted) {
  if (wanted && !can_quantise(*wanted))
    fail("extraction", "type", "f32, f16, bf16, q8_0, q6_k, q4_k, q4_0 or q2_k", name(*wanted));
}

/// The name of the matrix whose scales a tensor holds; empty for other tensors.
MOE_INLINE std::string name_without_scales(std::string_view name) {
  return std::string(name.ends_with(scales_ending) ? name.substr(0, name.size() - scales_ending.size()) : "");
}

MOE_INLINE void ExtractionPlanner::add_dense() {
  const std::set<std::string> convertible = convertible_names();
  const auto converts = [&](const std::string& name) {
    return options_.dense_type && convertible.contains(name);
  };
  for (const TensorInfo& tensor : source_.checkpoint().tensors()) {
    if (!is_dense(tensor)) continue;
    const std::string name = result_name(tensor.name);
    if (converts(name_without_scales(tensor.name))) continue;  // planned with its matrix
    if (!converts(tensor.name)) {
      out_.dense.push_back(planner_.copy(name, tensor));
    } else if (tensor.shape.size() != 2 || (tensor.dtype == DType::other && !locator_.is_e4m3(tensor))) {
      out_.dense.push_back(planner_.keep(name, tensor));
    } else {
      for (PlannedTensor& planned : planner_.plan(name, locator_.locate(tensor), options_.dense_type))
        out_.dense.push_back(std::move(planned));
    }
  }
}

MOE_INLINE bool ExtractionPlanner::is_dense(const TensorInfo& tensor) const {
  const TensorNames& names = source_.names();
  const bool gguf = source_.checkpoint().naming() == Naming::gguf;
  NameReader reader(tensor.name);
  if (gguf ? reader.skip("blk.") : reader.skip(names.prefix()) && reader.skip("layers.")) {
    const auto layer = reader.number();
    return layer && reader.skip(".") && is_dense_of_layer(*layer, tensor.name);
  }
  // In a Hugging Face checkpoint, a tensor outside of the layers that has none of the outer_roles belongs to another component,
  // such as a vision encoder.
  return gguf || std::any_of(std::begin(outer_roles), std::end(outer_roles), [&](Role role) {
           const std::string name = names.of(role);
           return !name.empty() && (tensor.name == name || name_without_scales(tensor.name) == name);
         });
}

MOE_INLINE bool ExtractionPlanner::is_dense_of_layer(std::size_t layer, std::string_view name) const {
  return layer < source_.layers() && options_.layers.contains(layer) && !expert_names_[layer].contains(name);
}

MOE_INLINE std::set<std::string> ExtractionPlanner::convertible_names() const {
  std::set<std::string> out{source_.names().of(Role::embedding), source_.names().of(Role::head)};
  for (std::size_t layer = 0; layer < source_.layers(); ++layer)
    for (const Role role : convertible_roles) out.insert(source_.names().of(role, layer));
  out.erase("");  // roles that the format does not have
  return out;
}

MOE_INLINE void ExtractionPlanner::add_experts(std::uint32_t layer) {
  const std::vector<std::uint32_t> chosen = chosen_experts(layer);
  MatrixPlanner unused(source_.checkpoint());
  for (const ExpertId id : catalog_.ids(layer)) {
    if (std::binary_search(chosen.begin(), chosen.end(), id.expert)) {
      ++out_.experts_extracted;
      for (PlannedTensor& tensor : plan_expert(id, options_.type, planner_))
        out_.experts.push_back(std::move(tensor));
      if (!options_.also) continue;
      for (PlannedTensor& tensor : plan_expert(id, options_.also, planner_))
        out_.small_copies.push_back(std::move(tensor));
    } else {
      ++out_.experts_left_out;
      for (const PlannedTensor& tensor : plan_expert(id, options_.type, unused))
        out_.bytes_left_out += tensor.bytes();
    }
  }
}

MOE_INLINE std::vector<std::uint32_t> ExtractionPlanner::chosen_experts(std::uint32_t layer) const {
  const std::size_t experts = catalog_.experts(layer);
  if (experts == 0 || !options_.layers.contains(layer)) return {};
  std::size_t per_token = 0;
  if (options_.experts.needs_experts_per_token()) {
    const ModelSpec spec(source_.checkpoint());
    if (const RouterSpec* router = spec.layers[layer].router()) per_token = router->per_token;
  }
  return options_.experts.of(layer, experts, per_token);
}

MOE_INLINE std::vector<PlannedTensor> ExtractionPlanner::plan_expert(ExpertId id, std::optional<DType> type,
                                                                     MatrixPlanner& planner) const {
  std::vector<PlannedTensor> out;
  const auto parts = parts_of(catalog_.at(id));
  for (std::size_t part = 0; part < parts.size(); ++part) {
    if (parts[part]->rows == 0) continue;
    const bool bias = part >= 3;
    const std::string name = result_name(name_of_part(source_.names(), part, id.layer, id.expert));
    for (PlannedTensor& tensor : planner.plan(name, *parts[part], bias ? std::nullopt : type, bias))
      out.push_back(std::move(tensor));
  }
  return out;
}

MOE_INLINE void ExtractionPlanner::require_smaller() const {
  const auto bytes_of_all = [](const std::vector<PlannedTensor>& tensors) {
    std::uint64_t sum = 0;
    for (const PlannedTensor& tensor : tensors) sum += tensor.bytes();
    return sum;
  };
  const std::uint64_t exact = bytes_of_all(out_.experts), small_copies = bytes_of_all(out_.small_copies);
  if (small_copies >= exact)
    fail("extraction", "small copy of the experts",
         concat("less than ", exact, " bytes, the size of the experts"),
         concat(small_copies, " bytes as ", name(*options_.also)));
}

MOE_INLINE std::string ExtractionPlanner::result_name(std::string name) const {
  constexpr std::string_view long_prefix = "model.language_model.", prefix = "model.";
  if (source_.names().prefix() == long_prefix && name.starts_with(long_prefix))
    name.replace(0, long_prefix.size(), prefix);
  return name;
}

MOE_INLINE ExtractionPlan plan_extraction(const ExpertCatalog& catalog, const ExtractOptions& options) {
  return ExtractionPlanner(catalog, options).plan();
}

}  // namespace moe::inline MOE_ABI::detail

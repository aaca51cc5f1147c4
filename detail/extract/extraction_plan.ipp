#pragma once
#include "extraction_plan.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"
#include "../experts/name_reader.hpp"
#include "../io/gguf_names.hpp"
#include "../io/gguf_path.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
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

  /// Adds a tensor of the text model, unless it belongs to an expert or to a layer that is left out.
  void add_dense(const TensorInfo& tensor);

  const GgmlType* type_of(const TensorInfo& tensor) const;

  void add_experts(std::uint32_t layer);

  std::size_t experts_per_token() const;

  void leave_out(ExpertId id);

  std::vector<PlannedTensor> matrices_of(ExpertId id);

  /// Sets the type of the result: the wanted type, if there is one and the rows are whole blocks of it.
  void set_type(PlannedTensor& tensor, std::optional<DType> wanted);

  const Checkpoint& checkpoint_;
  const ExpertCatalog& catalog_;
  const ExtractOptions& options_;
  const bool is_gguf_;
  ExtractionPlan out_;
};

MOE_INLINE ExtractionPlanner::ExtractionPlanner(const ExpertCatalog& catalog, const ExtractOptions& options)
    : checkpoint_(catalog.checkpoint()),
      catalog_(catalog),
      options_(options),
      is_gguf_(is_gguf(checkpoint_.files()[0].path())) {}

MOE_INLINE ExtractionPlan ExtractionPlanner::plan() && {
  check_component();
  options_.layers.require_below(catalog_.layers(), "layers");
  options_.experts.require_layers(catalog_.layers());
  for (const TensorInfo& tensor : checkpoint_.tensors()) add_dense(tensor);
  for (std::uint32_t layer = 0; layer < catalog_.layers(); ++layer) add_experts(layer);
  return std::move(out_);
}

MOE_INLINE void ExtractionPlanner::check_component() const {
  const std::string_view prefix = checkpoint_.tensor_prefix();
  const std::string found =
      prefix.empty() ? "only a text model" : std::string(prefix.substr(0, prefix.size() - 1));
  if (!options_.component.empty() && options_.component != found)
    fail(checkpoint_.path(), "component", options_.component, found);
}

MOE_INLINE void ExtractionPlanner::add_dense(const TensorInfo& tensor) {
  NameReader name(tensor.name);
  const std::string_view prefix = checkpoint_.tensor_prefix();
  if (!name.skip(prefix)) return;
  const std::string_view own_name = name.rest();
  // In a Hugging Face checkpoint all other tensors belong to other components, such as a vision encoder.
  if (!is_gguf_ && !own_name.starts_with("model.") && !own_name.starts_with("lm_head.")) return;
  if (name.skip("model.layers.")) {
    const auto layer = name.number();
    if (layer && (!options_.layers.contains(*layer) || name.rest().starts_with(".mlp.experts."))) return;
  }
  if (tensor.shape.empty()) return;  // a scalar: no supported model has one
  const bool may_convert = tensor.shape.size() == 2 && !own_name.ends_with(".mlp.gate.weight");
  PlannedTensor planned{gguf_name(own_name), tensor.shape, type_of(tensor), nullptr,
                        tensor.file,         tensor.offset};
  set_type(planned, may_convert ? options_.dense_type : std::nullopt);
  out_.dense.push_back(std::move(planned));
}

MOE_INLINE const GgmlType* ExtractionPlanner::type_of(const TensorInfo& tensor) const {
  if (tensor.dtype != DType::other) return &ggml_type(tensor.dtype);
  for (std::uint32_t id = 0; id < 64; ++id)
    if (const GgmlType* type = ggml_type(id); type && type->name == tensor.dtype_name) return type;
  fail(checkpoint_.file_of(tensor), concat("tensor \"", tensor.name, '"'), "a type that GGUF files can hold",
       tensor.dtype_name);
}

MOE_INLINE void ExtractionPlanner::add_experts(std::uint32_t layer) {
  const std::size_t count = catalog_.experts(layer);
  if (count == 0) return;
  std::vector<std::uint32_t> chosen;
  if (options_.layers.contains(layer)) chosen = options_.experts.of(layer, count, experts_per_token());
  std::size_t next = 0;
  for (std::uint32_t expert = 0; expert < count; ++expert) {
    if (!catalog_.has({layer, expert})) continue;
    while (next < chosen.size() && chosen[next] < expert) ++next;
    if (next < chosen.size() && chosen[next] == expert) {
      for (PlannedTensor& tensor : matrices_of({layer, expert})) out_.experts.push_back(std::move(tensor));
    } else {
      leave_out({layer, expert});
    }
  }
}

MOE_INLINE std::size_t ExtractionPlanner::experts_per_token() const {
  const Json stated = checkpoint_.config().find("num_experts_per_tok");
  return stated && !stated.is_null() ? static_cast<std::size_t>(stated.as_u64(UINT32_MAX)) : 8;
}

MOE_INLINE void ExtractionPlanner::leave_out(ExpertId id) {
  ++out_.experts_left_out;
  for (const PlannedTensor& tensor : matrices_of(id)) out_.bytes_left_out += tensor.bytes();
}

MOE_INLINE std::vector<PlannedTensor> ExtractionPlanner::matrices_of(ExpertId id) {
  const ExpertLocation& location = catalog_.at(id);
  std::vector<PlannedTensor> out;
  const auto add = [&](std::string_view name, const MatrixLocation& from) {
    PlannedTensor& planned =
        out.emplace_back(PlannedTensor{concat("blk.", id.layer, '.', name, '.', id.expert, ".weight"),
                                       {from.rows, from.cols},
                                       &ggml_type(from.dtype),
                                       nullptr,
                                       from.file,
                                       from.offset});
    set_type(planned, options_.type);
  };
  add("ffn_gate", location.gate);
  add("ffn_up", location.up);
  add("ffn_down", location.down);
  return out;
}

MOE_INLINE void ExtractionPlanner::set_type(PlannedTensor& tensor, std::optional<DType> wanted) {
  tensor.to = tensor.from;
  if (!wanted || tensor.from == &ggml_type(*wanted)) return;
  if (tensor.from->dtype != DType::other && tensor.shape.back() % layout_of(*wanted).elements == 0) {
    tensor.to = &ggml_type(*wanted);
  } else {
    out_.not_converted.push_back(tensor.name);
  }
}

MOE_INLINE ExtractionPlan plan_extraction(const ExpertCatalog& catalog, const ExtractOptions& options) {
  return ExtractionPlanner(catalog, options).plan();
}

}  // namespace moe::inline MOE_ABI::detail

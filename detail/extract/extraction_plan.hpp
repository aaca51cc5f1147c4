#pragma once
#include "../core/config.hpp"
#include "../experts/catalog.hpp"
#include "../io/checkpoint.hpp"
#include "../io/ggml_type.hpp"
#include "extract_options.hpp"
#include "planned_tensor.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// What an extraction consists of: the tensors of both files, in the order in which they are written.
struct ExtractionPlan {
  std::vector<PlannedTensor> dense, experts;
  std::uint64_t bytes_left_out = 0;  // of experts of the source, in the types of the result
  std::uint64_t experts_left_out = 0;
  std::vector<std::string>
      not_converted;  // tensors whose type stays, since their rows do not fit the wanted one
};

/// Makes the plan of a checkpoint's extraction.
class ExtractionPlanner {
 public:
  ExtractionPlanner(const ExpertCatalog& catalog, const ExtractOptions& options);

  ExtractionPlan plan() &&;

 private:
  void check_component() const;

  /// Adds a tensor of the text model that is no expert, and of no layer that is left out.
  void add_dense(const TensorInfo& tensor);

  const GgmlType* type_of(const TensorInfo& tensor) const;

  void add_experts(std::uint32_t layer);

  std::size_t experts_per_token() const;

  void leave_out(ExpertId id);

  std::vector<PlannedTensor> matrices_of(ExpertId id);

  /// Sets the type of the result: the wanted one, if there is one and rows are whole blocks of it.
  void set_type(PlannedTensor& tensor, std::optional<DType> wanted);

  const Checkpoint& checkpoint_;
  const ExpertCatalog& catalog_;
  const ExtractOptions& options_;
  const bool is_gguf_;
  ExtractionPlan out_;
};

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "extraction_plan.ipp"
#endif

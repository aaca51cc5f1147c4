#pragma once
#include "../core/config.hpp"
#include "../experts/catalog.hpp"
#include "extract_options.hpp"
#include "planned_tensor.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The tensors of both files of an extraction, in the order in which they are written.
struct ExtractionPlan {
  std::vector<PlannedTensor> dense, experts;
  std::uint64_t bytes_left_out =
      0;  // of the source's experts that are not extracted, in the types of the result
  std::uint64_t experts_left_out = 0;
  std::vector<std::string> not_converted;  // tensors whose rows are not whole blocks of the wanted type
};

/// Plans the extraction of a checkpoint. Throws if it lacks something that the options ask for.
ExtractionPlan plan_extraction(const ExpertCatalog& catalog, const ExtractOptions& options);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "extraction_plan.ipp"
#endif

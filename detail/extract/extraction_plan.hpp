// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../experts/catalog.hpp"
#include "extract_options.hpp"
#include "planned_tensor.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The tensors of the files of an extraction, in the order in which they are written.
struct ExtractionPlan {
  std::vector<PlannedTensor> dense, experts;
  std::vector<PlannedTensor> small_copies;  // the experts again, in the type of the small copy
  std::uint32_t experts_extracted = 0, experts_left_out = 0;
  std::uint64_t bytes_left_out = 0;        // of the experts that are left out, in the types of the result
  std::vector<std::string> not_converted;  // see Extraction::not_converted()
};

/// Plans the extraction of a checkpoint. Throws if the checkpoint lacks something that the options require.
///
/// Tensors keep the names that they have in the source. Each matrix of an expert becomes a tensor, with the name that
/// checkpoints of the same family give it if they store each expert separately. The prefix `model.language_model.` of
/// multimodal models becomes `model.`: with the longer prefix, names would exceed the 64 bytes that GGUF allows. Of a
/// multimodal model only the text model is extracted. Layers that draft tokens (multi-token prediction) are left out.
///
/// Without a type in the options, matrices keep their bytes, except for experts in layouts that GGUF does not have: transposed
/// matrices and MXFP4 are stored as kernels read them. FP8 is stored as I8, with the scales in a tensor `<name>_scale_inv` as
/// in the source.
ExtractionPlan plan_extraction(const ExpertCatalog& catalog, const ExtractOptions& options);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "extraction_plan.ipp"
#endif

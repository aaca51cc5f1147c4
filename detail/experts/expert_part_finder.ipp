// SPDX-License-Identifier: MIT
#pragma once
#include "expert_part_finder.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

// Catalogs and providers need a few hundred bytes of memory for each expert. These bounds keep that memory linear in the size
// of the files: after most_small_parts small parts, each further part takes at least small_part_bytes in a file.
inline constexpr std::uint64_t small_part_bytes = 128;
inline constexpr std::uint64_t most_small_parts = 3 * most_experts_of_layer;

/// The largest number of blocks of one expert in a gathered tensor: MatrixEncoding numbers blocks with 32 bits.
inline constexpr std::uint64_t most_gathered_blocks = std::uint64_t{1} << 31;

MOE_INLINE ExpertPartFinder::ExpertPartFinder(const ModelSource& source)
    : source_(source), locator_(source.checkpoint(), source.quantisation()) {}

MOE_INLINE std::vector<ExpertPart> ExpertPartFinder::find(std::uint32_t layer) {
  parts_.clear();
  const ExpertNames names(source_.names(), layer);
  for (std::size_t part = 0; part < expert_parts; ++part) add_singles(names, part);
  add_matrices(layer);
  add_biases(layer);
  std::sort(parts_.begin(), parts_.end(), [](const ExpertPart& a, const ExpertPart& b) {
    return std::tie(a.expert, a.part) < std::tie(b.expert, b.part);
  });
  return std::move(parts_);
}

MOE_INLINE void ExpertPartFinder::add_singles(const ExpertNames& names, std::size_t part) {
  const std::string_view prefix = names.prefix(part);
  if (prefix.empty()) return;
  const std::vector<TensorInfo>& tensors = source_.checkpoint().tensors();  // sorted by name
  auto at =
      std::lower_bound(tensors.begin(), tensors.end(), prefix,
                       [](const TensorInfo& tensor, std::string_view name) { return tensor.name < name; });
  for (; at != tensors.end() && at->name.starts_with(prefix); ++at)
    if (const auto expert = names.expert_of(part, at->name))
      parts_.push_back({*expert, part, part < 3 ? locator_.locate(*at) : locator_.locate_bias(*at), &*at});
}

MOE_INLINE void ExpertPartFinder::add_matrices(std::uint32_t layer) {
  const auto find = [&](Role role) { return source_.names().find(role, layer); };
  const TensorInfo *gate_up = find(Role::experts_gate_up), *down = find(Role::experts_down);
  const bool transposed = is_transposed(gate_up, down);
  if (const TensorInfo* gate = find(Role::experts_gate)) add_merged(*gate, 0, 1);
  if (const TensorInfo* up = find(Role::experts_up)) add_merged(*up, 1, 1);
  if (gate_up) transposed ? add_transposed(*gate_up, 0, 2) : add_merged(*gate_up, 0, 2);
  if (down) transposed ? add_transposed(*down, 2, 1) : add_merged(*down, 2, 1);
  add_mxfp4(find(Role::experts_gate_up_blocks), find(Role::experts_gate_up_scales), 0, 2);
  add_mxfp4(find(Role::experts_down_blocks), find(Role::experts_down_scales), 2, 1);
}

MOE_INLINE void ExpertPartFinder::add_biases(std::uint32_t layer) {
  const auto add = [&](Role role, std::size_t first_part, std::size_t parts) {
    if (const TensorInfo* tensor = source_.names().find(role, layer)) add_bias(*tensor, first_part, parts);
  };
  add(Role::experts_gate_bias, 3, 1);
  add(Role::experts_up_bias, 4, 1);
  add(Role::experts_down_bias, 5, 1);
  add(Role::experts_gate_up_bias, 3, 2);
}

MOE_INLINE bool ExpertPartFinder::is_transposed(const TensorInfo* gate_up, const TensorInfo* down) const {
  if (!gate_up || !down || source_.checkpoint().naming() != Naming::hugging_face) return false;
  const std::vector<std::uint64_t>&both = gate_up->shape, &one = down->shape;
  return both.size() == 3 && one.size() == 3 && both[1] == one[2] && both[2] / 2 == one[1] &&
         both[2] % 2 == 0;
}

MOE_INLINE bool ExpertPartFinder::alternate() const {
  return source_.checkpoint().naming() == Naming::hugging_face && source_.family().interleaved_experts;
}

MOE_INLINE void ExpertPartFinder::add_merged(const TensorInfo& tensor, std::size_t first_part,
                                             std::size_t parts) {
  const MatrixStack stack = locator_.stack(tensor, 3);
  if (parts > 1 && alternate())
    locator_.fail_about(tensor, "[experts, hidden size, 2 · width] beside down [experts, width, hidden size]",
                        describe(tensor));
  if (stack.rows % parts != 0)
    locator_.fail_about(tensor, "shape [experts, 2 · width, hidden size]", describe(tensor));
  const std::size_t rows = stack.rows / parts;
  if (stack.scales && parts > 1 && rows % source_.quantisation().block_rows != 0)
    locator_.fail_about(tensor,
                        concat("matrices of whole blocks of ", source_.quantisation().block_rows, " rows"),
                        concat(rows, " rows"));
  require_few(tensor, stack.count, parts);
  for (std::uint32_t expert = 0; expert < stack.count; ++expert)
    for (std::size_t p = 0; p < parts; ++p)
      parts_.push_back({expert, first_part + p, locator_.rows_of(stack, expert, p * rows, rows), &tensor});
}

MOE_INLINE void ExpertPartFinder::add_transposed(const TensorInfo& tensor, std::size_t first_part,
                                                 std::size_t parts) {
  const MatrixStack stack = locator_.stack(tensor, 3);
  const std::uint64_t numbers = std::uint64_t{stack.rows} * stack.cols;
  if (stack.scales || layout_of(tensor.dtype).elements != 1 || numbers > most_gathered_blocks)
    locator_.fail_about(tensor, "transposed matrices of F32, F16 or BF16", describe(tensor));
  require_few(tensor, stack.count, parts);
  const std::size_t width = stack.cols / parts;
  for (std::uint32_t expert = 0; expert < stack.count; ++expert)
    for (std::size_t p = 0; p < parts; ++p) {
      const MatrixLocation all = locator_.rows_of(stack, expert, 0, stack.rows);
      const std::size_t first = alternate() ? p : p * width, row_step = alternate() ? parts : 1;
      MatrixLocation location{all.file, all.offset, all.dtype, width, stack.rows};
      location.encoding = gathered_encoding(all.bytes(), first, row_step, stack.cols);
      parts_.push_back({expert, first_part + p, location, &tensor});
    }
}

MOE_INLINE void ExpertPartFinder::require_mxfp4(const TensorInfo* blocks, const TensorInfo* exponents,
                                                std::size_t parts) const {
  if (!blocks || !exponents)
    locator_.fail_about(
        blocks ? *blocks : *exponents,
        blocks ? "a tensor with the scales of these blocks" : "a tensor with the blocks of these scales",
        "none");
  std::vector<std::uint64_t> expected = exponents->shape;
  expected.push_back(16);
  const bool right = blocks->shape == expected && expected.size() == 4 && blocks->bytes > 0 &&
                     expected[1] % parts == 0 && blocks->dtype_name == "U8" &&
                     exponents->dtype_name == "U8" && source_.family().mxfp4 &&
                     expected[1] * expected[2] <= most_gathered_blocks;
  if (!right)
    locator_.fail_about(
        *blocks,
        "U8 [experts, rows, blocks, 16] of a family with MXFP4, beside scales U8 [experts, rows, blocks]",
        concat(describe(*blocks), " beside ", describe(*exponents)));
}

MOE_INLINE void ExpertPartFinder::add_mxfp4(const TensorInfo* blocks, const TensorInfo* exponents,
                                            std::size_t first_part, std::size_t parts) {
  if (!blocks && !exponents) return;
  require_mxfp4(blocks, exponents, parts);
  require_few(*blocks, blocks->shape[0], parts);
  const auto rows = static_cast<std::size_t>(blocks->shape[1]),
             blocks_of_row = static_cast<std::size_t>(blocks->shape[2]);
  const std::size_t all = rows * blocks_of_row;
  for (std::uint32_t expert = 0; expert < blocks->shape[0]; ++expert)
    for (std::size_t p = 0; p < parts; ++p) {
      MatrixLocation location{blocks->file, blocks->offset + std::uint64_t{expert} * all * 16, DType::mxfp4,
                              rows / parts, blocks_of_row * 32};
      location.encoding = gathered_encoding(all * 16, p * blocks_of_row, parts * blocks_of_row, 1);
      location.encoding.kind = MatrixEncoding::Kind::mxfp4;
      location.encoding.scales = {exponents->file, exponents->offset + std::uint64_t{expert} * all, all};
      parts_.push_back({expert, first_part + p, location, blocks});
    }
}

MOE_INLINE void ExpertPartFinder::add_bias(const TensorInfo& tensor, std::size_t first_part,
                                           std::size_t parts) {
  const std::vector<std::uint64_t> shape = locator_.shape_of(tensor, 2);
  locator_.require_bias_type(tensor);
  if (shape.size() != 2 || tensor.bytes == 0 || shape[1] % parts != 0 || shape[1] > most_gathered_blocks)
    locator_.fail_about(tensor, parts == 1 ? "shape [experts, numbers]" : "shape [experts, 2 · width]",
                        describe(tensor));
  require_few(tensor, shape[0], parts);
  const auto all = static_cast<std::size_t>(shape[1]);
  const std::size_t width = all / parts, bytes = layout_of(tensor.dtype).bytes;
  for (std::uint32_t expert = 0; expert < shape[0]; ++expert)
    for (std::size_t p = 0; p < parts; ++p) {
      MatrixLocation location{tensor.file, tensor.offset + std::uint64_t{expert} * all * bytes, tensor.dtype,
                              1, width};
      if (parts > 1 && alternate()) {
        location.encoding = gathered_encoding(all * bytes, p, 0, parts);
      } else {
        location.offset += p * width * bytes;
      }
      parts_.push_back({expert, first_part + p, location, &tensor});
    }
}

MOE_INLINE void ExpertPartFinder::require_few(const TensorInfo& tensor, std::uint64_t experts,
                                              std::size_t parts) {
  if (experts > most_experts_of_layer)
    locator_.fail_about(tensor, concat("at most ", most_experts_of_layer, " experts"), describe(tensor));
  if (tensor.bytes / experts / parts < small_part_bytes) small_parts_ += experts * parts;
  if (small_parts_ > most_small_parts)
    locator_.fail_about(tensor,
                        concat("at most ", most_small_parts, " parts of experts with less than ",
                               small_part_bytes, " bytes each"),
                        concat(small_parts_));
}

}  // namespace moe::inline MOE_ABI::detail

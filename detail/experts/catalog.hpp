#pragma once
#include "../core/config.hpp"
#include "../io/checkpoint.hpp"
#include "expert.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Takes the name of a tensor apart, from the front.
class NameReader {
 public:
  explicit NameReader(std::string_view name) : rest_(name) {}

  std::string_view rest() const { return rest_; }

  bool skip(std::string_view expected);

  std::optional<std::uint32_t> number();

 private:
  std::string_view rest_;
};

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// Where a matrix [rows, cols] lies in a checkpoint.
struct MatrixLocation {
  std::size_t file = 0;
  std::uint64_t offset = 0;  // in that file; any alignment
  DType dtype = DType::f32;
  std::size_t rows = 0, cols = 0;
  std::optional<std::uint32_t> crc32c = {};  // of its bytes, if the file states it

  std::size_t bytes() const { return Matrix{nullptr, dtype, rows, cols}.bytes(); }
};

struct ExpertLocation {
  MatrixLocation gate, up, down;

  std::size_t bytes() const { return gate.bytes() + up.bytes() + down.bytes(); }
};

struct CatalogOptions {
  bool allow_partial = false;  // experts may be missing, as in an extraction of some of them
};

/// Where each expert of a checkpoint lies. Knows three layouts, with F = intermediate and H = hidden:
///   one by one  layers.N.mlp.experts.J.{gate_proj [F, H], up_proj [F, H], down_proj [H, F]}.weight
///   fused       layers.N.mlp.experts.{gate_up_proj [E, 2F, H], down_proj [E, H, F]}; in gate_up_proj gate comes first
///   merged      layers.N.mlp.experts.{gate_proj [E, F, H], up_proj [E, F, H], down_proj [E, H, F]}, as in GGUF files
/// Of a multimodal checkpoint it takes those of the text model (thinker.model). Within a layer all experts are there,
/// numbered from 0, of one shape; of a partial checkpoint they have the numbers that the router knows them by.
class ExpertCatalog {
 public:
  /// Throws if an expert is incomplete, or of a shape or type that cannot be used; or if one is missing that a router knows,
  /// unless that is allowed.
  explicit ExpertCatalog(const Checkpoint& checkpoint, const CatalogOptions& options = {});

  /// The number of layers, dense ones included.
  std::size_t layers() const { return layers_; }

  /// The number of experts of a layer, missing ones included; 0 for a dense one.
  std::size_t experts(std::size_t layer) const;

  /// The number of all experts. Experts have consecutive numbers, by layer: see index().
  std::size_t size() const { return locations_.size(); }

  /// How many of them are missing, and whether one is there.
  std::size_t missing() const { return missing_; }
  bool has(ExpertId id) const;

  /// `3072 of 6144 missing: 64 of 128 in layer 0 to 47`, as it may stand in an error
  std::string describe_missing() const;

  /// The first expert of a layer that is there; null if there is none.
  const ExpertLocation* first_of(std::size_t layer) const;

  /// The number of an expert among all. Throws if there is none of that id, or if it is missing.
  std::size_t index(ExpertId id) const;

  /// By its number. A missing one has no bytes.
  const ExpertLocation& operator[](std::size_t index) const { return locations_[index]; }
  const ExpertLocation& at(ExpertId id) const { return locations_[index(id)]; }

  const Checkpoint& checkpoint() const { return checkpoint_; }

  /// Reads an expert from its files: gate, up and down one after the other into `memory`, at(id).bytes() of it. Returns
  /// views of that memory. Throws if there is no such expert or a file cannot be read.
  ExpertWeights read(ExpertId id, std::byte* memory) const;

 private:
  std::size_t missing_in(std::size_t layer) const;

  struct Part {
    ExpertId id;
    std::size_t projection;  // 0: gate, 1: up, 2: down
    MatrixLocation location;
    const TensorInfo* tensor;
  };

  static constexpr std::array<std::string_view, 3> projections{"gate_proj", "up_proj", "down_proj"};

  /// What the configuration says, or 24 as in transformers. A layer has tensors, so a lie costs no memory.
  static std::size_t layers_of(const Checkpoint& checkpoint);

  /// Adds the parts of experts that a tensor holds, if any.
  void add_parts(const TensorInfo& tensor, std::string_view prefix, std::vector<Part>& parts) const;

  /// Adds the slices of a tensor [experts, count · rows, cols], which hold `count` projections from `first` on.
  void add_fused(const TensorInfo& tensor, std::uint32_t layer, std::size_t first, std::size_t count,
                 std::vector<Part>& parts) const;

  MatrixLocation location_of(const TensorInfo& tensor) const;

  /// The number of experts that a layer's router chooses from; 0 if it has none. Not more than a model can have, since a lie
  /// would cost memory.
  std::size_t known_to_router(std::uint32_t layer) const;

  /// Makes the table of `parts`, which are sorted.
  void build(const std::vector<Part>& parts);

  /// The next three parts, which must be the projections of that expert, of the shape of the first one of its layer.
  ExpertLocation take(const std::vector<Part>& parts, std::size_t& next, ExpertId id,
                      MatrixLocation& gate) const;

  const MatrixLocation& checked(const Part& part, std::size_t rows, std::size_t cols) const;

  [[noreturn]] void fail_about(const TensorInfo& tensor, std::string_view expected,
                               std::string_view found) const;

  Checkpoint checkpoint_;
  std::size_t layers_;
  std::vector<std::size_t> first_;  // [layers + 1]: the index of each layer's first expert
  std::vector<ExpertLocation> locations_;
  std::size_t missing_ = 0;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "catalog.ipp"
#endif

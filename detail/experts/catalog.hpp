#pragma once
#include "../core/error.hpp"
#include "../io/checkpoint.hpp"
#include "expert.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moe {
namespace detail {

/// Takes the name of a tensor apart, from the front.
class NameReader {
 public:
  explicit NameReader(std::string_view name) : rest_(name) {}

  std::string_view rest() const { return rest_; }

  bool skip(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }

  std::optional<std::uint32_t> number() {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc()) return {};
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }

 private:
  std::string_view rest_;
};

}  // namespace detail

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
  explicit ExpertCatalog(const Checkpoint& checkpoint, const CatalogOptions& options = {})
      : checkpoint_(checkpoint), layers_(layers_of(checkpoint)) {
    const std::string prefix = detail::concat(checkpoint.tensor_prefix(), "model.layers.");
    std::vector<Part> parts;
    for (const TensorInfo& tensor : checkpoint.tensors()) add_parts(tensor, prefix, parts);
    std::ranges::sort(parts, [](const Part& a, const Part& b) {
      return a.id != b.id ? a.id < b.id : a.projection < b.projection;
    });
    build(parts);
    if (missing_ > 0 && !options.allow_partial)
      fail(checkpoint.path(), "experts", detail::concat("all ", size(), ", or allow_partial to be set"),
           describe_missing());
  }

  /// The number of layers, dense ones included.
  std::size_t layers() const { return layers_; }

  /// The number of experts of a layer, missing ones included; 0 for a dense one.
  std::size_t experts(std::size_t layer) const {
    return layer < layers_ ? first_[layer + 1] - first_[layer] : 0;
  }

  /// The number of all experts. Experts have consecutive numbers, by layer: see index().
  std::size_t size() const { return locations_.size(); }

  /// How many of them are missing, and whether one is there.
  std::size_t missing() const { return missing_; }
  bool has(ExpertId id) const {
    return id.expert < experts(id.layer) && locations_[first_[id.layer] + id.expert].bytes() > 0;
  }

  /// `3072 of 6144 missing: 64 of 128 in layer 0 to 47`, as it may stand in an error
  std::string describe_missing() const {
    std::string out = detail::concat(missing_, " of ", size());
    std::string_view between = " missing: ";
    for (std::size_t layer = 0, first = 0; layer < layers_; first = layer) {
      const std::size_t lacking = missing_in(first), count = experts(first);
      while (layer < layers_ && missing_in(layer) == lacking && experts(layer) == count) ++layer;
      if (lacking == 0) continue;
      out += detail::concat(between, lacking, " of ", count, " in layer ", first);
      if (layer - first > 1) out += detail::concat(" to ", layer - 1);
      between = ", ";
    }
    return out;
  }

  /// The first expert of a layer that is there; null if there is none.
  const ExpertLocation* first_of(std::size_t layer) const {
    for (std::uint32_t expert = 0; expert < experts(layer); ++expert)
      if (has({static_cast<std::uint32_t>(layer), expert})) return &locations_[first_[layer] + expert];
    return nullptr;
  }

  /// The number of an expert among all. Throws if there is none of that id, or if it is missing.
  std::size_t index(ExpertId id) const {
    if (!has(id))
      fail(checkpoint_.path(), detail::concat("expert ", id.expert, " of layer ", id.layer),
           id.expert < experts(id.layer) ? "one of those that are there"
                                         : detail::concat("a number below ", experts(id.layer)),
           id.expert < experts(id.layer) ? "one that is missing" : "no such expert");
    return first_[id.layer] + id.expert;
  }

  /// By its number. A missing one has no bytes.
  const ExpertLocation& operator[](std::size_t index) const { return locations_[index]; }
  const ExpertLocation& at(ExpertId id) const { return locations_[index(id)]; }

  const Checkpoint& checkpoint() const { return checkpoint_; }

  /// Reads an expert from its files: gate, up and down one after the other into `memory`, at(id).bytes() of it. Returns
  /// views of that memory. Throws if there is no such expert or a file cannot be read.
  ExpertWeights read(ExpertId id, std::byte* memory) const {
    const ExpertLocation& location = at(id);
    const auto read_matrix = [&](const MatrixLocation& from) {
      checkpoint_.files()[from.file].read_at(from.offset, {memory, from.bytes()});
      const Matrix matrix{memory, from.dtype, from.rows, from.cols};
      memory += from.bytes();
      return matrix;
    };
    ExpertWeights out;
    out.gate = read_matrix(location.gate);
    out.up = read_matrix(location.up);
    out.down = read_matrix(location.down);
    return out;
  }

 private:
  std::size_t missing_in(std::size_t layer) const {
    std::size_t out = 0;
    for (std::uint32_t expert = 0; expert < experts(layer); ++expert)
      out += has({static_cast<std::uint32_t>(layer), expert}) ? 0 : 1;
    return out;
  }

  struct Part {
    ExpertId id;
    std::size_t projection;  // 0: gate, 1: up, 2: down
    MatrixLocation location;
    const TensorInfo* tensor;
  };

  static constexpr std::array<std::string_view, 3> projections{"gate_proj", "up_proj", "down_proj"};

  /// What the configuration says, or 24 as in transformers. A layer has tensors, so a lie costs no memory.
  static std::size_t layers_of(const Checkpoint& checkpoint) {
    const Json stated = checkpoint.config().find("num_hidden_layers");
    if (!stated || stated.is_null()) return 24;
    return static_cast<std::size_t>(stated.as_u64(checkpoint.tensors().size()));
  }

  /// Adds the parts of experts that a tensor holds, if any.
  void add_parts(const TensorInfo& tensor, std::string_view prefix, std::vector<Part>& parts) const {
    detail::NameReader name(tensor.name);
    const auto layer = name.skip(prefix) ? name.number() : std::nullopt;
    if (!layer || *layer >= layers_ || !name.skip(".mlp.experts.")) return;
    if (const auto expert = name.number()) {
      for (std::size_t p = 0; p < projections.size(); ++p)
        if (name.rest() == detail::concat('.', projections[p], ".weight"))
          parts.push_back({{*layer, *expert}, p, location_of(tensor), &tensor});
    } else if (name.rest() == "gate_up_proj") {
      add_fused(tensor, *layer, 0, 2, parts);
    } else {
      for (std::size_t p = 0; p < projections.size(); ++p)
        if (name.rest() == projections[p]) add_fused(tensor, *layer, p, 1, parts);
    }
  }

  /// Adds the slices of a tensor [experts, count · rows, cols], which hold `count` projections from `first` on.
  void add_fused(const TensorInfo& tensor, std::uint32_t layer, std::size_t first, std::size_t count,
                 std::vector<Part>& parts) const {
    checkpoint_.require_usable(tensor);
    if (tensor.shape.size() != 3 || tensor.bytes == 0 || tensor.shape[1] % count != 0)
      fail_about(tensor, "shape [experts, rows, cols]", describe(tensor));
    MatrixLocation location{tensor.file, tensor.offset, tensor.dtype,
                            static_cast<std::size_t>(tensor.shape[1] / count),
                            static_cast<std::size_t>(tensor.shape[2])};
    for (std::uint32_t expert = 0; expert < tensor.shape[0]; ++expert)
      for (std::size_t p = first; p < first + count; ++p, location.offset += location.bytes())
        parts.push_back({{layer, expert}, p, location, &tensor});
  }

  MatrixLocation location_of(const TensorInfo& tensor) const {
    checkpoint_.require_usable(tensor);
    if (tensor.shape.size() != 2 || tensor.bytes == 0)
      fail_about(tensor, "shape [rows, cols]", describe(tensor));
    return {tensor.file,
            tensor.offset,
            tensor.dtype,
            static_cast<std::size_t>(tensor.shape[0]),
            static_cast<std::size_t>(tensor.shape[1]),
            tensor.crc32c};
  }

  /// The number of experts that a layer's router chooses from; 0 if it has none. Not more than a model can have, since a lie
  /// would cost memory.
  std::size_t known_to_router(std::uint32_t layer) const {
    constexpr std::uint64_t most = std::uint64_t{1} << 16;
    const TensorInfo* router = checkpoint_.find(
        detail::concat(checkpoint_.tensor_prefix(), "model.layers.", layer, ".mlp.gate.weight"));
    if (!router || router->shape.size() != 2 || router->bytes == 0 || router->shape[0] > most) return 0;
    return static_cast<std::size_t>(router->shape[0]);
  }

  /// Makes the table of `parts`, which are sorted.
  void build(const std::vector<Part>& parts) {
    std::size_t next = 0;
    for (std::uint32_t layer = 0; layer < layers_; ++layer) {
      first_.push_back(locations_.size());
      const std::size_t known = known_to_router(layer);
      const auto more = [&] { return next < parts.size() && parts[next].id.layer == layer; };
      MatrixLocation gate;  // of the first expert of the layer
      for (std::uint32_t expert = 0; more() || expert < known; ++expert) {
        const bool there = more() && (parts[next].id.expert <= expert || expert >= known);
        locations_.push_back(there ? take(parts, next, {layer, expert}, gate) : ExpertLocation());
        if (!there) ++missing_;
      }
    }
    first_.push_back(locations_.size());
  }

  /// The next three parts, which must be the projections of that expert, of the shape of the first one of its layer.
  ExpertLocation take(const std::vector<Part>& parts, std::size_t& next, ExpertId id,
                      MatrixLocation& gate) const {
    const auto part = [&](std::size_t projection) -> const Part& {
      const bool more = next < parts.size() && parts[next].id.layer == id.layer;
      if (more && parts[next].id == id && parts[next].projection == projection) return parts[next++];
      const bool twice = more && (parts[next].id.expert < id.expert ||
                                  (parts[next].id == id && parts[next].projection < projection));
      const std::string place =
          detail::concat("expert ", twice ? parts[next].id.expert : id.expert, " of layer ", id.layer);
      fail(checkpoint_.path(), place,
           detail::concat("one ", projections[twice ? parts[next].projection : projection]),
           twice ? "two" : "none");
    };
    if (gate.bytes() == 0) gate = parts[next].location;
    ExpertLocation out;
    out.gate = checked(part(0), gate.rows, gate.cols);
    out.up = checked(part(1), gate.rows, gate.cols);
    out.down = checked(part(2), gate.cols, gate.rows);
    return out;
  }

  const MatrixLocation& checked(const Part& part, std::size_t rows, std::size_t cols) const {
    if (part.location.rows != rows || part.location.cols != cols)
      fail_about(*part.tensor, detail::concat(projections[part.projection], " [", rows, ", ", cols, "]"),
                 describe(*part.tensor));
    return part.location;
  }

  [[noreturn]] void fail_about(const TensorInfo& tensor, std::string_view expected,
                               std::string_view found) const {
    fail(checkpoint_.file_of(tensor), detail::concat("tensor \"", tensor.name, '"'), expected, found);
  }

  Checkpoint checkpoint_;
  std::size_t layers_;
  std::vector<std::size_t> first_;  // [layers + 1]: the index of each layer's first expert
  std::vector<ExpertLocation> locations_;
  std::size_t missing_ = 0;
};

}  // namespace moe

// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../io/checkpoint.hpp"
#include "expert.hpp"
#include "expert_location.hpp"

#include <cstddef>
#include <span>
#include <string>

namespace moe::inline MOE_ABI {

/// Options of an ExpertCatalog.
struct CatalogOptions {
  bool allow_partial = false;  // experts may be missing, as in an extraction of some of them
};

/// Where each expert of a checkpoint lies, and how the expert is stored there. All layouts of the supported families are read
/// (detail/experts/expert_part_finder.hpp lists them): tensors for each expert, tensors with all experts of a layer, gate
/// and up in one tensor, transposed matrices, MXFP4 and FP8 as Hugging Face stores them, with biases or without.
///
/// Of a multimodal checkpoint, only the experts of the text model are listed. All experts of a layer have the same shape;
/// layers may have different shapes. The numbers of the experts of a layer begin at 0 and have no gaps, except in a partial
/// checkpoint, which lacks some of the experts that its routers can choose.
///
/// The experts that the checkpoint has are numbered by an index from 0 to size() - 1, in the order of their ids. Thread-safe.
class ExpertCatalog {
 public:
  /// Throws if an expert is incomplete, or has a shape or type that cannot be used. Unless options.allow_partial, throws also
  /// if an expert that a router can choose is missing.
  explicit ExpertCatalog(const Checkpoint& checkpoint, const CatalogOptions& options = {});

  /// The number of layers, dense layers included.
  std::size_t layers() const { return tables_.layers.size(); }

  /// The number of experts of a layer, missing experts included; 0 for a dense layer.
  std::size_t experts(std::size_t layer) const;

  /// The number of experts that the checkpoint has, in all layers.
  std::size_t size() const { return tables_.ids.size(); }
  /// The number of experts that the checkpoint lacks, in all layers.
  std::size_t missing() const;

  /// Whether the checkpoint has an expert.
  bool has(ExpertId id) const;

  /// The index of an expert. Throws if the checkpoint does not have it.
  std::size_t index(ExpertId id) const;

  /// The experts that the checkpoint has, by index: of all layers, and of one layer.
  std::span<const ExpertId> ids() const { return tables_.ids; }
  std::span<const ExpertId> ids(std::size_t layer) const;

  /// Where the expert with an index below size() lies.
  const ExpertLocation& operator[](std::size_t index) const { return tables_.locations[index]; }
  /// Where an expert lies. Throws if the checkpoint does not have it.
  const ExpertLocation& at(ExpertId id) const { return tables_.locations[index(id)]; }

  /// The location of the first expert of a layer that the checkpoint has; null if it has none.
  const ExpertLocation* first_of(std::size_t layer) const;

  /// `3072 of 6144 missing: 64 of 128 in layer 0 to 47`, for errors.
  std::string describe_missing() const;

  /// The checkpoint whose experts these are; its files stay open.
  const Checkpoint& checkpoint() const { return checkpoint_; }

  /// Whether all experts are stored as kernels read them. An expert that is stored in another form is converted each time it is
  /// read.
  bool is_plain() const;

  /// Reads the parts of an expert into `memory`, [at(id).bytes()]: one part after the other, in the form that kernels read.
  /// Returns views of `memory`. Throws if there is no such expert or a file cannot be read.
  ExpertWeights read(ExpertId id, std::byte* memory) const;

  /// Views of an expert in `memory`, [at(id).bytes()], whose bytes are those that read() writes. For providers that move or
  /// store the bytes of an expert. Throws if there is no such expert.
  ExpertWeights view(ExpertId id, const std::byte* memory) const;

 private:
  /// The index of an expert; size() if the checkpoint does not have it.
  std::size_t find(ExpertId id) const;

  /// Throws an Error that says why the checkpoint does not have the expert.
  [[noreturn]] void refuse(ExpertId id) const;

  ExpertWeights read_plain(const ExpertLocation& location, std::byte* memory) const;

  Checkpoint checkpoint_;
  detail::CatalogTables tables_;
};

}  // namespace moe::inline MOE_ABI

#if MOE_DEFINITIONS
#include "catalog.ipp"
#endif

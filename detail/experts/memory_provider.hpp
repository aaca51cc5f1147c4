#pragma once
#include "../core/buffer.hpp"
#include "../core/error.hpp"
#include "catalog.hpp"
#include "provider.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace moe {

/// Holds experts in memory of its own. For models that fit, and for tests.
class MemoryProvider {
 public:
  using Lease = const ExpertWeights*;

  MemoryProvider() = default;

  /// Reads every expert of the checkpoint.
  explicit MemoryProvider(const ExpertCatalog& catalog) {
    for (std::uint32_t layer = 0; layer < catalog.layers(); ++layer)
      for (std::uint32_t expert = 0; expert < catalog.experts(layer); ++expert) {
        Buffer<std::byte> bytes(catalog.at({layer, expert}).bytes());
        const ExpertWeights weights = catalog.read({layer, expert}, bytes.data());
        keep({layer, expert}, {std::move(bytes), weights});
      }
  }
  explicit MemoryProvider(const Checkpoint& checkpoint) : MemoryProvider(ExpertCatalog(checkpoint)) {}

  /// Keeps a copy of the weights under that id, in place of what it had. Not while others acquire.
  void add(ExpertId id, ExpertWeights weights) {
    Buffer<std::byte> bytes(weights.bytes());
    std::byte* at = bytes.data();
    for (Matrix* matrix : {&weights.gate, &weights.up, &weights.down}) {
      std::memcpy(at, matrix->data, matrix->bytes());
      matrix->data = at;
      at += matrix->bytes();
    }
    keep(id, {std::move(bytes), weights});
  }

  Lease acquire(ExpertId id) const {
    const Entry* entry = find(id);
    if (!entry)
      fail("MemoryProvider", detail::concat("expert ", id.expert, " of layer ", id.layer), "to be there",
           "nothing");
    return &entry->weights;
  }

  std::optional<Lease> try_acquire(ExpertId id) const { return acquire(id); }

  std::size_t bytes(ExpertId id) const noexcept {
    const Entry* entry = find(id);
    return entry ? entry->bytes.size() : 0;
  }

 private:
  struct Entry {
    Buffer<std::byte> bytes;
    ExpertWeights weights;  // views of bytes
  };

  const Entry* find(ExpertId id) const {
    if (id.layer >= layers_.size() || id.expert >= layers_[id.layer].size()) return nullptr;
    return layers_[id.layer][id.expert].get();
  }

  void keep(ExpertId id, Entry entry) {
    if (id.layer >= layers_.size()) layers_.resize(id.layer + std::size_t{1});
    auto& layer = layers_[id.layer];
    if (id.expert >= layer.size()) layer.resize(id.expert + std::size_t{1});
    layer[id.expert] = std::make_unique<Entry>(std::move(entry));
  }

  std::vector<std::vector<std::unique_ptr<Entry>>> layers_;  // on the heap each: leases are their addresses
};

static_assert(ExpertProvider<MemoryProvider>);

}  // namespace moe

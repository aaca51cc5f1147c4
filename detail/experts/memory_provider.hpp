#pragma once
#include "../core/buffer.hpp"
#include "../core/error.hpp"
#include "catalog.hpp"
#include "provider.hpp"

#include <cstddef>
#include <cstring>
#include <map>
#include <optional>
#include <span>

namespace moe {

/// Holds all experts in memory of its own. For models that fit, and for tests.
class MemoryProvider {
 public:
  using Lease = const ExpertWeights*;

  MemoryProvider() = default;

  /// Reads every expert of the checkpoint.
  explicit MemoryProvider(const ExpertCatalog& catalog) {
    for (std::uint32_t layer = 0; layer < catalog.layers(); ++layer)
      for (std::uint32_t expert = 0; expert < catalog.experts(layer); ++expert)
        load(catalog.checkpoint(), {layer, expert}, catalog.at({layer, expert}));
  }
  explicit MemoryProvider(const Checkpoint& checkpoint) : MemoryProvider(ExpertCatalog(checkpoint)) {}

  /// Keeps a copy of the weights under that id, in place of what it had. Not while others acquire.
  void add(ExpertId id, const ExpertWeights& weights) {
    Entry& entry = experts_[id] = Entry{Buffer<std::byte>(weights.bytes()), weights};
    std::byte* at = entry.bytes.data();
    for (Matrix* matrix : {&entry.weights.gate, &entry.weights.up, &entry.weights.down}) {
      std::memcpy(at, matrix->data, matrix->bytes());
      matrix->data = at;
      at += matrix->bytes();
    }
  }

  Lease acquire(ExpertId id) const {
    const auto found = experts_.find(id);
    if (found == experts_.end())
      fail("MemoryProvider", detail::concat("expert ", id.expert, " of layer ", id.layer), "to be there",
           "nothing");
    return &found->second.weights;
  }

  std::optional<Lease> try_acquire(ExpertId id) const { return acquire(id); }

  std::size_t bytes(ExpertId id) const noexcept {
    const auto found = experts_.find(id);
    return found == experts_.end() ? 0 : found->second.bytes.size();
  }

 private:
  struct Entry {
    Buffer<std::byte> bytes;
    ExpertWeights weights;  // views of bytes
  };

  void load(const Checkpoint& checkpoint, ExpertId id, const ExpertLocation& location) {
    Entry& entry = experts_[id] = Entry{Buffer<std::byte>(location.bytes()), {}};
    std::byte* at = entry.bytes.data();
    const auto read = [&](const MatrixLocation& from) {
      checkpoint.files()[from.file].read_at(from.offset, {at, from.bytes()});
      const Matrix matrix{at, from.dtype, from.rows, from.cols};
      at += from.bytes();
      return matrix;
    };
    entry.weights.gate = read(location.gate);
    entry.weights.up = read(location.up);
    entry.weights.down = read(location.down);
  }

  std::map<ExpertId, Entry> experts_;
};

static_assert(ExpertProvider<MemoryProvider>);

}  // namespace moe

// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "session.hpp"

#include <cstdint>
#include <string>

namespace moe::inline MOE_ABI::detail {

/// A file with a session: a head, the ids of the text, the state of the model at the current position, and a CRC-32C of all
/// bytes before it. Numbers are little-endian.
///   u64 magic, u32 fingerprint, u16 type of the KV cache, u16 options of ModelOptions (bit 0 bf16_dot, bit 1 int8_mxfp4)
///   u64 context, chunk, requested context, position, written positions, number of ids
///   u32 ids[...];   the arrays of SequenceState::for_each_part();   u32 CRC-32C
class SessionFile {
 public:
  static void save(const Session& session, const std::string& path);
  static Session open(const Model& model, const std::string& path);

 private:
  static constexpr std::uint64_t magic = 0x314e4f4953534553;    // "SESSION1"
  static constexpr std::uint16_t bf16_dot = 1, int8_mxfp4 = 2;  // bits of Head::options

  struct Head {
    std::uint64_t magic;
    std::uint32_t fingerprint;
    std::uint16_t kv_type, options;
    std::uint64_t context, chunk, requested_context, position, written, ids;
  };

  static Head head_of(const Session& session);

  /// The bits of the options with which the model computes.
  static std::uint16_t options_of(const Model& model);

  /// Throws unless the file is a session of this model, computed with the options bf16_dot and int8_mxfp4 of this model.
  static void check(const Head& head, const Model& model, const std::string& path);
};

/// A number that differs between models: a CRC-32C of the names, types and shapes of tensors, of samples of the weights, and of
/// the allowed experts, if the routers are restricted.
std::uint32_t fingerprint(const Transformer& transformer, const Checkpoint& checkpoint);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "session_file.ipp"
#endif

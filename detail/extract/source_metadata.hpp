#pragma once
#include "../core/config.hpp"
#include "../io/checkpoint.hpp"
#include "../io/gguf_metadata.hpp"
#include "gguf_head.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// The elements of an array of strings, as they stand in the file from there on.
std::string array_of_strings(const File& file, std::uint64_t offset, std::uint64_t count);

/// The bytes of a value, as they stand in the file.
std::string value_bytes(const File& file, const GgufValue& value);

/// Carries over what the first file of a GGUF checkpoint says of the model, but not of that file.
void copy_metadata(const File& file, GgufHead& head);

/// What a configuration calls something, and what GGUF files call it behind the architecture.
struct ConfigKeyPair {
  std::string_view hugging_face, gguf;
};

/// Says in the words of GGUF files what a config.json says, as far as these have words for it; and the configuration as
/// it is, which readers of this library take instead.
void describe_config(const Json& config, GgufHead& head);

/// The metadata of an extraction of the checkpoint.
void describe_source(const Checkpoint& source, GgufHead& head);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "source_metadata.ipp"
#endif

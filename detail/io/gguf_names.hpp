#pragma once
#include "../core/config.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// The Hugging Face name of a tensor in a GGUF file. A name without a counterpart is returned unchanged.
std::string hugging_face_name(std::string_view name);

/// The number of dimensions of the tensor with this Hugging Face name, 0 if unknown. Writers of GGUF may omit or add outer
/// dimensions of 1.
std::size_t dimensions_of(std::string_view name);

/// Whether the tensor with this Hugging Face name is a bias of attention.
bool is_attention_bias(std::string_view name);

/// Whether a tensor changes the results of a layer or of the head in a way that the library does not know. `name`: as
/// hugging_face_name() returns it. Tables that can be computed, and layers that predict further tokens (nextn), do not
/// count.
bool is_unknown_part(std::string_view name);

/// The GGUF name of a tensor in a Hugging Face checkpoint that belongs to no expert. A name without a counterpart is
/// returned unchanged.
std::string gguf_name(std::string_view name);

}  // namespace moe::inline MOE_ABI::detail

#if MOE_DEFINITIONS
#include "gguf_names.ipp"
#endif

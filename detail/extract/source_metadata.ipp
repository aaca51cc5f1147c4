#pragma once
#include "source_metadata.hpp"
#include "../core/concat.hpp"
#include "../io/file.hpp"
#include "../io/file_stream.hpp"
#include "../io/gguf_metadata.hpp"
#include "../io/gguf_parser.hpp"
#include "../io/gguf_path.hpp"
#include "../io/json.hpp"
#include "../io/json_writer.hpp"

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

/// The elements of an array of strings at `offset`, as they are stored in the file.
MOE_INLINE std::string array_of_strings(const File& file, std::uint64_t offset, std::uint64_t count) {
  FileStream in(file);
  in.skip(offset);
  for (std::uint64_t i = 0; i < count; ++i) in.skip(in.number<std::uint64_t>());
  std::string out(static_cast<std::size_t>(in.position() - offset), '\0');
  file.read_at(offset, std::as_writable_bytes(std::span(out.data(), out.size())));
  return out;
}

/// The bytes of a value, as they are stored in the file.
MOE_INLINE std::string value_bytes(const File& file, const GgufValue& value) {
  if (value.type != GgufType::array || !value.bytes.empty()) return value.bytes;
  if (value.element_type == GgufType::string) return array_of_strings(file, value.offset, value.count);
  std::string out(static_cast<std::size_t>(value.count * gguf_bytes(value.element_type)), '\0');
  file.read_at(value.offset, std::as_writable_bytes(std::span(out.data(), out.size())));
  return out;
}

MOE_INLINE void copy_metadata(const File& file, GgufHead& head) {
  const GgufContents contents = parse_gguf(file);
  for (const GgufValue& value : contents.metadata.values()) {
    const std::string_view key = value.key;
    const bool about_the_file = key == "general.alignment" || key == "general.file_type" ||
                                key.starts_with("split.") || key == "moe.crc32c" || key == "moe.head_crc32c";
    if (!about_the_file) head.set(value, value_bytes(file, value));
  }
}

/// A value as JSON text, with numbers as they were written.
MOE_INLINE std::string json_text(const Json& value) {
  if (value.is_string()) return to_json(value.as_string());
  if (!value.is_array() && !value.is_object()) return std::string(value.slice());
  std::string out;
  for (const Json part : value) {
    if (!out.empty()) out += ", ";
    if (value.is_object()) out += concat(to_json(part.key()), ": ");
    out += json_text(part);
  }
  return value.is_array() ? concat('[', out, ']') : concat('{', out, '}');
}

/// A key of config.json, and the GGUF key behind the name of the architecture.
struct ConfigKeyPair {
  std::string_view hugging_face, gguf;
};

MOE_INLINE std::string gguf_architecture(std::string_view model_type) {
  if (model_type == "qwen3_moe") return "qwen3moe";
  if (model_type == "qwen3_omni_moe_text") return "qwen3vlmoe";
  return std::string(model_type);
}

MOE_INLINE void describe_config(const Json& config, GgufHead& head) {
  constexpr ConfigKeyPair whole_numbers[] = {{"num_hidden_layers", "block_count"},
                                             {"max_position_embeddings", "context_length"},
                                             {"hidden_size", "embedding_length"},
                                             {"intermediate_size", "feed_forward_length"},
                                             {"num_attention_heads", "attention.head_count"},
                                             {"num_key_value_heads", "attention.head_count_kv"},
                                             {"head_dim", "attention.key_length"},
                                             {"head_dim", "attention.value_length"},
                                             {"num_experts", "expert_count"},
                                             {"num_local_experts", "expert_count"},
                                             {"num_experts_per_tok", "expert_used_count"},
                                             {"moe_intermediate_size", "expert_feed_forward_length"}};
  constexpr ConfigKeyPair fractions[] = {{"rms_norm_eps", "attention.layer_norm_rms_epsilon"},
                                         {"rope_theta", "rope.freq_base"}};
  const std::string architecture = gguf_architecture(config.at("model_type").as_string());
  head.set("general.architecture", std::string_view(architecture));
  std::set<std::string_view> written;  // GGUF allows a key only once
  for (const auto& [key, name] : whole_numbers)
    if (const Json value = config.find(key); value && !value.is_null() && written.insert(name).second)
      head.set(concat(architecture, '.', name), static_cast<std::uint32_t>(value.as_u64(UINT32_MAX)));
  for (const auto& [key, name] : fractions)
    if (const Json value = config.find(key); value && !value.is_null())
      head.set(concat(architecture, '.', name), static_cast<float>(value.as_double()));
  head.set("moe.config", std::string_view(json_text(config)));
}

MOE_INLINE void describe_source(const Checkpoint& source, GgufHead& head) {
  if (is_gguf(source.files()[0].path())) {
    copy_metadata(source.files()[0], head);
  } else {
    describe_config(source.config(), head);
  }
}

}  // namespace moe::inline MOE_ABI::detail

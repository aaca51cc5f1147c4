// SPDX-License-Identifier: MIT
#pragma once
#include "model_source.hpp"
#include "../core/concat.hpp"
#include "../core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// The model_type of config.json. Without a model_type: the model_type of the family whose `untyped_member` is in config.json,
/// or empty. Empty also if the value is no text.
MOE_INLINE std::string_view model_type_of(const Json& root) {
  if (const Json type = root.find("model_type"))
    return type.is_string() ? type.as_string() : std::string_view();
  for (const Family& family : families()) {
    if (family.untyped_member.empty()) continue;
    const Json member = root.find(family.untyped_member);
    if (member && member.is_object()) return family.model_type;
  }
  return "";
}

MOE_INLINE const Family* family_of_type(std::string_view model_type) {
  for (const Family& family : families()) {
    if (family.model_type == model_type) return &family;
    for (const std::string_view other : family.other_types)
      if (!other.empty() && other == model_type) return &family;
  }
  return nullptr;
}

/// The family of an architecture of GGUF; null if there is none. A family with experts and a family without experts may share
/// an architecture; then has_experts decides.
MOE_INLINE const Family* family_of_architecture(std::string_view architecture, bool has_experts) {
  const Family* out = nullptr;
  for (const Family& family : families())
    for (const std::string_view name : family.architectures)
      if (!name.empty() && name == architecture && (!out || family.has_experts() == has_experts))
        out = &family;
  return out;
}

/// A list of the values of model_type, or of general.architecture, for error messages. Family::other_types are left out,
/// because fail() shortens long texts.
MOE_INLINE std::string supported_families(bool gguf) {
  std::vector<std::string_view> names;
  const auto add = [&](std::string_view name) {
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const Family& family : families())
    if (gguf) {
      for (const std::string_view architecture : family.architectures) add(architecture);
    } else {
      add(family.model_type);
    }
  std::string out;
  for (const std::string_view name : names) out += concat(out.empty() ? "" : ", ", name);
  return out;
}

/// The name of a family that is not supported, and what the library lacks if this is known:
/// `"deepseek_v4" (not supported: compressed attention and hyper-connections)`.
MOE_INLINE std::string describe_missing(std::string_view name) {
  for (const MissingFamily& family : missing_families())
    if (name == family.model_type || name == family.architecture)
      return concat('"', name, "\" (not supported: ", family.missing, ')');
  return name.empty() ? "none" : concat('"', name, '"');
}

MOE_INLINE const Family* find_family(const Checkpoint& checkpoint) {
  if (checkpoint.naming() == Naming::hugging_face) return family_of_type(model_type_of(checkpoint.config()));
  const GgufMetadata& metadata = checkpoint.metadata();
  metadata.require("general.architecture");
  const std::string_view architecture = *metadata.text("general.architecture");
  const std::uint64_t experts = metadata.whole(concat(architecture, ".expert_count")).value_or(0);
  return family_of_architecture(architecture, experts > 0);
}

MOE_INLINE const Family& require_family(const Checkpoint& checkpoint, const Family* family) {
  if (family) return *family;
  if (checkpoint.naming() == Naming::hugging_face) {
    const Json type = checkpoint.config().find("model_type");
    ValueSource(checkpoint.config())
        .fail_at("model_type", supported_families(false),
                 type && !type.is_string() ? "a value that is no text"
                                           : describe_missing(model_type_of(checkpoint.config())));
  }
  const GgufMetadata& metadata = checkpoint.metadata();
  metadata.fail_at("general.architecture", supported_families(true),
                   describe_missing(*metadata.text("general.architecture")));
}

/// The object of config.json that describes the text model.
MOE_INLINE Json text_config_of(const Json& root, const Family& family) {
  Json out = root;
  for (const std::string_view member : family.nested) {
    if (member.empty()) continue;
    const Json inner = out.find(member);
    if (inner && inner.is_object()) {
      out = inner;
    } else if (model_type_of(root) == family.model_type && !out.find("hidden_size")) {
      out.fail_here(concat("a member \"", member, "\" that describes the text model"), "none");
    }
  }
  return out;
}

MOE_INLINE ValueSource values_of(const Checkpoint& checkpoint, const Family& family) {
  if (checkpoint.naming() == Naming::hugging_face)
    return ValueSource(text_config_of(checkpoint.config(), family));
  const GgufMetadata& metadata = checkpoint.metadata();
  return {metadata, concat(*metadata.text("general.architecture"), '.')};
}

MOE_INLINE Quantisation quantisation_for(const Checkpoint& checkpoint, const Family* family) {
  if (checkpoint.naming() == Naming::gguf) return {};
  return quantisation_of(checkpoint, family && family->mxfp4);
}

MOE_INLINE ModelSource::ModelSource(const Checkpoint& checkpoint)
    : checkpoint_(checkpoint),
      quantisation_(quantisation_for(checkpoint_, find_family(checkpoint_))),
      family_(&require_family(checkpoint_, find_family(checkpoint_))),
      values_(values_of(checkpoint_, *family_)),
      names_(checkpoint_, *family_),
      layers_(count_layers()) {
  require_model();
}

MOE_INLINE void ModelSource::require_model() const {
  const auto has_any = [&](std::string_view start) {
    return std::any_of(checkpoint_.tensors().begin(), checkpoint_.tensors().end(),
                       [&](const TensorInfo& tensor) { return tensor.name.starts_with(start); });
  };
  if (checkpoint_.naming() == Naming::hugging_face && checkpoint_.find("token_embd.weight"))
    fail(checkpoint_.path(), "moe.config", "tensors with the names of the source",
         "the names of GGUF, as an older version of the extractor wrote them");
  if (values_.is_gguf() && values_.has("nextn_predict_layers") && !has_any("blk.0."))
    fail(checkpoint_.path(), "layers", "the layers of the model", "only layers that draft tokens");
}

MOE_INLINE std::size_t ModelSource::count_layers() const {
  expect(!checkpoint_.tensors().empty(), checkpoint_.path(), "tensors", "the tensors of a model", "none");
  // Every layer has tensors of its own, so this bound keeps lists of layers smaller than the file.
  const SizeRange range{.least = 1,
                        .most = std::min<std::uint64_t>(checkpoint_.tensors().size(), SizeRange{}.most)};
  if (!values_.is_gguf()) {
    // Nemotron-H: the pattern or the list states the layers; num_hidden_layers may be out of date.
    const std::size_t pattern = values_.text("hybrid_override_pattern", "").size();
    const bool renamed = family_->pattern == Family::Pattern::blocks && !values_.has("layers_block_type");
    const std::string_view list = renamed ? "layer_types" : "layers_block_type";
    const std::size_t blocks = pattern > 0 ? pattern : values_.texts(list).size();
    if (blocks == 0) return values_.size("num_hidden_layers", family_->defaults->layers, range);
    if (blocks > range.most)
      values_.fail_at(pattern > 0 ? "hybrid_override_pattern" : list,
                      concat("at most ", range.most, " blocks, the number of tensors"), concat(blocks));
    return blocks;
  }
  checkpoint_.metadata().require(
      concat(*checkpoint_.metadata().text("general.architecture"), ".block_count"));
  const std::size_t blocks = values_.size("block_count", 0, range);
  return blocks - values_.size("nextn_predict_layers", 0, {.most = blocks - 1});
}

}  // namespace moe::inline MOE_ABI::detail

// SPDX-License-Identifier: MIT
#pragma once
#include "rope_reader.hpp"
#include "../core/concat.hpp"
#include "../core/decimal.hpp"
#include "../core/portable_math.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace moe::inline MOE_ABI::detail {

using RopeScaling = RopeParameters::Scaling;

inline constexpr NumberRange theta_range{1.001, 1e12}, positive_range{1e-6, 1e9};

/// The factor by which YaRN with this mscale multiplies sines and cosines.
MOE_INLINE double yarn_magnitude(double factor, double mscale) {
  return factor <= 1 ? 1.0 : 0.1 * mscale * portable::log(factor) + 1;
}

/// Reads YaRN of config.json. The magnitude is attention_factor. If attention_factor is not stated, the magnitude is the
/// yarn_magnitude() of mscale divided by the yarn_magnitude() of mscale_all_dim; but if mscale or mscale_all_dim is 0 or not
/// stated, the yarn_magnitude() of mscale 1.
MOE_INLINE void read_yarn(const ValueSource& values, bool latent, RopeParameters& out) {
  constexpr NumberRange any{0, 1e6};
  out.scaling = RopeScaling::yarn;
  out.beta_fast = values.number("beta_fast", 32, positive_range);
  out.beta_slow = values.number("beta_slow", 1, positive_range);
  out.truncate = values.flag("truncate", true);
  const double mscale = values.number("mscale", 0, any), all = values.number("mscale_all_dim", 0, any);
  const double stated = values.number("attention_factor", 1, any);
  out.magnitude = values.has("attention_factor") ? stated
                  : mscale != 0 && all != 0
                      ? yarn_magnitude(out.factor, mscale) / yarn_magnitude(out.factor, all)
                      : yarn_magnitude(out.factor, 1);
  if (!latent || all == 0) return;
  const double magnitude = yarn_magnitude(out.factor, all);
  out.score_factor = magnitude * magnitude;
}

MOE_INLINE void read_llama3(const ValueSource& values, RopeParameters& out) {
  out.scaling = RopeScaling::llama3;
  out.low_frequency_factor = values.number("low_freq_factor", 1, positive_range);
  out.high_frequency_factor = values.number("high_freq_factor", 4, positive_range);
  if (out.high_frequency_factor <= out.low_frequency_factor)
    values.fail_at("high_freq_factor",
                   concat("more than ", to_decimal(out.low_frequency_factor), ", the low_freq_factor"),
                   to_decimal(out.high_frequency_factor));
}

/// PhiMoE states one magnitude for short contexts and one for long contexts.
MOE_INLINE void read_longrope(const ValueSource& values, RopeParameters& out) {
  out.scaling = RopeScaling::longrope;
  out.short_factors = values.numbers("short_factor");
  out.long_factors = values.numbers("long_factor");
  for (const auto& [key, factors] :
       {std::pair("short_factor", &out.short_factors), std::pair("long_factor", &out.long_factors)}) {
    if (factors->empty()) values.fail_at(key, "a list of numbers", "none");
    for (const double factor : *factors)
      if (!(factor >= positive_range.least && factor <= positive_range.most))
        values.fail_at(key, "numbers from 1e-06 to 1e+09", to_decimal(factor));
  }
  const double original = out.original_positions;
  const double common = out.factor <= 1 || original <= 1
                            ? 1
                            : std::sqrt(1 + portable::log(out.factor) / portable::log(original));
  const double stated = values.number("attention_factor", common, positive_range);
  out.magnitude = values.number("short_mscale", stated, positive_range);
  out.long_magnitude = values.number("long_mscale", stated, positive_range);
}

/// The kind of scaling that an object of config.json states. mrope has streams of positions, which are equal for text. su is
/// the old name of longrope.
MOE_INLINE std::string scaling_type(const ValueSource& values) {
  const std::string type = values.text(values.has("rope_type") ? "rope_type" : "type", "default");
  if (type == "su") return "longrope";
  return type == "mrope" ? "default" : type;
}

/// Refuses a rope_scaling that contradicts the rope_parameters beside it: transformers and llama.cpp disagree about which of
/// the two counts.
MOE_INLINE void require_same_scaling(const SpecReader& reader, const ValueSource& parameters) {
  const auto scaling = reader.source().values().object(reader.name_of(keys::rope_scaling));
  if (!scaling || scaling_type(*scaling) == "default") return;
  if (const std::string type = scaling_type(parameters); scaling_type(*scaling) != type)
    reader.fail_at(keys::rope_scaling, concat(type, ", as rope_parameters has it"), scaling_type(*scaling));
}

/// The scaling that an object of config.json describes.
MOE_INLINE void read_scaling(const SpecReader& reader, const ValueSource& values, double positions,
                             RopeParameters& out) {
  const std::string type = scaling_type(values);
  if (type == "default") return;
  constexpr std::string_view known[] = {"linear", "yarn", "llama3", "longrope", "proportional"};
  if (std::find(std::begin(known), std::end(known), type) == std::end(known))
    values.fail_at(values.has("rope_type") ? "rope_type" : "type",
                   "default, mrope, linear, yarn, llama3, longrope, su or proportional", type);
  const bool long_rope = type == "longrope", relative = long_rope || type == "yarn";
  const double inner = values.number("original_max_position_embeddings", positions, positive_range);
  out.original_positions = reader.number(keys::original_positions, inner, positive_range);
  const bool stated = values.has("original_max_position_embeddings") || reader.has(keys::original_positions);
  if (!values.has("factor") && !(relative && stated) && type != "proportional")
    values.fail_at("factor", "a number", "none");
  out.factor = values.number("factor", relative ? positions / out.original_positions : 1, positive_range);
  if (type == "linear") out.scaling = RopeScaling::linear;
  if (type == "proportional") out.scaling = RopeScaling::proportional;
  if (type == "yarn") read_yarn(values, reader.family().latent != nullptr, out);
  if (type == "llama3") read_llama3(values, out);
  if (long_rope) read_longrope(values, out);
}

/// The member of rope_parameters for a kind of layers, or rope_parameters itself if all kinds share one object.
MOE_INLINE ValueSource parameters_of_kind(const ValueSource& parameters, bool slides) {
  const std::string_view kind = slides ? "sliding_attention" : "full_attention",
                         other = slides ? "full_attention" : "sliding_attention";
  if (const auto own = parameters.object(kind)) return *own;
  if (parameters.is_object(other)) parameters.fail_at(kind, "an object", "none");
  return parameters;
}

/// Reads the share of a head that is rotated. values: rope_parameters or rope_scaling, if the configuration has one of them.
/// Only some families can rotate a part of a head.
MOE_INLINE void read_share(const SpecReader& reader, const std::optional<ValueSource>& values,
                           RopeParameters& out) {
  const double usual = out.scaling == RopeScaling::proportional ? out.share : reader.family().rotated;
  const double outer = reader.number(keys::rotated_share, usual, {0, 1});
  out.share = values ? values->number("partial_rotary_factor", outer, {0, 1}) : outer;
  if (reader.family().rotated < 1) {
    out.size = reader.size(keys::rotated, 0);
  } else if (out.share != 1 && out.scaling != RopeScaling::proportional) {
    const bool inner = values && values->has("partial_rotary_factor");
    (inner ? *values : reader.source().values()).fail_at("partial_rotary_factor", "1", to_decimal(out.share));
  }
}

/// Sets the scaling of the family, for checkpoints without rope_scaling and without rope_parameters.
MOE_INLINE void set_usual_scaling(const SpecReader& reader, bool slides, RopeParameters& out) {
  const Family& family = reader.family();
  if (family.yarn_factor > 0) {
    out.scaling = RopeScaling::yarn;
    out.factor = family.yarn_factor;
    out.original_positions = family.yarn_positions;
    out.truncate = family.yarn_truncates;
    out.magnitude = yarn_magnitude(out.factor, 1);
  }
  if (slides || family.proportional == 0) return;
  out.scaling = RopeScaling::proportional;
  out.share = family.proportional;
}

MOE_INLINE RopeParameters read_rope_of_config(const SpecReader& reader, bool slides,
                                              std::size_t max_positions) {
  const Family& family = reader.family();
  const bool differs = family.kinds_differ && !slides;
  RopeParameters out;
  out.neighbours = family.latent && reader.flag(keys::rope_neighbours, true);
  out.theta = reader.number(keys::theta, differs ? family.full_theta : reader.defaults().theta, theta_range);
  std::optional<ValueSource> values = reader.source().values().object(reader.name_of(keys::rope_parameters));
  if (values) {
    values = parameters_of_kind(*values, slides);
    if (!family.kinds_differ) require_same_scaling(reader, *values);
  } else {
    values = reader.source().values().object(reader.name_of(keys::rope_scaling));
  }
  if (values) {
    out.theta = values->number("rope_theta", out.theta, theta_range);
    read_scaling(reader, *values, static_cast<double>(max_positions), out);
  } else if (!reader.is_null(keys::rope_scaling)) {
    set_usual_scaling(reader, slides, out);
  }
  read_share(reader, values, out);
  return out;
}

/// Reads YaRN of a GGUF file. A yarn_ext_factor that is neither 1 nor negative is refused: it would mix in frequencies without
/// YaRN. The converter of llama.cpp writes attention_factor of config.json as yarn_attn_factor. For a model with latent
/// attention whose mscale and mscale_all_dim are equal, the converter writes 0.1 · mscale_all_dim as yarn_log_multiplier: then
/// the scores are multiplied by the square of the magnitude, and sines and cosines by 1.
MOE_INLINE void read_yarn_of_gguf(const SpecReader& reader, RopeParameters& out) {
  out.scaling = RopeScaling::yarn;
  out.beta_fast = reader.number(keys::yarn_fast, 32, positive_range);
  out.beta_slow = reader.number(keys::yarn_slow, 1, positive_range);
  out.truncate = reader.family().yarn_truncates;
  const double mix = reader.number(keys::yarn_mix, 1, {-1e9, 1e9});
  if (mix >= 0 && mix != 1)
    reader.fail_at(keys::yarn_mix, "1 (or a negative number, which means 1)", to_decimal(mix));
  const double multiplier =
      reader.family().latent ? reader.number(keys::yarn_log_multiplier, 0, {0, 1e3}) : 0;
  const double usual = multiplier > 0 ? 1 : yarn_magnitude(out.factor, 1);
  out.magnitude *= reader.number(keys::yarn_magnitude, usual, positive_range);
  if (multiplier == 0 || out.factor <= 1) return;
  const double magnitude = multiplier * portable::log(out.factor) + 1;
  out.score_factor = magnitude * magnitude;
}

MOE_INLINE void read_scaling_of_gguf(const SpecReader& reader, std::size_t max_positions,
                                     RopeParameters& out) {
  out.stored_divisors = reader.names().find(Role::rope_divisors) != nullptr;
  out.original_positions =
      static_cast<double>(reader.size(keys::original_positions, max_positions, {.least = 1}));
  out.magnitude = reader.number(keys::magnitude, 1, positive_range);
  if (reader.names().find(Role::rope_long) || reader.names().find(Role::rope_short)) {
    out.scaling = RopeScaling::longrope;
    out.long_magnitude = out.magnitude;
    return;
  }
  // A factor without a type means linear scaling. Old files call the factor scale_linear.
  const std::string type = reader.text(keys::scaling_type, "linear");
  const double factor = reader.number(keys::scaling_factor, 1, {0, positive_range.most});
  if (factor != 0) out.factor = factor;
  if (type == "none" || (type == "linear" && out.factor == 1)) return;
  if (type == "linear") {
    out.scaling = RopeScaling::linear;
  } else if (type == "yarn") {
    read_yarn_of_gguf(reader, out);
  } else if (type == "longrope") {
    (void)reader.checkpoint().at(reader.names().of(Role::rope_long));  // throws: the tensor is missing
  } else {
    reader.fail_at(keys::scaling_type, "none, linear, yarn or longrope", type);
  }
}

MOE_INLINE RopeParameters read_rope_of_gguf(const SpecReader& reader, bool slides,
                                            std::size_t max_positions) {
  const Family& family = reader.family();
  const bool window_kind = family.kinds_differ && slides;
  RopeParameters out;
  out.neighbours = family.neighbours_in_gguf || family.latent;
  // A GGUF file that does not state theta means the default of the format, not the default of the family.
  const double theta = window_kind ? 10000 : reader.number(keys::theta, 10000, theta_range);
  out.theta = slides ? reader.number(keys::window_theta, theta, theta_range) : theta;
  out.size = reader.size(window_kind ? keys::window_rotated : keys::rotated, 0);
  read_scaling_of_gguf(reader, max_positions, out);
  // The stored divisors belong to layers without a window. Layers with a window have heads of another width.
  if (window_kind) out.stored_divisors = false;
  if (family.proportional > 0 && !window_kind && !out.stored_divisors)
    (void)reader.checkpoint().at(reader.names().of(Role::rope_divisors));
  return out;
}

MOE_INLINE RopeParameters read_rope(const SpecReader& reader, bool slides, std::size_t max_positions) {
  return reader.is_gguf() ? read_rope_of_gguf(reader, slides, max_positions)
                          : read_rope_of_config(reader, slides, max_positions);
}

}  // namespace moe::inline MOE_ABI::detail

#pragma once
#include "rope_config.hpp"
#include "../core/concat.hpp"
#include "../core/portable_math.hpp"
#include "config_reader.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace moe::inline MOE_ABI::detail {

/// The factor of the sines and cosines in YaRN: `attention_factor` if it is stated; otherwise a function of both mscales, or
/// of the scaling factor alone.
inline double yarn_magnitude(const ConfigReader& scaling, double factor) {
  constexpr NumberRange any{0, 1e6};
  if (scaling.has("attention_factor")) return scaling.number("attention_factor", 1, any);
  const auto magnitude = [&](double mscale) {
    return factor <= 1 ? 1.0 : 0.1 * mscale * portable::log(factor) + 1;
  };
  const double mscale = scaling.number("mscale", 0, any);
  const double mscale_all_dim = scaling.number("mscale_all_dim", 0, any);
  if (mscale != 0 && mscale_all_dim != 0) return magnitude(mscale) / magnitude(mscale_all_dim);
  return magnitude(1);
}

inline void read_scaling(const ConfigReader& reader, std::size_t max_positions, RopeConfig& out) {
  constexpr NumberRange positive{1e-6, 1e9};
  const std::string type = reader.text("rope_type", reader.text("type", "default"));
  if (type == "default" || type == "mrope")
    return;  // mrope has three streams of positions, which are equal for text
  if (type != "linear" && type != "yarn" && type != "llama3")
    reader.fail_at(reader.has("rope_type") ? "rope_type" : "type", "default, mrope, linear, yarn or llama3",
                   type);

  const auto positions = static_cast<double>(max_positions);
  out.original_positions = reader.number("original_max_position_embeddings", positions, positive);
  if (!reader.has("factor") && !(type == "yarn" && reader.has("original_max_position_embeddings")))
    reader.fail_at("factor", "a number", "none");
  out.factor = reader.number("factor", positions / out.original_positions, positive);
  if (type == "linear") {
    out.scaling = RopeConfig::Scaling::linear;
  } else if (type == "yarn") {
    out.scaling = RopeConfig::Scaling::yarn;
    out.beta_fast = reader.number("beta_fast", 32, positive);
    out.beta_slow = reader.number("beta_slow", 1, positive);
    out.truncate = reader.flag("truncate", true);
    out.magnitude = yarn_magnitude(reader, out.factor);
  } else {
    out.scaling = RopeConfig::Scaling::llama3;
    out.low_frequency_factor = reader.number("low_freq_factor", 1, positive);
    out.high_frequency_factor = reader.number("high_freq_factor", 4, positive);
    if (out.high_frequency_factor <= out.low_frequency_factor)
      reader.fail_at("high_freq_factor", "more than low_freq_factor", concat(out.high_frequency_factor));
  }
}

/// The members of `parameters`, if there are any, take precedence over the members of `config`.
inline RopeConfig read_rope(const ConfigReader& config, const std::optional<ConfigReader>& parameters,
                            double default_theta, std::size_t max_positions) {
  RopeConfig out;
  constexpr NumberRange range{1.001, 1e12};
  out.theta = config.number("rope_theta", default_theta, range);
  out.interleaved = config.flag("rope_interleave", false);
  if (parameters) {
    out.theta = parameters->number("rope_theta", out.theta, range);
    read_scaling(*parameters, max_positions, out);
  }
  for (const ConfigReader* reader : {&config, parameters ? &*parameters : &config})
    if (reader->number("partial_rotary_factor", 1, {0, 1}) != 1)
      reader->fail_at("partial_rotary_factor", "1", "less");
  return out;
}

MOE_INLINE RopeConfig rope_config_of(const ConfigReader& config, double default_theta,
                                     std::size_t max_positions) {
  const std::optional<ConfigReader> parameters = config.object("rope_parameters");
  if (!parameters) return read_rope(config, config.object("rope_scaling"), default_theta, max_positions);
  std::optional<RopeConfig> out;
  for (const char* kind : {"full_attention", "sliding_attention"}) {
    const std::optional<ConfigReader> of_kind = parameters->object(kind);
    if (!of_kind) continue;
    const RopeConfig next = read_rope(config, of_kind, default_theta, max_positions);
    if (out && next != *out) parameters->fail_at(kind, "the values of full_attention", "other values");
    out = next;
  }
  return out ? *out : read_rope(config, parameters, default_theta, max_positions);
}

}  // namespace moe::inline MOE_ABI::detail

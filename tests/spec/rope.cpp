// SPDX-License-Identifier: MIT
#include "detail/spec/model_spec.hpp"
#include "detail/spec/rope_spec.hpp"
#include "support/message_of.hpp"
#include "support/spec_checkpoint.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

using moe::RopeSpec;

namespace {

/// The positions of the first layer of a small model with heads of 16 numbers.
RopeSpec rope_of_config(const std::string& members, const std::string& model_type = "qwen3_moe",
                        const std::string& head_dim = "16") {
  const moe::ModelSpec spec =
      spec_of("\"model_type\": \"" + model_type +
              R"(", "num_hidden_layers": 2, "max_position_embeddings": 1000, "head_dim": )" + head_dim +
              (members.empty() ? "" : ", ") + members);
  return *attention_of(spec).rope;
}

std::vector<double> powers(double theta, std::size_t pairs) {
  std::vector<double> out;
  for (std::size_t i = 0; i < pairs; ++i)
    out.push_back(std::pow(theta, -static_cast<double>(i) / static_cast<double>(pairs)));
  return out;
}

void check_frequencies(const std::vector<double>& frequencies, const std::vector<double>& expected) {
  REQUIRE(frequencies.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    CHECK(frequencies[i] == doctest::Approx(expected[i]).epsilon(1e-12));
  }
}

/// A GGUF model with heads of 8 numbers and 16 positions.
GgufBuilder gguf_with_rope(const std::string& architecture = "qwen3moe") {
  GgufBuilder file = gguf_model(architecture);
  file.value(architecture + ".attention.key_length", 8u);
  return file;
}

RopeSpec rope_of(const GgufBuilder& file) { return *attention_of(spec_of(file)).rope; }

}  // namespace

TEST_CASE("rope: frequency i is theta^(-2i/d)") {
  const RopeSpec rope = rope_of_config(R"("rope_theta": 1e6)", "qwen3_moe", "128");
  check_frequencies(rope.frequencies, powers(1e6, 64));
  CHECK(rope.magnitude == 1);
  CHECK_FALSE(rope.neighbours);
  CHECK(rope.long_frequencies.empty());
}

TEST_CASE("rope: theta stands beside rope_scaling or in rope_parameters, or is the default of the family") {
  CHECK(rope_of_config(R"("rope_scaling": {"rope_type": "default"}, "rope_theta": 5)").frequencies ==
        rope_of_config(R"("rope_parameters": {"rope_type": "default", "rope_theta": 5})").frequencies);
  check_frequencies(rope_of_config("").frequencies, powers(1e4, 8));
  check_frequencies(rope_of_config("", "mixtral").frequencies, powers(1e6, 8));
  check_frequencies(
      rope_of_config(R"("rope_scaling": {"type": "mrope", "mrope_section": [1, 2]}, "rope_theta": 7)")
          .frequencies,
      powers(7, 8));
}

TEST_CASE("rope: rope_parameters may differ by the kind of the layer") {
  const std::string kinds =
      R"("rope_parameters": {"full_attention": {"rope_theta": 9}, "sliding_attention": {"rope_theta": 5}})";
  check_frequencies(rope_of_config(kinds).frequencies, powers(9, 8));
  check_frequencies(rope_of_config(kinds, "mistral").frequencies, powers(5, 8));
  check_error(
      [] { return rope_of_config(R"("rope_parameters": {"full_attention": {"rope_theta": 9}})", "mistral"); },
      {"$.rope_parameters", "\"sliding_attention\" to be an object"});
}

TEST_CASE("rope: linear scaling divides all frequencies by the factor") {
  std::vector<double> expected = powers(100, 8);
  for (double& frequency : expected) frequency /= 2.5;
  for (const char* form : {R"("rope_theta": 100, "rope_scaling": {"type": "linear", "factor": 2.5})",
                           R"("rope_parameters": {"rope_theta": 100, "rope_type": "linear", "factor": 2.5})"})
    check_frequencies(rope_of_config(form).frequencies, expected);
}

TEST_CASE("rope: yarn keeps high frequencies, divides low ones by the factor, and scales the magnitude") {
  // Computed by hand: d = 32, theta = 100, original 32: corr(2) = 3.2476 and corr(1) = 5.6558, so the ramp goes from 3 to 6.
  const std::string yarn =
      R"("rope_theta": 100, "rope_scaling": {"rope_type": "yarn", "factor": 4, "beta_fast": 2,
          "original_max_position_embeddings": 32)";
  const RopeSpec rope = rope_of_config(yarn + "}", "qwen3_moe", "32");
  const std::vector<double> plain = powers(100, 16);
  CHECK(rope.frequencies[3] == doctest::Approx(plain[3]).epsilon(1e-14));
  CHECK(rope.frequencies[4] == doctest::Approx(0.237171).epsilon(1e-5));
  CHECK(rope.frequencies[6] == doctest::Approx(plain[6] / 4).epsilon(1e-14));
  CHECK(rope.magnitude == doctest::Approx(1.138629436).epsilon(1e-9));
  const RopeSpec exact = rope_of_config(yarn + R"(, "truncate": false})", "qwen3_moe", "32");
  const double ramp = (4 - 3.2476) / (5.6558 - 3.2476);
  CHECK(exact.frequencies[4] == doctest::Approx(plain[4] * (1 - ramp + ramp / 4)).epsilon(1e-4));
  CHECK(exact.frequencies[3] == doctest::Approx(plain[3]).epsilon(1e-14));
}

TEST_CASE("rope: the magnitude of yarn is stated, or follows from two mscales, or from the factor") {
  const auto magnitude = [](const std::string& members) {
    return rope_of_config(R"("rope_scaling": {"rope_type": "yarn", )" + members + "}").magnitude;
  };
  CHECK(magnitude(R"("factor": 4)") == doctest::Approx(1.13862943611));
  CHECK(magnitude(R"("factor": 4, "attention_factor": 1.5)") == 1.5);
  CHECK(magnitude(R"("factor": 40, "mscale": 0.7, "mscale_all_dim": 0.7)") == 1);
  CHECK(magnitude(R"("original_max_position_embeddings": 250)") == doctest::Approx(1.13862943611));
}

TEST_CASE("rope: llama3 scaling divides the frequencies of long wavelengths only") {
  const RopeSpec rope = rope_of_config(
      R"("rope_theta": 10000, "rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1,
          "high_freq_factor": 4, "original_max_position_embeddings": 100})",
      "llama", "64");
  const std::vector<double> plain = powers(10000, 32);
  for (std::size_t i = 0; i < 32; ++i) {
    const double turns = 100 * plain[i] / 6.283185307179586, smooth = (turns - 1) / 3;
    const double expected = turns < 1   ? plain[i] / 8
                            : turns > 4 ? plain[i]
                                        : (1 - smooth) * plain[i] / 8 + smooth * plain[i];
    CHECK(rope.frequencies[i] == doctest::Approx(expected).epsilon(1e-12));
  }
}

TEST_CASE("rope: longrope has divisors for short contexts and for long ones") {
  const std::string factors =
      R"("rope_theta": 100, "original_max_position_embeddings": 250, "rope_scaling": {"type": "longrope",
          "short_factor": [1, 2], "long_factor": [4, 8])";
  const RopeSpec stated =
      rope_of_config(factors + R"(, "short_mscale": 1.25, "long_mscale": 1.5})", "phimoe", "4");
  check_frequencies(stated.frequencies, {1, 0.05});
  check_frequencies(stated.long_frequencies, {0.25, 0.0125});
  CHECK(stated.magnitude == 1.25);
  CHECK(stated.long_magnitude == 1.5);
  CHECK(stated.short_positions == 250);
  const RopeSpec computed = rope_of_config(factors + "}", "phimoe", "4");
  CHECK(computed.magnitude == doctest::Approx(std::sqrt(1 + std::log(4) / std::log(250))));
  CHECK(computed.long_magnitude == computed.magnitude);
  check_error([&] { return rope_of_config(factors + "}", "phimoe", "8"); },
              {"$.rope_scaling", "lists of 4 factors", "lists of 2 and 2 factors"});
  check_error(
      [] {
        return rope_of_config(R"("rope_scaling": {"type": "longrope", "factor": 2, "short_factor": [1, 0]})",
                              "phimoe", "4");
      },
      {"$.rope_scaling.short_factor", "numbers from", "found 0"});
}

TEST_CASE("rope: su is the old name of longrope") {
  const auto longrope = [](const std::string& type) {
    return R"({"type": ")" + type + R"(", "factor": 2, "short_factor": [1, 2], "long_factor": [4, 8]})";
  };
  const auto rope = [](const std::string& members) { return rope_of_config(members, "phimoe", "4"); };
  CHECK(rope("\"rope_scaling\": " + longrope("su")) == rope("\"rope_scaling\": " + longrope("longrope")));
  CHECK(rope("\"rope_scaling\": " + longrope("su") + ", \"rope_parameters\": " + longrope("longrope")) ==
        rope("\"rope_scaling\": " + longrope("su")));
}

TEST_CASE("rope: some families rotate a part of each head") {
  check_frequencies(rope_of_config(R"("rope_theta": 100)", "glm4_moe").frequencies, powers(100, 4));
  for (const char* form : {R"("partial_rotary_factor": 0.25, "rope_theta": 100)",
                           R"("rope_parameters": {"partial_rotary_factor": 0.25, "rope_theta": 100})"})
    check_frequencies(rope_of_config(form, "glm4_moe").frequencies, powers(100, 2));
  check_frequencies(rope_of_config(R"("rope_theta": 100, "rotary_dim": 12)", "minimax_m2").frequencies,
                    powers(100, 6));
  check_frequencies(rope_of_config(R"("rope_theta": 100)", "minimax_m2").frequencies, powers(100, 4));
  check_error([] { return rope_of_config(R"("partial_rotary_factor": 0.5)"); },
              {"$.partial_rotary_factor", "expected 1, found 0.5"});
  check_error([] { return rope_of_config(R"("rotary_dim": 7)", "minimax_m2"); },
              {"$.rotary_dim", "an even number", "found 7"});
  check_error([] { return rope_of_config(R"("rotary_dim": 18)", "minimax_m2"); },
              {"$.rotary_dim", "expected at most 16, the width of a head", "found 18"});
}

TEST_CASE("rope: Gemma leaves most pairs of heads without a window as they are") {
  const moe::ModelSpec spec = spec_of(
      R"("model_type": "gemma4_text", "num_hidden_layers": 2, "head_dim": 4, "global_head_dim": 20,
         "layer_types": ["sliding_attention", "full_attention"], "rope_parameters":
         {"sliding_attention": {"rope_type": "default", "rope_theta": 100},
          "full_attention": {"rope_type": "proportional", "partial_rotary_factor": 0.3, "rope_theta": 1e4}})");
  check_frequencies(attention_of(spec, 0).rope->frequencies, powers(100, 2));
  std::vector<double> expected = powers(1e4, 10);
  for (std::size_t i = 3; i < expected.size(); ++i) expected[i] = 0;
  check_frequencies(attention_of(spec, 1).rope->frequencies, expected);
  const moe::ModelSpec usual = spec_of(R"("model_type": "gemma4_text", "num_hidden_layers": 2)");
  CHECK(attention_of(usual, 0).rope->frequencies.size() == 128);
  CHECK(attention_of(usual, 1).rope->frequencies[63] == doctest::Approx(std::pow(1e6, -126.0 / 512)));
  CHECK(attention_of(usual, 1).rope->frequencies[64] == 0);
}

TEST_CASE("rope: gpt-oss has yarn, whether its configuration states it or not") {
  const RopeSpec usual = rope_of_config("", "gpt_oss", "64");
  const RopeSpec stated = rope_of_config(
      R"("rope_theta": 150000, "rope_scaling": {"rope_type": "yarn", "factor": 32.0, "beta_fast": 32.0,
          "beta_slow": 1.0, "original_max_position_embeddings": 4096, "truncate": false})",
      "gpt_oss", "64");
  CHECK(usual == stated);
  CHECK(usual.magnitude == doctest::Approx(1.34657359));
}

TEST_CASE("rope: some families have no positions") {
  const auto has_rope = [](const std::string& members) {
    return attention_of(spec_of(R"("num_hidden_layers": 1, )" + members)).rope.has_value();
  };
  CHECK_FALSE(has_rope(R"("model_type": "nemotron_h", "hybrid_override_pattern": "*", "rope_theta": 7)"));
  const std::string granite = R"("model_type": "granitemoehybrid", "layer_types": ["attention"])";
  CHECK_FALSE(has_rope(granite));
  CHECK_FALSE(has_rope(granite + R"(, "position_embedding_type": "nope")"));
  CHECK_FALSE(has_rope(granite + R"(, "position_embedding_type": null)"));
  CHECK(has_rope(granite + R"(, "position_embedding_type": "rope")"));
  check_error([&] { return has_rope(granite + R"(, "position_embedding_type": "alibi")"); },
              {"$.position_embedding_type", "nope or rope", "alibi"});
}

TEST_CASE("rope: GGUF files of Granite may switch positions off") {
  const auto has_rope = [](const std::string& architecture, bool stated) {
    GgufBuilder file = gguf_with_rope(architecture);
    if (stated) file.value(architecture + ".rope.scaling.finetuned", false);
    return attention_of(spec_of(file)).rope.has_value();
  };
  for (const char* architecture : {"granite", "granitemoe"}) {
    CAPTURE(architecture);
    CHECK(has_rope(architecture, false));
    CHECK_FALSE(has_rope(architecture, true));
  }
}

TEST_CASE("rope: rope_scaling that contradicts rope_parameters is refused") {
  const std::string yarn = R"({"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 128})";
  const std::string plain = R"({"rope_type": "default", "rope_theta": 100})";
  check_error([&] { return rope_of_config("\"rope_parameters\": " + plain + ", \"rope_scaling\": " + yarn); },
              {"$.rope_scaling", "default, as rope_parameters has it", "yarn"});
  CHECK(rope_of_config("\"rope_parameters\": " + yarn + ", \"rope_scaling\": " + yarn) ==
        rope_of_config("\"rope_parameters\": " + yarn));
  CHECK(rope_of_config("\"rope_parameters\": " + yarn + ", \"rope_scaling\": null") ==
        rope_of_config("\"rope_parameters\": " + yarn));
}

TEST_CASE("rope: an original context beside rope_scaling takes precedence over one inside of it") {
  const auto yarn = [](const std::string& around, const std::string& inner) {
    return rope_of_config(around + R"("rope_scaling": {"rope_type": "yarn", "factor": 4)" + inner + "}");
  };
  CHECK(yarn(R"("original_max_position_embeddings": 64, )", R"(, "original_max_position_embeddings": 128)") ==
        yarn("", R"(, "original_max_position_embeddings": 64)"));
}

TEST_CASE("rope: GGUF files of gpt-oss may state another theta for layers with a window") {
  const auto rope_of_layer = [](std::size_t layer, bool stated) {
    GgufBuilder file = gguf_with_rope("gpt-oss");
    file.value("gpt-oss.expert_count", 4u).value("gpt-oss.expert_used_count", 2u);
    file.value("gpt-oss.attention.sliding_window", 4u).value("gpt-oss.rope.freq_base", 150000.0f);
    if (stated) file.value("gpt-oss.rope.freq_base_swa", 100.0f);
    return *std::get<moe::AttentionSpec>(spec_of(file).layers[layer].mixer).rope;
  };
  check_frequencies(rope_of_layer(0, true).frequencies, powers(100, 4));
  check_frequencies(rope_of_layer(0, false).frequencies, powers(150000, 4));
  check_frequencies(rope_of_layer(1, true).frequencies, powers(150000, 4));
}

TEST_CASE("rope: unknown scaling is refused by name") {
  for (const auto& row : std::initializer_list<std::tuple<const char*, const char*, const char*>>{
           {R"({"type": "dynamic", "factor": 2})", "$.rope_scaling.type", "linear"},
           {R"({"rope_type": "odd"})", "$.rope_scaling.rope_type", "longrope"},
           {R"({"type": "linear"})", "$.rope_scaling", "\"factor\" to be a number"},
           {R"({"type": "linear", "factor": 0})", "$.rope_scaling.factor", "a number"},
           {R"({"type": "llama3", "factor": 2, "low_freq_factor": 4})", "$.rope_scaling",
            "\"high_freq_factor\" to be more than 4, the low_freq_factor"},
           {"3", "$.rope_scaling", "an object"}}) {
    const auto& scaling = std::get<0>(row);
    const auto& place = std::get<1>(row);
    const auto& expected = std::get<2>(row);
    check_error([&] { return rope_of_config("\"rope_scaling\": " + std::string(scaling)); },
                {place, expected});
  }
  check_error([] { return rope_of_config(R"("rope_theta": 0)"); }, {"$.rope_theta", "a number from"});
}

TEST_CASE("rope: GGUF files have the default of the format, and rotate neighbours in some families") {
  check_frequencies(rope_of(gguf_with_rope()).frequencies, powers(1e4, 4));
  CHECK_FALSE(rope_of(gguf_with_rope()).neighbours);
  check_frequencies(rope_of(gguf_with_rope("llama")).frequencies, powers(1e4, 4));
  CHECK(rope_of(gguf_with_rope("llama")).neighbours);
  CHECK(rope_of(gguf_with_rope("granite")).neighbours);
  check_frequencies(rope_of(gguf_with_rope().value("qwen3moe.rope.freq_base", 100.0f)).frequencies,
                    powers(100, 4));
  check_frequencies(
      rope_of(gguf_with_rope().value("qwen3moe.rope.freq_base", 12, GgufBuilder::bytes_of(100.0)))
          .frequencies,
      powers(100, 4));
  GgufBuilder infinite = gguf_with_rope();
  check_error(
      [&] {
        return rope_of(infinite.value("qwen3moe.rope.freq_base", std::numeric_limits<float>::infinity()));
      },
      {"qwen3moe.rope.freq_base", "a number from", "inf"});
}

TEST_CASE("rope: GGUF files state how many numbers of a head are rotated: in most families, all of them") {
  check_frequencies(rope_of(gguf_with_rope("glm4moe").value("glm4moe.rope.dimension_count", 4u)).frequencies,
                    powers(1e4, 2));
  CHECK(rope_of(gguf_with_rope().value("qwen3moe.rope.dimension_count", 8u)).frequencies.size() == 4);
  check_error([] { return rope_of(gguf_with_rope().value("qwen3moe.rope.dimension_count", 6u)); },
              {"qwen3moe.rope.dimension_count", "expected 8, the width of a head", "found 6"});
}

TEST_CASE("rope: GGUF files scale linearly, with a factor under an old or a new name, or with yarn") {
  std::vector<double> halves = powers(1e4, 4);
  for (double& frequency : halves) frequency /= 2;
  check_frequencies(rope_of(gguf_with_rope().value("qwen3moe.rope.scaling.factor", 2.0f)).frequencies,
                    halves);
  check_frequencies(rope_of(gguf_with_rope().value("qwen3moe.rope.scale_linear", 2.0f)).frequencies, halves);
  for (const float factor : {0.0f, 1.0f})
    check_frequencies(rope_of(gguf_with_rope().value("qwen3moe.rope.scaling.factor", factor)).frequencies,
                      powers(1e4, 4));
  check_frequencies(rope_of(gguf_with_rope()
                                .value("qwen3moe.rope.scaling.type", "none")
                                .value("qwen3moe.rope.scaling.factor", 2.0f))
                        .frequencies,
                    powers(1e4, 4));
  CHECK(rope_of(gguf_with_rope().value("qwen3moe.rope.scaling.attn_factor", 1.5f)).magnitude == 1.5);
  const auto yarn = [](const char* key, float value) {
    return rope_of(gguf_with_rope()
                       .value("qwen3moe.rope.scaling.type", "yarn")
                       .value("qwen3moe.rope.scaling.factor", 4.0f)
                       .value("qwen3moe.rope.scaling.original_context_length", 128u)
                       .value(key, value));
  };
  CHECK(yarn("x", 0).magnitude == doctest::Approx(1.13862943611));
  CHECK(yarn("qwen3moe.rope.scaling.yarn_attn_factor", 0.5f).magnitude == 0.5);
  CHECK(yarn("qwen3moe.rope.scaling.yarn_beta_fast", 2).frequencies != yarn("x", 0).frequencies);
  CHECK(yarn("qwen3moe.rope.scaling.yarn_ext_factor", -1) == yarn("x", 0));
  check_error([&] { return yarn("qwen3moe.rope.scaling.yarn_ext_factor", 0.5f); },
              {"yarn_ext_factor", "expected 1", "found 0.5"});
  check_error([&] { return yarn("qwen3moe.rope.scaling.yarn_log_multiplier", 0.1f); },
              {"yarn_log_multiplier", "expected 0"});
  check_error([] { return rope_of(gguf_with_rope().value("qwen3moe.rope.scaling.type", "odd")); },
              {"qwen3moe.rope.scaling.type", "none, linear, yarn or longrope", "odd"});
}

TEST_CASE("rope: GGUF files may store divisors of the frequencies") {
  const auto divided = [](const std::vector<float>& divisors) {
    GgufBuilder file = gguf_with_rope("llama");
    std::string bytes;
    for (const float divisor : divisors) bytes += GgufBuilder::bytes_of(divisor);
    file.tensor("rope_freqs.weight", {divisors.size()}, 0, bytes);
    return rope_of(file);
  };
  check_frequencies(divided({1, 2, 4, 1e30f}).frequencies, {1, 0.05, 0.0025, 0});
  check_error([&] { return divided({1, 2, 4}); }, {"tensor \"rope_freqs.weight\"", "[4]", "[3]"});
  for (const float wrong : {0.0f, -1.0f, std::numeric_limits<float>::quiet_NaN()})
    check_error(
        [&] {
          return divided({1, 2, 4, wrong});
        },
        {"tensor \"rope_freqs.weight\"", "from 1e-6", " in element 3"});
}

TEST_CASE("rope: GGUF files store both divisors of longrope") {
  GgufBuilder file = gguf_with_rope("phimoe");
  file.value("phimoe.rope.scaling.original_context_length", 100u)
      .value("phimoe.rope.scaling.attn_factor", 1.25f);
  const auto add = [&](const char* name, float divisor) {
    std::string bytes;
    for (int i = 0; i < 4; ++i) bytes += GgufBuilder::bytes_of(divisor);
    file.tensor(name, {4}, 0, bytes);
  };
  add("rope_factors_short.weight", 2);
  check_error([&] { return rope_of(file); }, {"tensor \"rope_factors_long.weight\"", "to be there"});
  add("rope_factors_long.weight", 4);
  const RopeSpec rope = rope_of(file);
  CHECK(rope.frequencies[0] == 0.5);
  CHECK(rope.long_frequencies[0] == 0.25);
  CHECK(rope.magnitude == 1.25);
  CHECK(rope.long_magnitude == 1.25);
  CHECK(rope.short_positions == 100);
}

TEST_CASE("rope: heads that are wider than the checkpoint are refused before memory is taken") {
  check_error([] { return rope_of_config("", "qwen3_moe", "2000000000"); },
              {"$.head_dim", "a whole number from 1 to", "2000000000"});
  check_error([] { return rope_of(gguf_model().value("qwen3moe.attention.key_length", 2000000000u)); },
              {"qwen3moe.attention.key_length", "2000000000"});
}

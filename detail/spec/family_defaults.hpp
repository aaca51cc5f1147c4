// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "family.hpp"

// The defaults of the configuration classes in transformers.
namespace moe::inline MOE_ABI::detail {

// vocabulary, hidden, layers, positions | heads, kv_heads, head_dim | width, expert_width, experts, per_token | shared | epsilon,
// theta | leading_dense | window
// clang-format off
inline constexpr FamilyDefaults
    qwen3_moe_defaults{151936, 2048, 24, 32768,  32, 4, 0,  6144, 768, 128, 8,  0,  1e-6, 1e4,  0,  4096},
    qwen3_omni_defaults{3584, 2048, 28, 32768,  28, 4, 0,  18944, 768, 128, 8,  0,  1e-6, 1e6},
    qwen3_vl_moe_defaults{151936, 2048, 24, 128000,  16, 16, 0,  5632, 1408, 60, 4,  0,  1e-6, 5e5},
    qwen3_defaults{151936, 4096, 32, 32768,  32, 32, 128,  22016, 0, 0, 0,  0,  1e-6, 1e4,  0,  4096},
    llama_defaults{32000, 4096, 32, 2048,  32, 0, 0,  11008, 0, 0, 0,  0,  1e-6, 1e4},
    mistral_defaults{32000, 4096, 32, 131072,  32, 8, 0,  14336, 0, 0, 0,  0,  1e-6, 1e4,  0,  4096},
    mixtral_defaults{32000, 4096, 32, 131072,  32, 8, 0,  14336, 0, 8, 2,  0,  1e-5, 1e6},
    qwen2_moe_defaults{151936, 2048, 24, 32768,  16, 16, 0,  5632, 1408, 60, 4,  5632,  1e-6, 1e4,  0,  4096},
    olmoe_defaults{50304, 2048, 16, 4096,  16, 0, 0,  2048, 0, 64, 8,  0,  1e-5, 1e4},
    gpt_oss_defaults{201088, 2880, 36, 131072,  64, 8, 64,  2880, 0, 128, 4,  0,  1e-5, 150000,  0,  128},
    glm4_moe_defaults{151552, 4096, 46, 131072,  96, 8, 0,  10944, 1408, 128, 8,  1,  1e-5, 1e4,  1},
    minimax_m2_defaults{200064, 3072, 62, 196608,  48, 8, 128,  1536, 0, 256, 8,  0,  1e-6, 5e6},
    granite_defaults{32000, 4096, 32, 2048,  32, 0, 0,  11008, 0, 8, 2,  0,  1e-6, 1e4},
    granite_hybrid_defaults{32000, 4096, 32, 2048,  32, 0, 0,  11008, 0, 8, 2,  1024,  1e-6, 1e4},
    phimoe_defaults{32064, 4096, 32, 131072,  32, 8, 0,  6400, 0, 16, 2,  0,  1e-5, 1e6},
    qwen3_next_defaults{151936, 2048, 48, 32768,  16, 2, 256,  5632, 512, 512, 10,  512,  1e-6, 1e4},
    qwen3_5_moe_defaults{248320, 2048, 40, 32768,  16, 2, 256,  0, 512, 256, 8,  512,  1e-6, 1e4},
    qwen3_5_defaults{248320, 4096, 32, 32768,  16, 4, 256,  12288, 0, 0, 0,  0,  1e-6, 1e4},
    gemma4_defaults{262144, 2304, 30, 131072,  8, 4, 256,  9216, 0, 0, 0,  0,  1e-6, 1e4,  0,  512},
    deepseek_v3_defaults{129280, 7168, 61, 4096,  128, 128, 0,  18432, 2048, 256, 8,  1,  1e-6, 1e4,  3},
    deepseek_v2_defaults{32000, 4096, 32, 2048,  32, 0, 0,  11008, 1407, 64, 0,  2,  1e-6, 1e4},
    glm4_moe_lite_defaults{154880, 2048, 47, 202752,  20, 20, 0,  10240, 1536, 64, 4,  1,  1e-5, 1e4,  1},
    lfm2_moe_defaults{65536, 2048, 32, 128000,  32, 8, 0,  7168, 1792, 32, 4,  0,  1e-5, 1e6,  2},
    nemotron_h_defaults{131072, 4096, 52, 4096,  32, 8, 128,  21504, 7688, 8, 2,  7688,  1e-5, 1e4};

// query_rank, kv_rank, nope_dim, rope_dim, value_dim
inline constexpr LatentDefaults
    deepseek_latent{1536, 512, 128, 64, 128},
    glm4_moe_lite_latent{768, 512, 192, 64, 256};

// key_heads, value_heads, key_dim, value_dim | heads, head_dim, state, groups | kernel
inline constexpr RecurrentDefaults
    delta_net_defaults{16, 32, 128, 128,  0, 0, 0, 0,  4},
    nemotron_mamba{0, 0, 0, 0,  128, 64, 128, 8,  4},
    granite_mamba{0, 0, 0, 0,  128, 0, 256, 1,  4},
    lfm2_convolution{0, 0, 0, 0,  0, 0, 0, 0,  3};
// clang-format on

}  // namespace moe::inline MOE_ABI::detail

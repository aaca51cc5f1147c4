// SPDX-License-Identifier: MIT
// The table of kernels of one instruction set. The order of the products is the order of DType.

inline constexpr Kernels kernels{
    {
        matmul_float<F32>,
        matmul_float<F16>,
        matmul_float<BF16>,
        matmul_int8<Q8_0>,
        matmul_decoded,  // q5_0
        matmul_int8<Q4_0>,
        matmul_decoded,  // q5_1
        matmul_decoded,  // q4_1
        matmul_int8<Q6_K>,
        matmul_int8<Q5_K>,
        matmul_int8<Q4_K>,
        matmul_decoded,  // q3_k
        matmul_decoded,  // q2_k
        matmul_decoded,  // iq4_nl
        matmul_decoded,  // iq4_xs
        matmul_unpacked<MXFP4>,
        matmul_unpacked<F8_E4M3>,
    },
    attend<F32>,
    attend<F16>,
    attend_latent<F32>,
    attend_latent<F16>,
    attend_q8_0,
    rms_norm,
    layer_norm,
    l2_norm,
    dot,
    rope,
    add_scaled,
    scale,
    multiply,
    clamp,
    silu,
    silu_mul,
    clamped_silu_mul,
    gelu_mul,
    relu_squared,
    sigmoid_mul,
    exponentiate,
    convolve,
    delta_step,
    mamba_step,
    quantise,
    to_f16,
};

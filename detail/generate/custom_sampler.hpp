// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "../core/function_ref.hpp"
#include "../core/token.hpp"
#include "sampler.hpp"

#include <concepts>
#include <functional>
#include <span>
#include <type_traits>
#include <utility>

namespace moe::inline MOE_ABI::detail {

template <class S>
concept SamplerCall = requires(S sampler, std::span<const float> logits, const SamplerContext& text) {
  sampler(logits, text);
};

template <class S>
concept SamplerResult =
    !SamplerCall<S> || requires(S sampler, std::span<const float> logits, const SamplerContext& text) {
  { sampler(logits, text) } -> std::convertible_to<TokenId>;
};

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

/// Refuses a type that is no sampler, with one line of compiler error. CustomSampler calls it.
template <class S>
consteval bool check_sampler() {
  static_assert(
      detail::SamplerCall<S>,
      "moe: a sampler must be callable as `moe::TokenId sampler(std::span<const float> logits, const "
      "moe::SamplerContext& text)`");
  static_assert(detail::SamplerResult<S>, "moe: the result of a sampler must be a `moe::TokenId`");
  static_assert(std::copy_constructible<S>,
                "moe: a sampler must be copyable: each text draws with a copy of it");
  return true;
}

/// Holds no callable, or one that chooses tokens: TokenId sampler(std::span<const float> logits, const SamplerContext& text).
/// logits: [vocabulary]. Copies have copies of the callable. As thread-safe as the callable.
class CustomSampler {
 public:
  CustomSampler() = default;

  /// Keeps a copy of `sampler`, which check_sampler() accepts.
  template <detail::OtherThan<CustomSampler> S>
  CustomSampler(S&& sampler) {  // NOLINT(google-explicit-constructor): callers pass a lambda
    using Kept = std::decay_t<S>;
    static_assert(check_sampler<Kept>());
    // Without this condition, a wrong sampler would give more compiler errors after the error of check_sampler().
    if constexpr (detail::SamplerCall<Kept> && detail::SamplerResult<Kept> && std::copy_constructible<Kept>)
      call_ = std::forward<S>(sampler);
  }

  /// Whether there is a callable.
  explicit operator bool() const { return static_cast<bool>(call_); }

  /// The token that the callable chooses. Throws std::bad_function_call if there is none, and what the callable throws.
  TokenId operator()(std::span<const float> logits, const SamplerContext& text) const {
    return call_(logits, text);
  }

 private:
  std::function<TokenId(std::span<const float>, const SamplerContext&)> call_;
};

}  // namespace moe::inline MOE_ABI

// SPDX-License-Identifier: MIT
#pragma once
#include "../core/config.hpp"
#include "eviction_policy.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace moe::inline MOE_ABI::detail {

/// An eviction policy of any type, called through virtual functions, so that the code of replays is compiled once for all
/// policies. A cache that runs a model instead takes the type of its policy as a template argument.
class AnyEviction {
 public:
  template <class E>
  requires(!std::same_as<E, AnyEviction>) explicit AnyEviction(const E& policy)
      : policy_(std::make_unique<Holder<E>>(policy)) {}
  AnyEviction(const AnyEviction& other) : policy_(other.policy_->copy()) {}
  AnyEviction(AnyEviction&&) noexcept = default;

  void resize(std::size_t experts, std::size_t layers) { policy_->resize(experts, layers); }
  void use(std::uint32_t expert, std::uint64_t token) noexcept { policy_->use(expert, token); }
  void insert(std::uint32_t expert, ExpertId id, std::uint64_t token) noexcept {
    policy_->insert(expert, id, token);
  }
  void erase(std::uint32_t expert) noexcept { policy_->erase(expert); }
  std::uint32_t lowest(std::uint32_t layer, std::uint64_t token) noexcept {
    return policy_->lowest(layer, token);
  }
  double score(std::uint32_t expert, std::uint64_t token) const noexcept {
    return policy_->score(expert, token);
  }

 private:
  struct Interface {
    virtual ~Interface() = default;
    virtual std::unique_ptr<Interface> copy() const = 0;
    virtual void resize(std::size_t experts, std::size_t layers) = 0;
    virtual void use(std::uint32_t expert, std::uint64_t token) noexcept = 0;
    virtual void insert(std::uint32_t expert, ExpertId id, std::uint64_t token) noexcept = 0;
    virtual void erase(std::uint32_t expert) noexcept = 0;
    virtual std::uint32_t lowest(std::uint32_t layer, std::uint64_t token) noexcept = 0;
    virtual double score(std::uint32_t expert, std::uint64_t token) const noexcept = 0;
  };

  template <class E>
  struct Holder final : Interface {
    explicit Holder(const E& held) : policy(held) {}
    std::unique_ptr<Interface> copy() const override { return std::make_unique<Holder>(policy); }
    void resize(std::size_t experts, std::size_t layers) override { policy.resize(experts, layers); }
    void use(std::uint32_t expert, std::uint64_t token) noexcept override { policy.use(expert, token); }
    void insert(std::uint32_t expert, ExpertId id, std::uint64_t token) noexcept override {
      policy.insert(expert, id, token);
    }
    void erase(std::uint32_t expert) noexcept override { policy.erase(expert); }
    std::uint32_t lowest(std::uint32_t layer, std::uint64_t token) noexcept override {
      return policy.lowest(layer, token);
    }
    double score(std::uint32_t expert, std::uint64_t token) const noexcept override {
      return policy.score(expert, token);
    }

    E policy;
  };

  std::unique_ptr<Interface> policy_;
};

}  // namespace moe::inline MOE_ABI::detail

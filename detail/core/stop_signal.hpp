#pragma once
#include "owned.hpp"

#include <utility>

namespace moe {

/// Says whether to stop: never, or when a std::stop_token does of which it holds a copy, or anything else that has
/// stop_requested() and can be asked on any thread. So <stop_token>, which takes compilers long, is for those to include who
/// stop something.
class StopSignal {
 public:
  StopSignal() = default;
  template <class Token>
  requires requires(const Token& token) { token.stop_requested() ? 1 : 0; }
  StopSignal(Token token) : token_(new Of<Token>(std::move(token))) {}

  StopSignal(const StopSignal& other) : token_(other.token_ ? other.token_->copy() : nullptr) {}
  StopSignal(StopSignal&&) noexcept = default;
  StopSignal& operator=(StopSignal other) noexcept {
    token_ = std::move(other.token_);
    return *this;
  }
  ~StopSignal() = default;

  bool requested() const { return token_ && token_->requested(); }

 private:
  struct Any {
    virtual ~Any() = default;
    virtual Any* copy() const = 0;
    virtual bool requested() const = 0;
  };

  template <class Token>
  struct Of final : Any {
    explicit Of(Token from) : token(std::move(from)) {}
    Any* copy() const override { return new Of(token); }
    bool requested() const override { return token.stop_requested(); }

    Token token;
  };

  Owned<Any> token_;
};

}  // namespace moe

// Code that must not compile, one case per value of CASE; 0 is the same code without the mistakes.
#include "detail/experts/any_provider.hpp"
#include "detail/model/sequence.hpp"

struct Provider {
  const moe::ExpertWeights* acquire(moe::ExpertId) { return nullptr; }
};

struct NoProvider {
  const moe::ExpertWeights* fetch(moe::ExpertId) { return nullptr; }
};

struct LargeLease {
  const moe::ExpertWeights& operator*() const { return weights; }
  moe::ExpertWeights weights;
  char more[64] = {};
};

struct LargeProvider {
  LargeLease acquire(moe::ExpertId) { return {}; }
};

#if CASE == 1  // what has no acquire() is no provider
moe::AnyProvider any{NoProvider()};
#elif CASE == 2  // a lease that needs an allocation
moe::AnyProvider any{LargeProvider()};
#elif CASE == 3  // an observer that is gone before it is called
void observe(moe::Sequence& sequence) {
  sequence.observe_routes([](const moe::Routes&) {});
}
#elif CASE == 4  // a task that may throw out of a parallel region
void run(moe::ThreadPool& pool) {
  pool.for_each(3, [](std::size_t, std::size_t) {});
}
#elif CASE == 5  // a buffer of what cannot be copied as bytes
moe::detail::Buffer<std::vector<int>> buffer;
#else
moe::AnyProvider any{Provider()};
void observe(moe::Sequence& sequence) {
  const auto observer = [](const moe::Routes&) {};
  sequence.observe_routes(observer);
}
void run(moe::ThreadPool& pool) {
  pool.for_each(3, [](std::size_t, std::size_t) noexcept {});
}
moe::detail::Buffer<int> buffer;
#endif

#include "../../detail/core/shared.hpp"

#include <doctest/doctest.h>

#include <utility>

namespace {

struct Living {
  explicit Living(int* count) : alive(count) { ++*alive; }
  ~Living() { --*alive; }
  Living(const Living&) = delete;
  int* alive;
};

}  // namespace

TEST_CASE("an object lives as long as one of its owners") {
  int alive = 0;
  moe::Shared<const Living> kept(&alive);
  {
    const moe::Shared<const Living> copy = kept;
    CHECK(copy.operator->() == kept.operator->());
    moe::Shared<const Living> other(&alive);
    CHECK(alive == 2);
    other = copy;
    CHECK(alive == 1);
    kept = std::move(other);
  }
  CHECK(alive == 1);
  CHECK(kept->alive == &alive);
  kept = moe::Shared<const Living>(&alive);
  CHECK(alive == 1);
  { const moe::Shared<const Living> last = std::move(kept); }
  CHECK(alive == 0);
}

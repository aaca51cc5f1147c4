#pragma once
#include <cstddef>
#include <utility>

namespace moe::detail {

// A heap of `count` items: item i is not less than 2i + 1 and 2i + 2, so the first is the greatest. As in <algorithm>, whose
// header takes compilers longer than these take to read.

/// Puts `item` at `at` or above, but not above `top`; what was less moves down.
template <class Item, class Less>
void rise(Item* items, std::size_t top, std::size_t at, Item item, Less less) {
  for (std::size_t above; at > top && less(items[above = (at - 1) / 2], item); at = above)
    items[at] = std::move(items[above]);
  items[at] = std::move(item);
}

/// Makes a heap of items[0, count), of which only items[top] may be less than those below it. It goes all the way down and
/// rises again: it mostly belongs to the bottom, and to go down takes one comparison a step.
template <class Item, class Less>
void sink(Item* items, std::size_t count, std::size_t top, Less less) {
  Item item = std::move(items[top]);
  std::size_t at = top;
  for (std::size_t below; (below = 2 * at + 1) < count; at = below) {
    if (below + 1 < count && less(items[below], items[below + 1])) ++below;
    items[at] = std::move(items[below]);
  }
  rise(items, top, at, std::move(item), less);
}

template <class Item, class Less>
void make_heap(Item* items, std::size_t count, Less less) {
  for (std::size_t at = count / 2; at-- > 0;) sink(items, count, at, less);
}

/// items[0, count − 1) are a heap; adds the last one.
template <class Item, class Less>
void push_heap(Item* items, std::size_t count, Less less) {
  rise(items, 0, count - 1, Item(std::move(items[count - 1])), less);
}

/// Moves the greatest to items[count − 1]; those before it are a heap.
template <class Item, class Less>
void pop_heap(Item* items, std::size_t count, Less less) {
  Item greatest = std::move(items[0]);
  items[0] = std::move(items[count - 1]);
  if (count > 1) sink(items, count - 1, 0, less);
  items[count - 1] = std::move(greatest);
}

}  // namespace moe::detail

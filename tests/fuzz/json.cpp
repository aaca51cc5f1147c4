// SPDX-License-Identifier: MIT
// JSON: an accepted text, written and parsed again, has as many values as before.
#include "detail/core/error.hpp"
#include "target.hpp"

#include "detail/io/json.hpp"
#include "detail/io/json_writer.hpp"

#include <string>

namespace {

std::size_t count_values(const moe::Json& value) {
  std::size_t count = 1;
  if (value.is_array() || value.is_object())
    for (const moe::Json element : value) count += count_values(element);
  return count;
}

/// Calls the getters of all kinds of values, also of the wrong kinds.
void convert(const moe::Json& value) {
  try {
    (void)value.as_double();
  } catch (const moe::Error&) {
  }
  try {
    (void)value.as_u64();
  } catch (const moe::Error&) {
  }
  try {
    (void)value.as_string();
  } catch (const moe::Error&) {
  }
  if (value.is_array() || value.is_object())
    for (const moe::Json element : value) convert(element);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    const moe::JsonDocument document(text, "input.json");
    convert(document.root());
    const moe::JsonDocument again(moe::detail::to_json(document.root()), "again.json");
    FUZZ_CHECK(count_values(again.root()) == count_values(document.root()));
  } catch (const moe::Error&) {
  }
  return 0;
}

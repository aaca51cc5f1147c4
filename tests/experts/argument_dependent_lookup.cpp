// SPDX-License-Identifier: MIT
// A program with functions of its own whose names the library uses too. Unqualified calls with arguments of the library's
// types must find the functions of the program: the library has no function that argument-dependent lookup could find.
#include <moe.hpp>

#include <doctest/doctest.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace program {
namespace {

// Templates are worse matches than any function of the library would be.
template <class... Arguments>
std::string_view own(const Arguments&...) {
  return "own";
}

#define OWN_FUNCTION(name)                         \
  template <class... Arguments>                    \
  std::string_view name(const Arguments&... all) { \
    return own(all...);                            \
  }
OWN_FUNCTION(acquire)
OWN_FUNCTION(bytes)
OWN_FUNCTION(catalog)
OWN_FUNCTION(concat)
OWN_FUNCTION(describe)
OWN_FUNCTION(dequantise)
OWN_FUNCTION(expect)
OWN_FUNCTION(fail)
OWN_FUNCTION(hint)
OWN_FUNCTION(largest_bytes)
OWN_FUNCTION(load)
OWN_FUNCTION(name)
OWN_FUNCTION(open)
OWN_FUNCTION(plan_memory)
OWN_FUNCTION(read_trace)
OWN_FUNCTION(replay)
OWN_FUNCTION(require_shapes)
OWN_FUNCTION(route)
OWN_FUNCTION(to_json)
OWN_FUNCTION(trace_of)
OWN_FUNCTION(try_acquire)
OWN_FUNCTION(write_trace)
#undef OWN_FUNCTION

}  // namespace
}  // namespace program

TEST_CASE("names: unqualified calls with types of the library find the functions of the program") {
  using namespace program;
  moe::MemoryProvider provider;
  moe::AnyProvider any{moe::MemoryProvider()};
  const moe::ExpertId id{};
  const moe::ExpertWeights weights{};
  const moe::Announcement announcement{};
  const moe::Trace trace;
  CHECK(acquire(provider, id) == "own");
  CHECK(bytes(any, id) == "own");
  CHECK(bytes(moe::DType::f32, std::size_t{1}) == "own");
  CHECK(catalog(any) == "own");
  CHECK(concat(id, weights) == "own");
  CHECK(describe("gate", id) == "own");
  CHECK(dequantise(moe::Vector(), std::span<float>()) == "own");
  CHECK(expect(true, id, weights) == "own");
  CHECK(fail(id, weights) == "own");
  CHECK(hint(any, announcement) == "own");
  CHECK(largest_bytes(any) == "own");
  CHECK(load(any, id, announcement.kind) == "own");
  CHECK(name(id) == "own");
  CHECK(name(moe::DType::f32) == "own");
  CHECK(name(moe::ReplayPolicy::lru) == "own");
  CHECK(open(std::string(), moe::ModelOptions()) == "own");
  CHECK(plan_memory(moe::MemoryPlan(), moe::MemoryOptions()) == "own");
  CHECK(read_trace(trace) == "own");
  CHECK(replay(trace, moe::ReplayPolicy::lru, std::size_t{1}) == "own");
  CHECK(replay(trace, moe::Lru(), std::size_t{1}) == "own");
  CHECK(require_shapes(id, weights, std::size_t{1}) == "own");
  CHECK(route(moe::Routes()) == "own");
  CHECK(to_json(moe::UsageProfile(1, 1)) == "own");
  CHECK(trace_of(moe::TraceModel()) == "own");
  CHECK(try_acquire(any, id) == "own");
  CHECK(write_trace(trace, std::string()) == "own");
}

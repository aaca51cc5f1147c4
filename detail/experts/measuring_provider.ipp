#pragma once
#include "measuring_provider.hpp"

namespace moe::inline MOE_ABI {

MOE_INLINE ExpertStatistics& ExpertStatistics::operator+=(const ExpertStatistics& other) {
  resident += other.resident;
  in_flight += other.in_flight;
  missed += other.missed;
  bytes += other.bytes;
  waited_seconds += other.waited_seconds;
  return *this;
}

}  // namespace moe::inline MOE_ABI

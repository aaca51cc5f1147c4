#pragma once
#include "error.hpp"
#include "owned.hpp"

#include <cstddef>
#include <utility>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#include <unistd.h>
#else
#include <thread>
#endif

namespace moe::detail {

/// How many threads run at once on this machine; 0 if it does not say.
inline std::size_t cores() {
#if defined(__unix__) || defined(__APPLE__)
  const long cores = sysconf(_SC_NPROCESSORS_ONLN);
  return cores > 0 ? static_cast<std::size_t>(cores) : 0;
#else
  return std::thread::hardware_concurrency();
#endif
}

#if defined(__unix__) || defined(__APPLE__)
/// A thread that calls a function, which throws nothing; join() must be called before it goes. As std::thread, whose header
/// takes compilers a tenth of the time of the whole library.
class Thread {
 public:
  /// Throws if the system has no more threads.
  template <class Function>
  explicit Thread(Function function) {
    Owned<Function> owned(new Function(std::move(function)));
    if (pthread_create(&thread_, nullptr, call<Function>, owned.get()) != 0)
      fail("thread", "start", "another thread", "the system's limit");
    (void)owned.release();
  }
  Thread(Thread&&) noexcept = default;
  Thread& operator=(Thread&&) noexcept = default;

  void join() { pthread_join(thread_, nullptr); }

 private:
  template <class Function>
  static void* call(void* function) {
    const Owned<Function> owned(static_cast<Function*>(function));
    (*owned)();
    return nullptr;
  }

  pthread_t thread_{};
};
#else
using Thread = std::thread;
#endif

}  // namespace moe::detail

#pragma once

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#else
#include <mutex>
#endif

namespace moe::detail {

/// As std::mutex, whose header takes compilers long where it has its own of time and callables.
#if defined(__unix__) || defined(__APPLE__)
class Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;
  ~Mutex() { pthread_mutex_destroy(&mutex_); }

  void lock() { pthread_mutex_lock(&mutex_); }
  void unlock() { pthread_mutex_unlock(&mutex_); }

 private:
  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
};
#else
using Mutex = std::mutex;
#endif

/// Holds a mutex while it lives, but for the time from unlock() to lock().
class Lock {
 public:
  explicit Lock(Mutex& mutex) : mutex_(mutex) { mutex_.lock(); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock() {
    if (held_) mutex_.unlock();
  }

  void lock() { mutex_.lock(), held_ = true; }
  void unlock() { mutex_.unlock(), held_ = false; }
  bool held() const { return held_; }

 private:
  Mutex& mutex_;
  bool held_ = true;
};

}  // namespace moe::detail

// SPDX-License-Identifier: MIT
// One end of a connection between two processes, on POSIX systems.
#pragma once
#include <unistd.h>

#include <cstddef>
#include <utility>

/// One end of a connection.
class Socket {
 public:
  explicit Socket(int handle) : handle_(handle) {}
  Socket(Socket&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() {
    if (handle_ >= 0) ::close(handle_);
  }

  /// Both return false if the other end is closed.
  bool send(const void* data, std::size_t bytes) {
    return transfer(::write, static_cast<const char*>(data), bytes);
  }
  bool receive(void* data, std::size_t bytes) { return transfer(::read, static_cast<char*>(data), bytes); }

 private:
  template <class Call, class Byte>
  bool transfer(Call call, Byte* data, std::size_t bytes) {
    while (bytes > 0) {  // a call may transfer only a part of the bytes
      const ssize_t done = call(handle_, data, bytes);
      if (done <= 0) return false;
      data += done;
      bytes -= static_cast<std::size_t>(done);
    }
    return true;
  }

  int handle_;
};

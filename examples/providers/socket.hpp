// SPDX-License-Identifier: MIT
// Connections between two processes, on POSIX systems.
#pragma once
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <stdexcept>
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

  /// send() and receive() transfer all bytes. They return false if the other end is closed, or if the time limit of the socket
  /// ends.
  bool send(const void* data, std::size_t bytes) {
    return transfer(::write, static_cast<const char*>(data), bytes);
  }
  bool receive(void* data, std::size_t bytes) { return transfer(::read, static_cast<char*>(data), bytes); }

 private:
  template <class Call, class Byte>
  bool transfer(Call call, Byte* data, std::size_t bytes) {
    while (bytes > 0) {  // a call may transfer only a part of the bytes
      const ssize_t done = call(handle_, data, bytes);
      if (done < 0 && errno == EINTR)
        continue;  // on Linux also after Ctrl-Z and fg, if the socket has a time limit
      if (done <= 0) return false;
      data += done;
      bytes -= static_cast<std::size_t>(done);
    }
    return true;
  }

  int handle_;
};

/// The result of fork_connected() in one of the two processes.
struct ConnectedProcess {
  pid_t child;  // the new process; 0 in the new process itself
  int handle;   // this end of the connection
};

/// Copies this process, and connects both processes. Must be called before this process starts threads.
inline ConnectedProcess fork_connected() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
    throw std::runtime_error("socketpair: expected a connection");
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork: expected a process");
  ::close(ends[child == 0 ? 0 : 1]);
  return {child, ends[child == 0 ? 1 : 0]};
}

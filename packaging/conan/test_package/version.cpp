// Fails unless the library can be linked: a checkpoint that does not exist is an error with a message.
#include <moe.hpp>

#include <iostream>

int main() {
  try {
    moe::open("no such checkpoint");
  } catch (const moe::Error& error) {
    std::cout << "moe " << MOE_VERSION_MAJOR << '.' << MOE_VERSION_MINOR << '.' << MOE_VERSION_PATCH << ": "
              << error.what() << '\n';
    return 0;
  }
  return 1;
}

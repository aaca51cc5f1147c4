// SPDX-License-Identifier: MIT
// Prints an answer as it arrives, and its reasoning apart: dimmed on a terminal, else under a heading.
#pragma once
#include <moe.hpp>

#include <iostream>
#include <string>

#if !defined(_WIN32)
#include <unistd.h>
#endif

class AnswerPrinter {
 public:
  AnswerPrinter() = default;
  AnswerPrinter(const AnswerPrinter&) = delete;
  AnswerPrinter& operator=(const AnswerPrinter&) = delete;

  /// After an error within reasoning, the terminal is no longer dimmed.
  ~AnswerPrinter() { end_dimming(); }

  void operator()(const moe::Piece& piece) {
    if (piece.text.empty()) return;
    if (piece.part != part_) change(piece.part);
    if (piece.part == moe::Piece::Part::reasoning) reasoning_ += piece.text;
    std::cout << piece.text << std::flush;
  }

  /// Ends the answer with its line.
  void finish() {
    end_dimming();
    std::cout << std::endl;
  }

  const std::string& reasoning() const { return reasoning_; }

 private:
  static bool is_terminal() {
#if defined(_WIN32)
    return false;
#else
    static const bool terminal = ::isatty(STDOUT_FILENO) == 1;
    return terminal;
#endif
  }

  void end_dimming() {
    if (part_ == moe::Piece::Part::reasoning && is_terminal()) std::cout << "\x1b[0m";
    part_ = moe::Piece::Part::answer;
  }

  void change(moe::Piece::Part part) {
    const bool reasons = part == moe::Piece::Part::reasoning;
    if (!is_terminal()) {
      std::cout << (reasons ? "[reasoning]\n" : "\n[answer]\n");
    } else {
      std::cout << (reasons ? "\x1b[2m" : "\x1b[0m\n\n");
    }
    part_ = part;
  }

  moe::Piece::Part part_ = moe::Piece::Part::answer;
  std::string reasoning_;
};

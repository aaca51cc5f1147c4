// SPDX-License-Identifier: MIT
#pragma once
#include "token_stream.hpp"
#include "../core/utf8.hpp"
#include "bpe.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace moe::inline MOE_ABI::detail {

MOE_INLINE void Utf8Stream::write(std::string_view bytes, std::string& out) {
  held_ += bytes;
  std::string_view rest = held_;
  while (!rest.empty()) {
    const std::size_t valid = utf8_valid_prefix(rest);
    out += rest.substr(0, valid);
    rest.remove_prefix(valid);
    if (rest.empty()) break;
    const Utf8Step step = utf8_step(rest);
    if (step.truncated) break;
    append_utf8(out, step.code_point);
    rest.remove_prefix(step.bytes);
  }
  held_.erase(0, held_.size() - rest.size());
}

MOE_INLINE void Utf8Stream::finish(std::string& out) {
  if (!held_.empty()) append_utf8(out, 0xfffd);
  held_.clear();
}

MOE_INLINE void ByteRun::write(char byte, std::string& out) {
  held_ += byte;
  if (valid_) check();
  if (!valid_) replace_held(out);
}

MOE_INLINE void ByteRun::finish(std::string& out) {
  if (complete_ == held_.size()) {
    out += held_;
    held_.clear();
  }
  replace_held(out);
  valid_ = true;
}

MOE_INLINE void ByteRun::check() {
  const Utf8Step step = utf8_step(std::string_view(held_).substr(complete_));
  if (step.valid) complete_ = held_.size();
  valid_ = step.valid || step.truncated;
}

MOE_INLINE void ByteRun::replace_held(std::string& out) {
  for (std::size_t i = 0; i < held_.size(); ++i) append_utf8(out, 0xfffd);
  held_.clear();
  complete_ = 0;
}

MOE_INLINE void TokenStream::write(TokenId id, std::string& out) {
  const std::size_t before = out.size();
  write_token(id, out);
  strip(out, before);
}

MOE_INLINE void TokenStream::finish(std::string& out) {
  const std::size_t before = out.size();
  run_.finish(out);
  utf8_.finish(out);
  strip(out, before);
  at_begin_ = true;
}

MOE_INLINE void TokenStream::write_token(TokenId id, std::string& out) {
  const std::string_view bytes = bpe_->vocabulary().bytes(id);
  if (!bpe_->spells_characters()) return utf8_.write(bytes, out);
  if (bpe_->vocabulary().is_byte(id)) return run_.write(bytes.front(), out);
  if (!bpe_->vocabulary().contains(id)) return;
  run_.finish(out);
  utf8_.write(bytes, out);
  utf8_.finish(out);
}

MOE_INLINE void TokenStream::strip(std::string& out, std::size_t from) {
  if (!at_begin_ || out.size() == from) return;
  at_begin_ = false;
  const auto begin = out.begin() + static_cast<std::ptrdiff_t>(from);
  if (left_out_ == SpaceAtBegin::one && *begin == ' ') out.erase(begin);
  if (left_out_ == SpaceAtBegin::of_first_token) out.erase(std::remove(begin, out.end(), ' '), out.end());
}

}  // namespace moe::inline MOE_ABI::detail

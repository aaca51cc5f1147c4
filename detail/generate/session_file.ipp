// SPDX-License-Identifier: MIT
#pragma once
#include "session_file.hpp"
#include "../core/concat.hpp"
#include "../core/crc32c.hpp"
#include "../core/error.hpp"
#include "../core/panels.hpp"
#include "../io/file.hpp"
#include "../io/output_file.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Writes bytes and keeps their checksum.
class ChecksummedOutput {
 public:
  explicit ChecksummedOutput(const std::string& path) : out_(path) {}

  void write(std::span<const std::byte> bytes) {
    crc_ = crc32c(bytes, crc_);
    out_.write(bytes);
  }

  void finish() {
    out_.write(std::as_bytes(std::span(&crc_, 1)));
    out_.finish();
  }

 private:
  OutputFile out_;
  std::uint32_t crc_ = 0;
};

/// Reads bytes and keeps their checksum.
class ChecksummedInput {
 public:
  explicit ChecksummedInput(const std::string& path) : file_(path) {}

  void read(std::span<std::byte> into) {
    file_.read_at(position_, into);
    position_ += into.size();
    crc_ = crc32c(into, crc_);
  }

  std::uint64_t left() const { return file_.size() - position_; }

  void finish() {
    const std::uint32_t computed = crc_;
    std::uint32_t stored = 0;
    read(std::as_writable_bytes(std::span(&stored, 1)));
    if (stored != computed) fail(file_.path(), "CRC-32C", concat(stored), concat(computed));
    expect(left() == 0, file_.path(), "end", "the end of the file", "more bytes");
  }

 private:
  File file_;
  std::uint64_t position_ = 0;
  std::uint32_t crc_ = 0;
};

/// Adds 64 bytes from the middle of a matrix to a checksum. The bytes are taken row by row, so that a matrix in panels gives the
/// same checksum.
inline std::uint32_t add_sample(std::uint32_t crc, const Matrix& matrix) {
  constexpr std::size_t sample = 64;
  const std::size_t row_bytes = matrix.row_bytes(), bytes = matrix.bytes();
  const std::size_t end = std::min(bytes / 2 + sample, bytes);
  std::vector<std::byte> row(row_bytes);
  for (std::size_t at = bytes / 2; at < end;) {
    const std::size_t within = at % row_bytes, count = std::min(row_bytes - within, end - at);
    copy_row(matrix, at / row_bytes, row.data());
    crc = crc32c(std::span(row).subspan(within, count), crc);
    at += count;
  }
  return crc;
}

MOE_INLINE std::uint32_t fingerprint(const Transformer& transformer, const Checkpoint& checkpoint) {
  std::uint32_t crc = 0;
  const auto add_text = [&](const std::string& text) {
    crc = crc32c(std::as_bytes(std::span(text.data(), text.size())), crc);
  };
  add_text(transformer.spec().family);
  for (const TensorInfo& tensor : checkpoint.tensors()) add_text(concat(tensor.name, describe(tensor), ';'));
  const ModelWeights& weights = transformer.weights();
  crc = add_sample(crc, weights.head);
  for (const LayerWeights& layer : weights.layers) {
    if (const Matrix* first = first_weights(layer.mixer).first) crc = add_sample(crc, *first);
    crc = add_sample(crc, layer.feed_forward.dense.up);
    crc = add_sample(crc, layer.feed_forward.router.matrix);
  }
  return crc32c(std::as_bytes(transformer.allowed_experts().ids()), crc);
}

MOE_INLINE std::uint16_t SessionFile::options_of(const Model& model) {
  const simd::Kernels& kernels = model.transformer().kernels();
  return static_cast<std::uint16_t>((kernels.to_bf16 ? bf16_dot : 0) | (kernels.int8_mxfp4 ? int8_mxfp4 : 0));
}

MOE_INLINE SessionFile::Head SessionFile::head_of(const Session& session) {
  const SequenceState& state = session.sequence_.state_;
  const StateOptions& options = state.options();
  return {.magic = magic,
          .fingerprint = detail::fingerprint(session.model_->transformer(), session.model_->checkpoint()),
          .kv_type = static_cast<std::uint16_t>(options.kv_type),
          .options = options_of(*session.model_),
          .context = options.context,
          .chunk = options.chunk,
          .requested_context = session.requested_context_,
          .position = state.position(),
          .written = state.written(),
          .ids = session.tokens_.size()};
}

MOE_INLINE void SessionFile::save(const Session& session, const std::string& path) {
  static_assert(sizeof(TokenId) == 4);
  const Head head = head_of(session);
  ChecksummedOutput out(path);
  out.write(std::as_bytes(std::span(&head, 1)));
  out.write(std::as_bytes(std::span(session.tokens_)));
  session.sequence_.state_.for_each_part([&](std::span<const std::byte> bytes) { out.write(bytes); });
  out.finish();
}

MOE_INLINE void SessionFile::check(const Head& head, const Model& model, const std::string& path) {
  expect(head.magic == magic, path, "byte 0", "a session that moe saved", "another file");
  const std::uint32_t own = detail::fingerprint(model.transformer(), model.checkpoint());
  if (head.fingerprint != own)
    fail(path, "model", concat("a session of the model in ", model.checkpoint().path()),
         "a session of another model or with other allowed experts");
  const auto require_equal = [&](std::string_view option, std::uint16_t bit) {
    const bool expected = (options_of(model) & bit) != 0, found = (head.options & bit) != 0;
    if (expected != found)
      fail(path, option, concat(expected ? "true" : "false", ", the value of the model"),
           found ? "true" : "false");
  };
  require_equal("bf16_dot", bf16_dot);
  require_equal("int8_mxfp4", int8_mxfp4);
  const bool type_is_known = head.kv_type == static_cast<std::uint16_t>(DType::f16) ||
                             head.kv_type == static_cast<std::uint16_t>(DType::f32) ||
                             head.kv_type == static_cast<std::uint16_t>(DType::q8_0);
  const bool consistent = head.options <= (bf16_dot | int8_mxfp4) && head.context > 0 &&
                          head.context <= model.spec().max_positions && head.chunk > 0 &&
                          head.chunk <= head.context && head.position <= head.context &&
                          head.position <= head.written && head.written <= head.context + head.chunk &&
                          head.position <= head.ids && head.ids <= head.context + 1;
  expect(type_is_known && consistent, path, "head", "sizes that agree with each other",
         "sizes that contradict each other");
}

MOE_INLINE Session SessionFile::open(const Model& model, const std::string& path) {
  ChecksummedInput in(path);
  Head head{};
  in.read(std::as_writable_bytes(std::span(&head, 1)));
  check(head, model, path);
  if (in.left() / sizeof(TokenId) < head.ids)
    fail(path, "ids", concat(head.ids, " ids"), concat(in.left(), " bytes"));
  std::vector<TokenId> tokens(static_cast<std::size_t>(head.ids));
  in.read(std::as_writable_bytes(std::span(tokens)));
  Sequence sequence = model.transformer().sequence({.context = static_cast<std::size_t>(head.context),
                                                    .chunk = static_cast<std::size_t>(head.chunk),
                                                    .kv_type = static_cast<DType>(head.kv_type)});
  sequence.state_.begin_restoring(static_cast<std::size_t>(head.position),
                                  static_cast<std::size_t>(head.written));
  sequence.state_.for_each_part([&](std::span<std::byte> bytes) { in.read(bytes); });
  in.finish();
  return Session(model, static_cast<std::size_t>(head.requested_context), std::move(sequence),
                 std::move(tokens));
}

MOE_INLINE Session OpenSession::operator()(const Model& model, const std::string& path) const {
  return SessionFile::open(model, path);
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE void Session::save(const std::string& path) const { detail::SessionFile::save(*this, path); }

}  // namespace moe::inline MOE_ABI

// SPDX-License-Identifier: MIT
#pragma once
#include "trace.hpp"
#include "../core/concat.hpp"
#include "../core/decimal.hpp"
#include "../core/error.hpp"
#include "../io/file.hpp"
#include "trace_columns.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe::inline MOE_ABI::detail {

/// Removes the text before `separator`, and the separator, from the front of `rest`. Returns the text.
MOE_INLINE std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view piece = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return piece;
}

class TraceReader {
 public:
  TraceReader(std::string_view text, std::string_view file) : rest_(text), file_(file) {}

  Trace read() &&;

 private:
  /// The values that all rows of one visit have in common.
  struct Key {
    std::uint32_t turn = 0;
    bool prompt = false;
    std::uint32_t step = 0, layer = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };

  static constexpr std::uint64_t most_bytes = std::uint64_t{1} << 48;
  static constexpr std::uint64_t no_slot = UINT64_MAX;

  /// `route_trace v1`, or words `name=value` about the model or a layer; other words are ignored.
  void comment(std::string_view line);

  void version(std::string_view stated) const;
  std::uint32_t model_number(std::string_view key, std::string_view value, std::uint64_t most);
  void column_names(std::string_view line);
  void row(std::string_view line);

  /// The cells of a row, by TraceColumn; cells of unknown columns are left out.
  std::array<std::string_view, trace_columns.size()> cells_of(std::string_view line) const;

  /// Begins a new visit, unless the row belongs to the visit of the row before, and checks the slot of the row. slot: `no_slot`
  /// if the row states no slot.
  void place(const Key& key, std::uint64_t slot);

  void expert(std::uint32_t expert);
  void add_visit();
  void set_layer_bytes();

  std::uint64_t number(std::string_view place, std::string_view text, std::uint64_t most) const;
  float weight(std::string_view text) const;

  static std::uint64_t at_or_zero(const std::vector<std::uint64_t>& bytes, std::size_t layer);
  static std::uint64_t& at(std::vector<std::uint64_t>& bytes, std::uint64_t layer);

  std::uint64_t last_layer() const { return (model_.layers ? model_.layers : Trace::most_layers) - 1; }
  std::uint64_t last_expert() const { return (model_.experts ? model_.experts : Trace::most_experts) - 1; }

  [[noreturn]] void fail_here(std::string_view place, std::string_view expected,
                              std::string_view found) const;

  std::string_view rest_, file_;
  std::size_t line_ = 0;
  TraceModel model_;
  // The TraceColumn of each column of the file; trace_columns.size() for an unknown column.
  std::vector<std::size_t> columns_;
  Trace trace_;
  Key key_;                             // of the visit that is being read
  std::vector<std::uint32_t> experts_;  // of that visit
  std::vector<float> weights_;
  std::vector<std::uint64_t> expert_bytes_, dense_bytes_;  // by layer, from comments
  std::vector<std::uint64_t> largest_;                     // by layer: the largest expert_bytes of its rows
};

MOE_INLINE Trace TraceReader::read() && {
  if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);
  while (!rest_.empty()) {
    std::string_view line = take_until(rest_, '\n');
    ++line_;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with('#')) {
      comment(line.substr(1));
    } else if (!line.empty()) {
      columns_.empty() ? column_names(line) : row(line);
    }
  }
  if (columns_.empty()) fail_here("", "a line with the names of the columns", "none");
  add_visit();
  set_layer_bytes();
  return std::move(trace_);
}

MOE_INLINE void TraceReader::comment(std::string_view line) {
  std::optional<std::uint64_t> layer;
  bool in_name = false;
  for (std::string_view rest = line; !rest.empty();) {
    const std::string_view word = take_until(rest, ' ');
    if (word == "route_trace" && !in_name) version(take_until(rest, ' '));
    const std::size_t equals = word.find('=');
    if (equals == word.npos && in_name && !word.empty()) model_.name += concat(' ', word);
    if (equals == word.npos) continue;
    const std::string_view key = word.substr(0, equals), value = word.substr(equals + 1);
    in_name = key == "model";  // the name of a model may contain spaces
    if (in_name) model_.name = value;
    if (key == "arch") model_.architecture = value;
    if (key == "n_layer") model_.layers = model_number(key, value, Trace::most_layers);
    if (key == "n_expert") model_.experts = model_number(key, value, Trace::most_experts);
    if (key == "n_expert_used")
      model_.experts_per_token = model_number(key, value, Trace::most_experts_per_token);
    if (key == "layer") layer = number(key, value, last_layer());
    if (key == "expert_bytes" && layer) at(expert_bytes_, *layer) = number(key, value, most_bytes);
    if (key == "dense_bytes" && layer) at(dense_bytes_, *layer) = number(key, value, most_bytes);
  }
}

MOE_INLINE void TraceReader::version(std::string_view stated) const {
  if (stated != "v1") fail_here("route_trace", "v1", stated);
}

MOE_INLINE std::uint32_t TraceReader::model_number(std::string_view key, std::string_view value,
                                                   std::uint64_t most) {
  if (!columns_.empty()) fail_here(key, "a comment above the column names", "a comment below them");
  const auto out = static_cast<std::uint32_t>(number(key, value, most));
  if (out == 0) fail_here(key, "a number above 0", value);
  return out;
}

MOE_INLINE void TraceReader::column_names(std::string_view line) {
  std::array<bool, trace_columns.size()> seen{};
  while (!line.empty()) {
    const std::string_view name = take_until(line, ',');
    std::size_t column = 0;
    while (column < trace_columns.size() && trace_columns[column] != name) ++column;
    if (column < seen.size() && std::exchange(seen[column], true))
      fail_here(name, "one column of that name", "two");
    columns_.push_back(column);
  }
  for (const TraceColumn needed : {TraceColumn::step, TraceColumn::layer, TraceColumn::expert})
    if (!seen[static_cast<std::size_t>(needed)])
      fail_here("columns", concat("a column named ", name_of(needed)), "none");
  trace_ = Trace(model_);
}

MOE_INLINE void TraceReader::row(std::string_view line) {
  const auto cells = cells_of(line);
  const auto cell = [&](TraceColumn column, std::uint64_t most, std::optional<std::uint64_t> otherwise = {}) {
    const std::string_view text = cells[static_cast<std::size_t>(column)];
    return text.empty() && otherwise ? *otherwise : number(name_of(column), text, most);
  };
  const Key key{static_cast<std::uint32_t>(cell(TraceColumn::turn, UINT32_MAX, 0)),
                cell(TraceColumn::phase, 1, 1) == 0,
                static_cast<std::uint32_t>(cell(TraceColumn::step, UINT32_MAX)),
                static_cast<std::uint32_t>(cell(TraceColumn::layer, last_layer()))};
  place(key, cell(TraceColumn::slot, UINT32_MAX, no_slot));
  expert(static_cast<std::uint32_t>(cell(TraceColumn::expert, last_expert())));
  weights_.push_back(weight(cells[static_cast<std::size_t>(TraceColumn::weight)]));
  (void)cell(TraceColumn::residency, UINT32_MAX, 0);
  std::uint64_t& largest = at(largest_, key.layer);
  largest = std::max(largest, cell(TraceColumn::expert_bytes, most_bytes, 0));
}

MOE_INLINE std::array<std::string_view, trace_columns.size()> TraceReader::cells_of(
    std::string_view line) const {
  std::array<std::string_view, trace_columns.size()> cells{};
  std::size_t count = 0;
  for (bool more = true; more; ++count) {
    more = line.find(',') != line.npos;
    const std::string_view cell = take_until(line, ',');
    if (count >= columns_.size()) fail_here("", concat(columns_.size(), " columns"), "more");
    if (columns_[count] < cells.size()) cells[columns_[count]] = cell;
  }
  return cells;
}

MOE_INLINE void TraceReader::place(const Key& key, std::uint64_t slot) {
  const bool complete = experts_.size() == model_.experts_per_token;
  const bool next_text = slot == 0 ? complete || !key.prompt : slot == no_slot && complete;
  if (key != key_ || next_text) add_visit();
  key_ = key;
  if (slot != no_slot && slot != experts_.size())
    fail_here(name_of(TraceColumn::slot), concat(experts_.size()), concat(slot));
  if (model_.experts_per_token != 0 && experts_.size() >= model_.experts_per_token)
    fail_here(name_of(TraceColumn::slot),
              concat("at most ", model_.experts_per_token, " experts, as n_expert_used says"), "more");
  if (experts_.size() >= Trace::most_experts_per_token)
    fail_here(name_of(TraceColumn::slot),
              concat("at most ", Trace::most_experts_per_token, " experts of one token"), "more");
}

MOE_INLINE void TraceReader::expert(std::uint32_t expert) {
  for (const std::uint32_t other : experts_)
    if (other == expert)
      fail_here(name_of(TraceColumn::expert), "an expert that is in no other slot of this token",
                concat(expert));
  experts_.push_back(expert);
}

MOE_INLINE void TraceReader::add_visit() {
  if (!experts_.empty())
    trace_.add({key_.turn,
                key_.prompt,
                key_.step,
                key_.layer,
                {experts_.data(), experts_.size()},
                {weights_.data(), weights_.size()}});
  experts_.clear();
  weights_.clear();
}

MOE_INLINE std::uint64_t TraceReader::number(std::string_view place, std::string_view text,
                                             std::uint64_t most) const {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value > most)
    fail_here(place, concat("a whole number from 0 to ", most), concat('\'', text, '\''));
  return value;
}

MOE_INLINE float TraceReader::weight(std::string_view text) const {
  if (text.empty()) return 0;
  // A router that scales its weights by a factor for each expert may have negative weights.
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  const std::optional<double> value = is_decimal(digits) ? parse_double(text) : std::nullopt;
  if (!value || std::abs(*value) > static_cast<double>((std::numeric_limits<float>::max)()))
    fail_here(name_of(TraceColumn::weight), "a number that an f32 can hold", concat('\'', text, '\''));
  return static_cast<float>(*value);
}

MOE_INLINE void TraceReader::set_layer_bytes() {
  for (std::size_t layer = 0; layer < trace_.layers(); ++layer) {
    const std::uint64_t stated = at_or_zero(expert_bytes_, layer);
    if (const std::uint64_t bytes = stated ? stated : at_or_zero(largest_, layer); bytes > 0)
      trace_.set_expert_bytes(layer, bytes);
    if (const std::uint64_t bytes = at_or_zero(dense_bytes_, layer); bytes > 0)
      trace_.set_dense_bytes(layer, bytes);
  }
}

MOE_INLINE std::uint64_t TraceReader::at_or_zero(const std::vector<std::uint64_t>& bytes, std::size_t layer) {
  return layer < bytes.size() ? bytes[layer] : 0;
}

MOE_INLINE std::uint64_t& TraceReader::at(std::vector<std::uint64_t>& bytes, std::uint64_t layer) {
  if (layer >= bytes.size()) bytes.resize(static_cast<std::size_t>(layer) + 1);
  return bytes[static_cast<std::size_t>(layer)];
}

MOE_INLINE void TraceReader::fail_here(std::string_view place, std::string_view expected,
                                       std::string_view found) const {
  fail(file_, concat("line ", line_, place.empty() ? "" : ", ", place), expected, found);
}

}  // namespace moe::inline MOE_ABI::detail

namespace moe::inline MOE_ABI {

MOE_INLINE Trace Trace::read(const std::string& path) {
  const std::string text = detail::read_text(path);
  return detail::TraceReader(text, path).read();
}

}  // namespace moe::inline MOE_ABI

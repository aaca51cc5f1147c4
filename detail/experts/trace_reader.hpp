#pragma once
#include "../core/decimal.hpp"
#include "../core/error.hpp"
#include "../io/file.hpp"
#include "../io/json_parser.hpp"
#include "trace.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moe {
namespace detail {

/// The columns of a trace. Files may have them in any order, and others beside them.
enum class TraceColumn : std::uint8_t {
  turn,
  phase,
  step,
  layer,
  slot,
  expert,
  weight,
  residency,
  expert_bytes
};
inline constexpr std::array<std::string_view, 9> trace_columns{
    "turn", "phase", "step", "layer", "slot", "expert", "weight", "residency", "expert_bytes"};

/// What is up to `separator`, which is taken from the front of `rest` as well.
inline std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view piece = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return piece;
}

class TraceReader {
 public:
  TraceReader(std::string_view text, std::string_view file) : rest_(text), file_(file) {}

  Trace read() && {
    if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);
    while (!rest_.empty()) {
      std::string_view line = take_until(rest_, '\n');
      ++line_;
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (line.starts_with('#')) {
        comment(line.substr(1));
      } else if (!line.empty()) {
        places_.empty() ? column_names(line) : row(line);
      }
    }
    if (places_.empty()) fail_here("", "a line with the names of the columns", "none");
    add_visit();
    // Where nothing states the size of a layer's experts, rows that were not resident do.
    for (std::size_t layer = 0; layer < trace_.layers(); ++layer) {
      const std::uint64_t stated = at_or_zero(expert_bytes_, layer);
      trace_.set_expert_bytes(layer, stated ? stated : at_or_zero(largest_, layer));
      trace_.set_dense_bytes(layer, at_or_zero(dense_bytes_, layer));
    }
    return std::move(trace_);
  }

 private:
  // More than any model has, so that a lie costs little memory.
  static constexpr std::uint64_t most_layers = 4096, most_experts = 65536;

  /// `route_trace v1`, or words `name=value` about the model or a layer; anything else says nothing.
  void comment(std::string_view line) {
    std::optional<std::uint64_t> layer;
    bool in_name = false;
    for (std::string_view rest = line; !rest.empty();) {
      const std::string_view word = take_until(rest, ' ');
      if (word == "route_trace" && !in_name) version(take_until(rest, ' '));
      const std::size_t equals = word.find('=');
      if (equals == word.npos && in_name && !word.empty()) model_.name += concat(' ', word);
      if (equals == word.npos) continue;
      const std::string_view key = word.substr(0, equals), value = word.substr(equals + 1);
      in_name = key == "model";  // which may have spaces in it
      if (in_name) model_.name = value;
      if (key == "arch") model_.architecture = value;
      if (key == "n_layer") model_.layers = model_number(key, value, most_layers);
      if (key == "n_expert") model_.experts = model_number(key, value, most_experts);
      if (key == "n_expert_used") model_.experts_per_token = model_number(key, value, most_experts);
      if (key == "layer") layer = number(key, value, layer_end() - 1);
      if (key == "expert_bytes" && layer) at(expert_bytes_, *layer) = number(key, value, most_bytes);
      if (key == "dense_bytes" && layer) at(dense_bytes_, *layer) = number(key, value, most_bytes);
    }
  }

  void version(std::string_view stated) const {
    if (stated != "v1") fail_here("route_trace", "v1", stated);
  }

  std::uint32_t model_number(std::string_view key, std::string_view value, std::uint64_t most) {
    if (!places_.empty()) fail_here(key, "to stand above the columns", "it below");
    const auto out = static_cast<std::uint32_t>(number(key, value, most));
    if (out == 0) fail_here(key, "a number above 0", value);
    return out;
  }

  void column_names(std::string_view line) {
    std::array<bool, trace_columns.size()> seen{};
    while (!line.empty()) {
      const std::string_view name = take_until(line, ',');
      std::size_t column = 0;
      while (column < trace_columns.size() && trace_columns[column] != name) ++column;
      if (column < seen.size() && std::exchange(seen[column], true))
        fail_here(name, "one column of that name", "two");
      places_.push_back(static_cast<std::uint32_t>(column));
    }
    for (const TraceColumn needed : {TraceColumn::step, TraceColumn::layer, TraceColumn::expert})
      if (!seen[static_cast<std::size_t>(needed)])
        fail_here("columns", concat("one named ", name_of(needed)), "none");
    trace_ = Trace(model_);
  }

  void row(std::string_view line) {
    std::array<std::string_view, trace_columns.size()> cells{};
    std::size_t count = 0;
    for (bool more = true; more; ++count) {
      more = line.find(',') != line.npos;
      const std::string_view cell = take_until(line, ',');
      if (count >= places_.size()) fail_here("", concat(places_.size(), " columns"), "more");
      if (places_[count] < cells.size()) cells[places_[count]] = cell;
    }
    const auto cell = [&](TraceColumn column, std::uint64_t most,
                          std::optional<std::uint64_t> otherwise = {}) {
      const std::string_view text = cells[static_cast<std::size_t>(column)];
      return text.empty() && otherwise ? *otherwise : number(name_of(column), text, most);
    };
    const Key key{static_cast<std::uint32_t>(cell(TraceColumn::turn, UINT32_MAX, 0)),
                  cell(TraceColumn::phase, 1, 1) == 0,
                  static_cast<std::uint32_t>(cell(TraceColumn::step, UINT32_MAX)),
                  static_cast<std::uint32_t>(cell(TraceColumn::layer, layer_end() - 1))};
    place(key, cell(TraceColumn::slot, UINT32_MAX, UINT64_MAX));
    expert(static_cast<std::uint32_t>(cell(TraceColumn::expert, expert_end() - 1)));
    weights_.push_back(weight(cells[static_cast<std::size_t>(TraceColumn::weight)]));
    (void)cell(TraceColumn::residency, UINT32_MAX, 0);
    std::uint64_t& largest = at(largest_, key.layer);
    largest = std::max(largest, cell(TraceColumn::expert_bytes, most_bytes, 0));
  }

  /// What rows of one visit have in common.
  struct Key {
    std::uint32_t turn = 0;
    bool prompt = false;
    std::uint32_t step = 0, layer = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };

  /// Begins a new visit unless the row belongs to the one before. `slot`: UINT64_MAX if there is no such column.
  void place(const Key& key, std::uint64_t slot) {
    const bool complete = experts_.size() == model_.experts_per_token;
    if (key != key_ || (complete && (slot == 0 || slot == UINT64_MAX))) add_visit();
    key_ = key;
    if (slot != UINT64_MAX && slot != experts_.size())
      fail_here(name_of(TraceColumn::slot), concat(experts_.size()), concat(slot));
    if (model_.experts_per_token != 0 && experts_.size() >= model_.experts_per_token)
      fail_here(name_of(TraceColumn::slot),
                concat("at most ", model_.experts_per_token, " experts, as n_expert_used says"), "more");
  }

  void expert(std::uint32_t expert) {
    for (const std::uint32_t other : experts_)
      if (other == expert)
        fail_here(name_of(TraceColumn::expert), "one that this token has not in another slot",
                  concat(expert));
    experts_.push_back(expert);
  }

  void add_visit() {
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

  std::uint64_t number(std::string_view place, std::string_view text, std::uint64_t most) const {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value > most)
      fail_here(place, concat("a whole number from 0 to ", most), concat('\'', text, '\''));
    return value;
  }

  float weight(std::string_view text) const {
    if (text.empty()) return 0;
    const std::optional<double> value = is_decimal(text) ? parse_double(text) : std::nullopt;
    if (!value || *value > static_cast<double>((std::numeric_limits<float>::max)()))
      fail_here(name_of(TraceColumn::weight), "a number from 0 on", concat('\'', text, '\''));
    return static_cast<float>(*value);
  }

  static std::uint64_t at_or_zero(const std::vector<std::uint64_t>& bytes, std::size_t layer) {
    return layer < bytes.size() ? bytes[layer] : 0;
  }
  static std::uint64_t& at(std::vector<std::uint64_t>& bytes, std::uint64_t layer) {
    if (layer >= bytes.size()) bytes.resize(static_cast<std::size_t>(layer) + 1);
    return bytes[static_cast<std::size_t>(layer)];
  }

  std::uint64_t layer_end() const { return model_.layers ? model_.layers : most_layers; }
  std::uint64_t expert_end() const { return model_.experts ? model_.experts : most_experts; }
  static std::string_view name_of(TraceColumn column) {
    return trace_columns[static_cast<std::size_t>(column)];
  }

  [[noreturn]] void fail_here(std::string_view place, std::string_view expected,
                              std::string_view found) const {
    fail(file_, concat("line ", line_, place.empty() ? "" : ", ", place), expected, found);
  }

  static constexpr std::uint64_t most_bytes = std::uint64_t{1} << 48;

  std::string_view rest_, file_;
  std::size_t line_ = 0;
  TraceModel model_;
  std::vector<std::uint32_t>
      places_;  // of each column of the file: which it is; trace_columns.size() for another
  Trace trace_;
  Key key_;                             // of the visit that is being read
  std::vector<std::uint32_t> experts_;  // of it
  std::vector<float> weights_;
  std::vector<std::uint64_t> expert_bytes_, dense_bytes_;  // by layer, as the comments say
  std::vector<std::uint64_t> largest_;                     // by layer: the largest expert_bytes of a row
};

}  // namespace detail

/// Reads a trace in the form of the project BigMoeOnEdge (`# route_trace v1`): CSV with a row for each chosen expert.
///   # model=... arch=... n_layer=L n_expert=E n_expert_used=K     all optional, as every comment
///   # layer=N expert_bytes=B dense_bytes=D                        else B is the largest of the layer's rows
///   turn,phase,step,layer,slot,expert,weight,residency,expert_bytes
/// phase: 0 prompt, 1 after it. slot: the rank. residency is not kept. Needed are step, layer and expert; other columns
/// may be missing or empty, and are then turn 0, phase 1, the next slot, weight 0. Throws if anything in it is wrong.
inline Trace read_trace(const std::string& path) {
  const std::string text = read_text(path);
  return detail::TraceReader(text, path).read();
}

}  // namespace moe

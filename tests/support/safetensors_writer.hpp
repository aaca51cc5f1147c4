// SPDX-License-Identifier: MIT
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The bytes of a safetensors file with this header and data.
inline std::string safetensors(std::string_view header, std::string_view data) {
  std::string out;
  for (std::size_t i = 0; i < 8; ++i)
    out += static_cast<char>(std::uint64_t{header.size()} >> (8 * i) & 0xff);
  return out.append(header).append(data);
}

/// Builds the bytes of a safetensors file with the tensors that were added.
class SafetensorsWriter {
 public:
  SafetensorsWriter& add(std::string_view name, std::string_view dtype, const std::vector<std::size_t>& shape,
                         std::string_view bytes) {
    header_ += header_.empty() ? "{" : ",";
    header_.append("\"").append(name).append("\":{\"dtype\":\"").append(dtype).append("\",\"shape\":[");
    for (std::size_t i = 0; i < shape.size(); ++i) header_ += (i == 0 ? "" : ",") + std::to_string(shape[i]);
    header_ += "],\"data_offsets\":[" + std::to_string(data_.size()) + "," +
               std::to_string(data_.size() + bytes.size()) + "]}";
    data_ += bytes;
    return *this;
  }

  std::string text() const { return safetensors(header_.empty() ? "{}" : header_ + "}", data_); }

 private:
  std::string header_, data_;
};

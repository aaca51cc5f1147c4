// The contents of a checkpoint, and the memory that its experts need:  inspect examples/data/babel-10m
#include <moe.hpp>

#include "detail/io/tensor_info.hpp"
#include "detail/model/weights.hpp"
#include "support/command_line.hpp"

#include <algorithm>
#include <cmath>
#include <map>

constexpr std::string_view help = R"(usage: inspect MODEL [options]
Shows the contents of MODEL, a Hugging Face checkpoint or a GGUF file: its tensors by type, its shape,
the weights that one token uses, and how many experts fit into different amounts of memory.

  --tensors   list all tensors
)";

namespace {

std::string bytes_text(double bytes) {
  const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit < 4; ++unit) bytes /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.2f %s", bytes, units[unit]);
  return text;
}

void row(const char* name, const std::string& value) { std::printf("%-22s %s\n", name, value.c_str()); }

void show_tensors(const moe::Checkpoint& checkpoint, bool all) {
  std::map<std::string, std::pair<std::size_t, double>> types;  // number of tensors, and their bytes
  double bytes = 0;
  for (const moe::TensorInfo& tensor : checkpoint.tensors()) {
    auto& [count, sum] = types[tensor.dtype_name];
    ++count;
    sum += static_cast<double>(tensor.bytes);
    bytes += static_cast<double>(tensor.bytes);
    if (all)
      std::printf("%s: %s, byte %llu of %s\n", tensor.name.c_str(), moe::detail::describe(tensor).c_str(),
                  static_cast<unsigned long long>(tensor.offset), checkpoint.file_of(tensor).c_str());
  }
  row("files", std::to_string(checkpoint.files().size()));
  row("tensors", std::to_string(checkpoint.tensors().size()) + ", " + bytes_text(bytes));
  for (const auto& [name, sums] : types)
    row(("  " + name).c_str(), std::to_string(sums.first) + ", " + bytes_text(sums.second));
}

void show_shape(const moe::ModelConfig& c) {
  const auto text = [](std::size_t n) { return std::to_string(n); };
  row("architecture", c.architecture);
  row("layers", text(c.layers.size()));
  row("hidden size", text(c.hidden_size));
  row("heads",
      text(c.heads) + " of " + text(c.head_dim) + ", sharing " + text(c.kv_heads) + " of keys and values");
  row("vocabulary", text(c.vocabulary_size));
  row("positions", text(c.max_positions));
  if (c.experts > 0)
    row("experts", text(c.experts) + " of width " + text(c.expert_intermediate_size) + " per layer, " +
                       text(c.experts_per_token) + " per token");
  row("KV cache per position",
      bytes_text(static_cast<double>(2 * c.layers.size() * c.kv_size() * 2)) + " as f16");
}

void show_experts(const moe::ExpertCatalog& catalog, const moe::ModelConfig& config, double dense_bytes) {
  double experts = 0, per_token = 0, largest = 0;
  for (std::uint32_t layer = 0; layer < config.layers.size(); ++layer) {
    if (!config.layers[layer].has_experts) continue;
    const auto bytes = static_cast<double>(catalog.first_of(layer) ? catalog.first_of(layer)->bytes() : 0);
    experts += bytes * static_cast<double>(config.experts);
    per_token += bytes * static_cast<double>(config.experts_per_token);
    largest = std::max(largest, bytes);
  }
  row("bytes per expert", bytes_text(largest));
  row("all experts", bytes_text(experts));
  row("all other weights", bytes_text(dense_bytes));
  row("used by a token", bytes_text(per_token) + " of experts, " + bytes_text(dense_bytes) + " of others");
  std::printf("\nmemory for experts     experts that fit\n");
  for (double part = 1.0 / 32; part <= 1; part *= 2) {
    const double count = std::floor(experts * part / largest);
    std::printf("%-22s %.0f of %zu (%.0f %%)\n", bytes_text(experts * part).c_str(), count, catalog.size(),
                100 * part);
  }
}

}  // namespace

int main(int argc, char** argv) {
  return run_example(argc, argv, help, [](const CommandLine& args) {
    const moe::Checkpoint checkpoint(args.positional(1, 1)[0]);
    row("checkpoint", checkpoint.path());
    show_tensors(checkpoint, args.has("--tensors"));
    std::printf("\n");

    const moe::ModelConfig config(checkpoint);
    show_shape(config);
    const moe::ExpertCatalog catalog(checkpoint, {.allow_partial = true});
    if (catalog.missing() > 0) row("experts missing", catalog.describe_missing());
    moe::detail::require_experts(catalog, config);
    const moe::detail::ModelWeights weights(checkpoint, config);
    if (catalog.size() > 0) show_experts(catalog, config, static_cast<double>(weights.bytes()));
  });
}

// SPDX-License-Identifier: MIT
// The contents of a checkpoint, and the memory that its experts need:  inspect examples/data/babel-10m
#include <moe.hpp>

#include "detail/io/tensor_info.hpp"
#include "detail/model/expert_requirements.hpp"
#include "detail/model/weights.hpp"
#include "detail/text/tokenizer_files.hpp"
#include "support/command_line.hpp"

#include <algorithm>
#include <cmath>
#include <map>

constexpr std::string_view help = R"(usage: inspect MODEL [options]
Shows the contents of MODEL, a Hugging Face checkpoint or a GGUF file: its tensors by type, its shape,
its tokenizer, the weights that one token uses, and how many experts fit into different amounts of memory.

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

std::string name_of(const moe::MixerSpec& mixer) {
  const auto text = [](std::size_t n) { return std::to_string(n); };
  if (const auto* attention = std::get_if<moe::AttentionSpec>(&mixer))
    return "attention, " + text(attention->heads) + " query heads and " + text(attention->kv_heads) +
           " key-value heads of width " + text(attention->head_dim) +
           (attention->window > 0 ? ", window of " + text(attention->window) : "");
  if (const auto* latent = std::get_if<moe::LatentAttentionSpec>(&mixer))
    return "latent attention, " + text(latent->heads) + " heads, latent of " + text(latent->row_size());
  if (const auto* delta = std::get_if<moe::DeltaNetSpec>(&mixer))
    return "delta net, " + text(delta->value_heads) + " heads of " + text(delta->value_dim);
  if (const auto* mamba = std::get_if<moe::Mamba2Spec>(&mixer))
    return "Mamba-2, " + text(mamba->heads) + " heads of " + text(mamba->head_dim);
  if (std::holds_alternative<moe::ShortConvolutionSpec>(mixer)) return "short convolution";
  return "no mixer";
}

std::string name_of(const std::optional<moe::FeedForwardSpec>& part) {
  if (!part) return "";
  const std::string width = std::to_string(part->network.width);
  if (!part->router) return "; network of width " + width;
  std::string out = "; " + std::to_string(part->router->experts) + " experts of width " + width + ", " +
                    std::to_string(part->router->per_token) + " per token";
  if (part->always_on) out += ", and one of width " + std::to_string(part->always_on->network.width);
  return out;
}

void show_shape(const moe::ModelSpec& spec) {
  const auto text = [](std::size_t n) { return std::to_string(n); };
  row("family", spec.family);
  row("layers", text(spec.layers.size()));
  std::map<std::string, std::size_t> kinds;
  for (const moe::LayerSpec& layer : spec.layers) ++kinds[name_of(layer.mixer) + name_of(layer.feed_forward)];
  for (const auto& [name, count] : kinds) row(("  " + text(count)).c_str(), name);
  row("hidden size", text(spec.hidden_size));
  row("vocabulary", text(spec.vocabulary_size));
  row("positions", text(spec.max_positions));
  const auto state = [&](std::size_t context) {
    return static_cast<double>(moe::detail::SequenceState::bytes_for(spec, {.context = context, .chunk = 1}));
  };
  row("state of a text",
      bytes_text(state(1024)) + " for 1024 positions, " + bytes_text(state(8192)) + " for 8192, as f16");
}

/// A model with a tokenizer that is not supported runs with token ids, so the error is no failure here.
void show_tokenizer(const moe::Checkpoint& checkpoint) {
  if (moe::detail::find_tokenizer(checkpoint.path()).empty()) return row("tokenizer", "none");
  try {
    row("tokenizer", std::to_string(moe::Tokenizer(checkpoint.path()).size()) + " ids");
  } catch (const moe::Error& error) {
    row("tokenizer", std::string("not supported: ") + error.what());
  }
}

void show_experts(const moe::ExpertCatalog& catalog, const moe::ModelSpec& spec, double dense_bytes) {
  double experts = 0, per_token = 0, largest = 0;
  for (std::uint32_t layer = 0; layer < spec.layers.size(); ++layer) {
    if (!spec.layers[layer].router()) continue;
    const auto bytes = static_cast<double>(catalog.first_of(layer) ? catalog.first_of(layer)->bytes() : 0);
    experts += bytes * static_cast<double>(spec.layers[layer].router()->experts);
    per_token += bytes * static_cast<double>(spec.layers[layer].router()->per_token);
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

    const moe::ModelSpec spec(checkpoint);
    show_shape(spec);
    show_tokenizer(checkpoint);
    const moe::ExpertCatalog catalog(checkpoint, {.allow_partial = true});
    if (catalog.missing() > 0) row("experts missing", catalog.describe_missing());
    moe::detail::require_experts(catalog, spec);
    const moe::detail::ModelWeights weights(checkpoint, spec);
    if (catalog.size() > 0) show_experts(catalog, spec, static_cast<double>(weights.bytes()));
  });
}

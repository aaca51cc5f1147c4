// SPDX-License-Identifier: MIT
#include "detail/io/checkpoint.hpp"
#include "detail/experts/allowed_experts.hpp"
#include "detail/experts/catalog.hpp"
#include "detail/experts/present_experts.hpp"
#include "support/checkpoints.hpp"
#include "support/message_of.hpp"
#include "support/safetensors_writer.hpp"
#include "support/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

/// A checkpoint with the tensors that are added; add_expert() adds an expert of hidden size 3 and width 2.
class Experts {
 public:
  Experts& add(const std::string& name, const std::vector<std::size_t>& shape, const char* dtype = "BF16") {
    std::size_t numbers = 1;
    for (const std::size_t size : shape) numbers *= size;
    writer_.add("model.layers." + name, dtype, shape, std::string(numbers * 2, 'x'));
    return *this;
  }
  Experts& add_expert(const std::string& prefix) {
    return add(prefix + ".gate_proj.weight", {2, 3})
        .add(prefix + ".up_proj.weight", {2, 3})
        .add(prefix + ".down_proj.weight", {3, 2});
  }

  moe::ExpertCatalog catalog(std::size_t layers = 1) {
    return catalog_with(R"({"model_type": "qwen3_moe", "num_hidden_layers": )" + std::to_string(layers) +
                        "}");
  }
  moe::ExpertCatalog catalog_with(const std::string& config) {
    directory_.write("model.safetensors", writer_.text());
    directory_.write("config.json", config);
    return moe::ExpertCatalog(moe::Checkpoint(directory_.path()));
  }
  moe::ExpertCatalog partial_catalog(std::size_t layers) {
    (void)message_of([&] { return catalog(layers); });  // writes the files
    return moe::ExpertCatalog(moe::Checkpoint(directory_.path()), {.allow_partial = true});
  }
  std::string refusal(std::size_t layers = 1) {
    return message_of([&] { return catalog(layers); });
  }

 private:
  TemporaryDirectory directory_;
  SafetensorsWriter writer_;
};

}  // namespace

TEST_CASE(
    "catalog: experts in tensors of their own are found, and their numbers are read as decimal numbers") {
  Experts experts;
  for (int i = 0; i < 12; ++i) experts.add_expert("1.mlp.experts." + std::to_string(i));
  const moe::ExpertCatalog catalog = experts.catalog(2);
  CHECK(catalog.layers() == 2);
  CHECK(catalog.experts(0) == 0);
  CHECK(catalog.experts(1) == 12);
  CHECK(catalog.size() == 12);
  CHECK(catalog.index({1, 11}) == 11);
  CHECK(catalog.at({1, 11}).gate.rows == 2);
  CHECK(catalog.at({1, 11}).down.rows == 3);
  CHECK(catalog.at({1, 11}).bytes() == 36);
}

TEST_CASE("catalog: without num_hidden_layers there are 24 layers, as in transformers") {
  Experts experts;
  experts.add_expert("23.mlp.experts.0").add_expert("24.mlp.experts.0");
  for (int layer = 0; layer < 24; ++layer)
    experts.add(std::to_string(layer) + ".input_layernorm.weight", {3});
  for (const char* config :
       {R"({"model_type": "qwen3_moe"})", R"({"model_type": "qwen3_moe", "num_hidden_layers": null})"}) {
    const moe::ExpertCatalog catalog = experts.catalog_with(config);
    CHECK(catalog.layers() == 24);
    CHECK(catalog.size() == 1);
  }
}

TEST_CASE("catalog: slices fused tensors, gate before up") {
  Experts experts;
  experts.add("0.mlp.experts.gate_up_proj", {4, 4, 3}).add("0.mlp.experts.down_proj", {4, 3, 2});
  const moe::ExpertCatalog catalog = experts.catalog();
  CHECK(catalog.experts(0) == 4);
  const moe::ExpertLocation& third = catalog.at({0, 2});
  const std::uint64_t begin = catalog.at({0, 0}).gate.offset;
  CHECK(third.gate.offset == begin + 2 * 24);
  CHECK(third.up.offset == begin + 2 * 24 + 12);
  CHECK(third.down.offset == catalog.at({0, 0}).down.offset + 2 * 12);
}

TEST_CASE("catalog: slices experts merged into one tensor per projection") {
  Experts experts;
  experts.add("0.mlp.experts.gate_proj", {4, 2, 3}).add("0.mlp.experts.up_proj", {4, 2, 3});
  experts.add("0.mlp.experts.down_proj", {4, 3, 2});
  const moe::ExpertCatalog catalog = experts.catalog();
  CHECK(catalog.experts(0) == 4);
  CHECK(catalog.at({0, 2}).gate.offset == catalog.at({0, 0}).gate.offset + 2 * 12);
  CHECK(catalog.at({0, 2}).up.offset == catalog.at({0, 0}).up.offset + 2 * 12);
  CHECK(catalog.at({0, 2}).down.offset == catalog.at({0, 0}).down.offset + 2 * 12);
  CHECK(catalog.at({0, 2}).down.rows == 3);
}

TEST_CASE("catalog: experts of layers beyond num_hidden_layers are ignored") {
  Experts experts;
  experts.add_expert("0.mlp.experts.0").add("1.mlp.experts.0.gate_proj.weight", {2, 3});
  CHECK(experts.catalog(1).size() == 1);
}

TEST_CASE("catalog: an expert that lacks a matrix, or has one twice, is refused by its number") {
  Experts half;
  half.add("0.mlp.experts.0.gate_proj.weight", {2, 3}).add("0.mlp.experts.0.down_proj.weight", {3, 2});
  CHECK(half.refusal().find("expert 0 of layer 0: expected one up matrix") != std::string::npos);
  Experts hole;
  hole.add_expert("0.mlp.experts.0").add_expert("0.mlp.experts.2");
  CHECK(hole.refusal().find("expert 1 of layer 0: expected one gate matrix") != std::string::npos);
  Experts twice;
  twice.add_expert("0.mlp.experts.0")
      .add("0.mlp.experts.gate_up_proj", {1, 4, 3})
      .add("0.mlp.experts.down_proj", {1, 3, 2});
  CHECK(twice.refusal().find("expert 0 of layer 0: expected one gate matrix, found two") !=
        std::string::npos);
}

TEST_CASE("catalog: matrices whose shapes do not fit each other are refused") {
  Experts fused;
  fused.add("0.mlp.experts.gate_up_proj", {2, 4, 3}).add("0.mlp.experts.down_proj", {2, 2, 3});
  CHECK(fused.refusal().find("down_proj\": expected down [3, 2] of each expert, found [2, 2, 3]") !=
        std::string::npos);
  Experts uneven;
  uneven.add("0.mlp.experts.gate_up_proj", {2, 3, 3}).add("0.mlp.experts.down_proj", {2, 3, 2});
  CHECK(uneven.refusal().find("expected shape [experts, 2 · width, hidden size]") != std::string::npos);
  Experts other;
  other.add_expert("0.mlp.experts.0")
      .add("0.mlp.experts.1.gate_proj.weight", {3, 3})
      .add("0.mlp.experts.1.up_proj.weight", {3, 3})
      .add("0.mlp.experts.1.down_proj.weight", {3, 3});
  CHECK(other.refusal().find(
            "experts.1.gate_proj.weight\": expected gate [2, 3] of each expert, found [3, 3] BF16") !=
        std::string::npos);
  Experts flat;
  flat.add("0.mlp.experts.0.gate_proj.weight", {6});
  CHECK(flat.refusal().find("expected shape [rows, cols], found [6] BF16") != std::string::npos);
}

TEST_CASE("catalog: a type that kernels cannot multiply is refused") {
  Experts experts;
  experts.add("0.mlp.experts.0.gate_proj.weight", {2, 3}, "I16");
  CHECK(experts.refusal().find("expected f32, f16, bf16, q8_0 to q2_k, iq4_nl, iq4_xs or mxfp4, found I16") !=
        std::string::npos);
}

TEST_CASE("catalog: more layers than tensors are refused") {
  Experts experts;
  experts.add_expert("0.mlp.experts.0");
  CHECK(experts.refusal(4000000000u).find("$.num_hidden_layers") != std::string::npos);
}

TEST_CASE("catalog: missing experts that only a router counts take no memory, and have no index") {
  Experts experts;
  experts.add_expert("0.mlp.experts.7");
  for (int layer = 0; layer < 20; ++layer)
    experts.add(std::to_string(layer) + ".mlp.gate.weight", {65536, 1});
  const moe::ExpertCatalog catalog = experts.partial_catalog(20);
  CHECK(catalog.size() == 1);
  CHECK(catalog.missing() == 20 * 65536 - 1);
  CHECK(catalog.experts(19) == 65536);
  CHECK(catalog.index({0, 7}) == 0);
  CHECK(catalog.ids(0).size() == 1);
  CHECK(catalog.ids(1).empty());
  CHECK_FALSE(catalog.has({0, 8}));
  check_error([&] { return catalog.index({0, 8}); }, {"expert 8 of layer 0", "has", "a missing one"});
  CHECK(catalog.describe_missing() ==
        "1310719 of 1310720 missing: 65535 of 65536 in layer 0, 65536 of 65536 in layer 1 to 19");
}

TEST_CASE("catalog: an index counts the experts that are present, in the order of their ids") {
  Experts experts;
  experts.add_expert("0.mlp.experts.1").add_expert("0.mlp.experts.3").add_expert("1.mlp.experts.0");
  experts.add("0.mlp.gate.weight", {4, 3}).add("1.mlp.gate.weight", {2, 3});
  const moe::ExpertCatalog catalog = experts.partial_catalog(2);
  const std::vector<moe::ExpertId> present{{0, 1}, {0, 3}, {1, 0}};
  CHECK(std::vector<moe::ExpertId>(catalog.ids().begin(), catalog.ids().end()) == present);
  for (std::size_t i = 0; i < present.size(); ++i) CHECK(catalog.index(present[i]) == i);
  CHECK(catalog.missing() == 3);
  CHECK(catalog.first_of(0) == &catalog[0]);
}

TEST_CASE("catalog: a layer that lacks all of its allowed experts is named with the checkpoint") {
  Experts experts;
  experts.add_expert("0.mlp.experts.1").add("0.mlp.gate.weight", {4, 3}).add("1.mlp.gate.weight", {2, 3});
  const moe::ExpertCatalog catalog = experts.partial_catalog(2);
  moe::AllowedExperts allowed;
  allowed.allow_only(0, std::vector<std::uint32_t>{0, 2});
  check_error(
      [&] { return moe::detail::present_experts(catalog, allowed); },
      {catalog.checkpoint().path(), "layer 0: expected at least one of the allowed experts, found none"});
  check_error([&] { return moe::detail::present_experts(catalog); },
              {catalog.checkpoint().path(), "layer 1: expected at least one expert, found none"});
}

TEST_CASE("catalog: a fused tensor of more experts than any model has is refused") {
  Experts experts;
  experts.add("0.mlp.experts.gate_up_proj", {65537, 2, 1}).add("0.mlp.experts.down_proj", {65537, 1, 1});
  CHECK(experts.refusal().find("expected at most 65536 experts, found [65537, 2, 1]") != std::string::npos);
}

TEST_CASE("catalog: experts that are smaller than their entry in the catalog are refused if they are many") {
  Experts experts;
  for (int layer = 0; layer < 2; ++layer)
    experts.add(std::to_string(layer) + ".mlp.experts.gate_up_proj", {65536, 2, 1})
        .add(std::to_string(layer) + ".mlp.experts.down_proj", {65536, 1, 1});
  CHECK(experts.refusal(2).find("at most 196608 parts of experts with less than 128 bytes") !=
        std::string::npos);
}

TEST_CASE("catalog: a router tensor without dimensions adds no experts") {
  Experts experts;
  experts.add_expert("0.mlp.experts.0").add("0.mlp.gate.weight", {});
  CHECK(experts.catalog().size() == 1);
}

TEST_CASE("catalog: a router tensor without data adds no experts, whatever its shape is") {
  Experts experts;
  experts.add_expert("0.mlp.experts.0").add("0.mlp.gate.weight", {65536, 0});
  CHECK(experts.catalog().size() == 1);
}

TEST_CASE("catalog: an unknown id is an error that states the number of layers or of experts") {
  const moe::ExpertCatalog catalog{moe::Checkpoint(golden("plain-f32"))};
  check_error(
      [&] {
        return catalog.at({1, 16});
      },
      {"expert 16 of layer 1: expected an expert below 16, found no such expert"});
  check_error(
      [&] {
        return catalog.at({3, 0});
      },
      {"expert 0 of layer 3: expected a layer below 3, found no such layer"});
  Experts second_layer;
  const moe::ExpertCatalog dense_first = second_layer.add_expert("1.mlp.experts.0").catalog(2);
  check_error(
      [&] {
        return dense_first.at({0, 0});
      },
      {"expert 0 of layer 0: expected a layer with experts, found a layer without experts"});
}

TEST_CASE("catalog: only the experts of the text model of a multimodal checkpoint are listed") {
  const moe::ExpertCatalog catalog{moe::Checkpoint(golden("omni-fused"))};
  CHECK(catalog.layers() == 2);
  CHECK(catalog.experts(0) == 8);
}

TEST_CASE("catalog: view() describes the bytes that read() writes, for every layout of a family") {
  for (const std::string name : {"plain-f32", "gpt-oss-bf16", "granitemoe", "nemotron-mixed"}) {
    CAPTURE(name);
    const moe::ExpertCatalog catalog{moe::Checkpoint(golden(name))};
    for (const moe::ExpertId id : catalog.ids()) {
      std::vector<std::byte> memory(catalog.at(id).bytes());
      const moe::ExpertWeights read = catalog.read(id, memory.data()), view = catalog.view(id, memory.data());
      for (const auto part :
           {&moe::ExpertWeights::gate, &moe::ExpertWeights::up, &moe::ExpertWeights::down}) {
        CHECK((view.*part).data == (read.*part).data);
        CHECK((view.*part).rows == (read.*part).rows);
        CHECK((view.*part).dtype == (read.*part).dtype);
      }
      CHECK(view.down_bias.data == read.down_bias.data);
      CHECK(view.down_bias.size == read.down_bias.size);
    }
  }
}

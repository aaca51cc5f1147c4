// SPDX-License-Identifier: MIT
#include "detail/core/tensor.hpp"
#include "detail/experts/catalog.hpp"
#include "detail/io/pages.hpp"
#include "detail/spec/model_spec.hpp"
#include "detail/model/expert_requirements.hpp"
#include "detail/model/weights.hpp"
#include "support/checkpoints.hpp"
#include "support/message_of.hpp"
#include "support/tiny_checkpoint.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

namespace {

/// The error of opening the whole model; empty if there is none.
std::string refusal(const TinyCheckpoint& tiny) {
  return message_of([&] {
    const moe::Checkpoint checkpoint = tiny.open();
    const moe::ModelSpec spec(checkpoint);
    moe::detail::require_experts(moe::ExpertCatalog(checkpoint), spec);
    return moe::detail::ModelWeights(checkpoint, spec);
  });
}

}  // namespace

TEST_CASE("weights: a complete model is accepted") {
  CHECK(refusal(TinyCheckpoint()).empty());
  CHECK(refusal(TinyCheckpoint("tied-biased")).empty());
}

TEST_CASE("weights: a missing tensor is an error that names the tensor") {
  for (const std::string name :
       {"model.embed_tokens.weight", "model.norm.weight", "model.layers.1.input_layernorm.weight",
        "model.layers.1.post_attention_layernorm.weight", "model.layers.2.self_attn.q_proj.weight",
        "model.layers.0.self_attn.k_proj.weight", "model.layers.0.self_attn.v_proj.weight",
        "model.layers.0.self_attn.o_proj.weight", "model.layers.0.self_attn.q_norm.weight",
        "model.layers.0.self_attn.k_norm.weight", "model.layers.0.mlp.gate.weight"}) {
    TinyCheckpoint tiny;
    std::string other = name;
    other.front() = 'X';  // outside of the model
    tiny.rename_tensor(name, other);
    CAPTURE(name);
    CHECK(refusal(tiny).find("tensor \"" + std::string(name) + "\": expected to be there") !=
          std::string::npos);
  }
}

TEST_CASE("weights: a missing expert is an error that names the expert and the layer") {
  TinyCheckpoint tiny;
  tiny.rename_tensor("model.layers.1.mlp.experts.3.up_proj.weight",
                     "xodel.layers.1.mlp.experts.3.up_proj.weight");
  CHECK(refusal(tiny).find("expert 3 of layer 1: expected one up") != std::string::npos);
}

TEST_CASE("weights: a missing lm_head without tie_word_embeddings is an error that names both") {
  TinyCheckpoint tiny;
  tiny.rename_tensor("lm_head.weight", "xm_head.weight");
  CHECK(refusal(tiny).find("tie_word_embeddings is false and lm_head.weight is missing") !=
        std::string::npos);
}

TEST_CASE("weights: without lm_head the embedding is the head of a model with tie_word_embeddings") {
  TinyCheckpoint tiny;
  tiny.rename_tensor("lm_head.weight", "xm_head.weight");
  tiny.edit("\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true");
  const moe::Checkpoint checkpoint = tiny.open();
  const moe::detail::ModelWeights weights(checkpoint, moe::ModelSpec(checkpoint));
  CHECK(weights.head.data == weights.embedding.matrix().data);
}

TEST_CASE("weights: an lm_head that differs from the embedding is the head, also with tie_word_embeddings") {
  TinyCheckpoint tiny;
  tiny.edit("\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true");
  const moe::Checkpoint checkpoint = tiny.open();
  for (const moe::WeightStorage storage : {moe::WeightStorage::mapped, moe::WeightStorage::owned}) {
    const moe::detail::ModelWeights weights(checkpoint, moe::ModelSpec(checkpoint), storage);
    const moe::Matrix stored = checkpoint.matrix("lm_head.weight", 320, 64);
    CHECK(weights.head.data != weights.embedding.matrix().data);
    CHECK(std::memcmp(weights.head.data, stored.data, stored.bytes()) == 0);
  }
}

TEST_CASE("weights: an lm_head equal to the embedding shares its memory, with tie_word_embeddings") {
  TinyCheckpoint tiny;
  tiny.edit("\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true");
  tiny.set_tensor("lm_head.weight", tiny.bytes_of("model.embed_tokens.weight"));
  const moe::Checkpoint checkpoint = tiny.open();
  for (const moe::WeightStorage storage : {moe::WeightStorage::mapped, moe::WeightStorage::owned}) {
    const moe::detail::ModelWeights weights(checkpoint, moe::ModelSpec(checkpoint), storage);
    CHECK(weights.head.data == weights.embedding.matrix().data);
  }
}

TEST_CASE("weights: a size that contradicts a tensor is an error with both shapes") {
  struct WrongValue {
    const char *from, *to, *tensor, *shapes;
  };
  for (const WrongValue& wrong : std::initializer_list<WrongValue>{
           {"\"vocab_size\": 320", "\"vocab_size\": 321", "model.embed_tokens.weight",
            "expected shape [321, 64], found [320, 64]"},
           {"\"hidden_size\": 64", "\"hidden_size\": 65", "experts of layer 0",
            "up [32, 65], found [32, 64]"},
           {"\"num_attention_heads\": 4", "\"num_attention_heads\": 6", "self_attn.q_proj.weight",
            "expected shape [192, 64], found [128, 64]"},
           {"\"num_key_value_heads\": 2", "\"num_key_value_heads\": 4", "self_attn.k_proj.weight",
            "expected shape [128, 64], found [64, 64]"},
           {"\"head_dim\": 32", "\"head_dim\": 16", "self_attn.q_proj.weight", "expected shape [64, 64]"},
           {"\"num_experts\": 16", "\"num_experts\": 15", "experts of layer 0", "expected 15, found 16"},
           {"\"num_experts\": 16", "\"num_experts\": 32", "experts of layer 0", "expected 32, found 16"},
           {"\"moe_intermediate_size\": 32", "\"moe_intermediate_size\": 31", "experts of layer 0",
            "up [31, 64], found [32, 64]"},
           {"\"num_hidden_layers\": 3", "\"num_hidden_layers\": 4", "layers: expected all 4",
            "nothing of layers [3]"},
           {"\"attention_bias\": false", "\"attention_bias\": true", "self_attn.q_proj.bias", "to be there"},
           {"\"mlp_only_layers\": []", "\"mlp_only_layers\": [1]", "model.layers.1.mlp.experts.0",
            "only tensors that the library knows"},
       }) {
    CAPTURE(wrong.to);
    TinyCheckpoint tiny;
    tiny.edit(wrong.from, wrong.to);
    const std::string message = refusal(tiny);
    CAPTURE(message);
    CHECK(message.find(wrong.tensor) != message.npos);
    CHECK(message.find(wrong.shapes) != message.npos);
  }
}

TEST_CASE("weights: the memory of a model holds its matrices and nothing else") {
  using moe::detail::Pages;
  for (const char* name : {"plain-bf16", "fp8-blocks", "deepseek-v2-lite", "glm4-moe-lite", "qwen3-next-odd"})
    for (const moe::WeightStorage storage : {moe::WeightStorage::mapped, moe::WeightStorage::owned}) {
      CAPTURE(name);
      CAPTURE(storage);
      const moe::Checkpoint checkpoint(golden(name));
      const moe::detail::ModelWeights weights(checkpoint, moe::ModelSpec(checkpoint), storage);
      std::vector<const moe::Matrix*> matrices{&weights.head};
      if (weights.embedding.matrix().data != weights.head.data)
        matrices.push_back(&weights.embedding.matrix());
      for (const moe::detail::LayerWeights& layer : weights.layers)
        for (const moe::Matrix* matrix : moe::detail::matrices_of(layer)) matrices.push_back(matrix);
      for (const Pages& pages : weights.memory) {
        std::size_t used = 0;
        for (const moe::Matrix* matrix : matrices)
          if (std::less_equal<>()(pages.data(), matrix->data) &&
              std::less<>()(matrix->data, pages.data() + pages.bytes()))
            used += matrix->bytes();
        CHECK(Pages::rounded(used) == pages.bytes());
      }
    }
}

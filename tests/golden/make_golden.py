#!/usr/bin/env python3
"""Golden checkpoints: tiny random language models in Hugging Face form, and what they must answer.

    make_golden.py verify FOLDER...      recompute each FOLDER/expected.json and compare
    make_golden.py make OUT [CASE...]    write the cases below (all, or those named) to OUT/CASE/

expected.json holds `prompt`, the `logits` after it, `greedy` (the next 12 ids) and `routes[layer][position]`,
the experts of each prompt position in rank order; `routes[layer]` is null for a dense layer. `make` draws
weights until no choice is a near tie, so that arithmetic in float32 chooses the same experts and ids.
"""

import itertools
import json
import math
import random
import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path

from reference import CODES, answer, is_moe, read_config

ABSENT = object()


def config(**fields):
    """The config.json of a small Qwen3-MoE, changed by `fields`."""
    base = {
        "architectures": ["Qwen3MoeForCausalLM"], "model_type": "qwen3_moe", "torch_dtype": "bfloat16",
        "vocab_size": 96, "eos_token_id": 95, "tie_word_embeddings": False, "max_position_embeddings": 512,
        "num_hidden_layers": 2, "hidden_size": 32, "rms_norm_eps": 1e-6, "hidden_act": "silu",
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 16, "attention_bias": False,
        "rope_theta": 1e6, "rope_scaling": None, "intermediate_size": 48, "moe_intermediate_size": 20,
        "num_experts": 8, "num_experts_per_tok": 2, "norm_topk_prob": True,
        "decoder_sparse_step": 1, "mlp_only_layers": [],
    }
    return {name: value for name, value in (base | fields).items() if value is not ABSENT}


@dataclass
class Case:
    config: dict
    dtype: str = "BF16"
    prompt: int = 12  # ids
    shards: int = 1
    fused: bool = False  # all experts of a layer in two tensors
    odd_start: bool = False  # the first tensor begins at an odd byte
    foreign: dict = field(default_factory=dict)  # tensors to be ignored: name -> (dtype, shape)


OMNI = {
    "architectures": ["Qwen3OmniMoeForConditionalGeneration"], "model_type": "qwen3_omni_moe",
    "enable_audio_output": True,
    "thinker_config": {
        "model_type": "qwen3_omni_moe_thinker",
        "audio_config": {"model_type": "qwen3_omni_moe_audio_encoder", "d_model": 24, "num_hidden_layers": 1},
        "vision_config": {"model_type": "qwen3_omni_moe_vision_encoder", "hidden_size": 24, "depth": 1},
        "text_config": config(
            architectures=ABSENT, model_type="qwen3_omni_moe_text", norm_topk_prob=ABSENT, rope_theta=ABSENT,
            rope_scaling={"type": "mrope", "mrope_section": [4, 2, 2], "interleaved": True},
        ),
    },
    "talker_config": {"text_config": {"hidden_size": 24, "num_hidden_layers": 1, "num_experts": 4}},
    "code2wav_config": {"hidden_size": 24},
}

CASES = {
    "odd-sizes": Case(
        config(hidden_size=37, moe_intermediate_size=19, vocab_size=101, eos_token_id=100,
               num_attention_heads=3, num_key_value_heads=1, head_dim=24,
               num_experts=130, num_experts_per_tok=9),
        odd_start=True),
    "tied-biased": Case(
        config(tie_word_embeddings=True, attention_bias=True, norm_topk_prob=False, torch_dtype="float16"),
        dtype="F16"),
    "dense-between": Case(
        config(num_hidden_layers=6, decoder_sparse_step=2, mlp_only_layers=[3], norm_topk_prob=ABSENT,
               num_attention_heads=2, head_dim=ABSENT, moe_intermediate_size=12, intermediate_size=36,
               torch_dtype="float32"),
        dtype="F32"),
    "four-shards": Case(
        config(),
        shards=4,
        foreign={"model.layers.0.self_attn.rotary_emb.inv_freq": ("F32", [8]),
                 "model.layers.2.mlp.experts.0.gate_proj.weight": ("BF16", [20, 32]),
                 "vision.empty": ("F32", [0, 7]), "vision.mask": ("BOOL", [3]),
                 "vision.position_ids": ("I64", [1, 5]), "vision.scale": ("F16", [])}),
    "fused-experts": Case(
        config(moe_intermediate_size=16, num_experts=ABSENT, num_local_experts=8),
        fused=True),
    "yarn": Case(
        config(num_attention_heads=2, num_key_value_heads=1, head_dim=32, rope_theta=100.0,
               max_position_embeddings=200,
               rope_scaling={"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32,
                             "beta_fast": 2.0}),
        prompt=40),
    "linear-rope": Case(
        config(rope_theta=10000.0, rope_scaling={"type": "linear", "factor": 2.5})),
    "rope-parameters": Case(
        config(torch_dtype=ABSENT, dtype="bfloat16", eos_token_id=[95, 93],
               rope_theta=ABSENT, rope_scaling=ABSENT,
               rope_parameters={"rope_type": "llama3", "rope_theta": 500.0, "factor": 8.0,
                                "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                                "original_max_position_embeddings": 64})),
    "dense-qwen3": Case(
        config(architectures=["Qwen3ForCausalLM"], model_type="qwen3", tie_word_embeddings=True,
               num_experts=ABSENT, num_experts_per_tok=ABSENT, moe_intermediate_size=ABSENT,
               norm_topk_prob=ABSENT, mlp_only_layers=ABSENT, decoder_sparse_step=ABSENT)),
    "omni-fused": Case(
        OMNI,
        fused=True,
        foreign={"talker.model.layers.0.mlp.experts.0.gate_proj.weight": ("BF16", [6, 24]),
                 "talker.model.embed_tokens.weight": ("BF16", [8, 24]),
                 "code2wav.code_embedding.weight": ("F32", [8, 24]),
                 "thinker.audio_tower.layers.0.self_attn.q_proj.weight": ("BF16", [24, 24]),
                 "thinker.visual.blocks.0.attn.qkv.weight": ("BF16", [72, 24])}),
    "sliding-window": Case(
        config(use_sliding_window=True, sliding_window=5),
        prompt=16),
    "one-expert": Case(
        config(num_experts=1, num_experts_per_tok=1)),
}


def shapes(c, fused):
    """Names and shapes of all tensors of the language model, in the order of the layers."""
    yield "model.embed_tokens.weight", [c.vocab_size, c.hidden_size]
    for layer in range(c.num_hidden_layers):
        name = f"model.layers.{layer}"
        yield f"{name}.input_layernorm.weight", [c.hidden_size]
        yield from attention_shapes(c, f"{name}.self_attn")
        yield f"{name}.post_attention_layernorm.weight", [c.hidden_size]
        if is_moe(c, layer):
            yield from moe_shapes(c, f"{name}.mlp", fused)
        else:
            yield from mlp_shapes(c, f"{name}.mlp", c.intermediate_size)
    yield "model.norm.weight", [c.hidden_size]
    if not c.tie_word_embeddings:
        yield "lm_head.weight", [c.vocab_size, c.hidden_size]


def attention_shapes(c, name):
    queries, keys = c.num_attention_heads * c.head_dim, c.num_key_value_heads * c.head_dim
    for part, rows in {"q": queries, "k": keys, "v": keys, "o": c.hidden_size}.items():
        yield f"{name}.{part}_proj.weight", [rows, queries if part == "o" else c.hidden_size]
        if c.attention_bias:
            yield f"{name}.{part}_proj.bias", [rows]
    yield f"{name}.q_norm.weight", [c.head_dim]
    yield f"{name}.k_norm.weight", [c.head_dim]


def moe_shapes(c, name, fused):
    experts, size = c.num_experts, c.moe_intermediate_size
    yield f"{name}.gate.weight", [experts, c.hidden_size]
    if fused:
        yield f"{name}.experts.gate_up_proj", [experts, 2 * size, c.hidden_size]
        yield f"{name}.experts.down_proj", [experts, c.hidden_size, size]
    else:
        for expert in range(experts):
            yield from mlp_shapes(c, f"{name}.experts.{expert}", size)


def mlp_shapes(c, name, size):
    yield f"{name}.gate_proj.weight", [size, c.hidden_size]
    yield f"{name}.up_proj.weight", [size, c.hidden_size]
    yield f"{name}.down_proj.weight", [c.hidden_size, size]


# ---- writing


def encode(dtype, values):
    if dtype == "BF16":  # rounded to nearest, ties to even
        words = [word for (word,) in struct.iter_unpack("<I", encode("F32", values))]
        return struct.pack(f"<{len(words)}H", *((word + 0x7FFF + (word >> 16 & 1)) >> 16 for word in words))
    return struct.pack(f"<{len(values)}{CODES[dtype]}", *values)


def write_tensors(path, tensors, odd_start):
    """Header entries are sorted by name, the bytes stay in the order of `tensors`."""
    header, end = {"__metadata__": {"format": "pt"}}, 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end := end + len(data)]}
    text = json.dumps(header, separators=(",", ":"), sort_keys=True).encode()
    text += b" " * ((1 - len(text)) % 2 if odd_start else -len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(data for *_, data in tensors.values()))


def write_checkpoint(folder, tensors, shards, odd_start):
    """Deals the tensors out to the shards in turn, so that the three of an expert never share one."""
    if shards == 1:
        return write_tensors(folder / "model.safetensors", tensors, odd_start)
    weight_map = {}
    for shard in range(shards):
        file = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        part = dict(itertools.islice(tensors.items(), shard, None, shards))
        write_tensors(folder / file, part, odd_start)
        weight_map |= dict.fromkeys(part, file)
    size = sum(len(data) for *_, data in tensors.values())
    index = {"metadata": {"total_size": size}, "weight_map": weight_map}
    write_json(folder / "model.safetensors.index.json", index)


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2 if path.name == "config.json" else None) + "\n")


def draw(rng, name, dtype, shape):
    """Uniform values of a size that lets every part of the model matter."""
    count = math.prod(shape)
    if dtype in ("I64", "BOOL"):
        values = [rng.randrange(2) for _ in range(count)]
    elif name.endswith("norm.weight"):
        values = [rng.uniform(0.6, 1.4) for _ in range(count)]
    else:
        gain = 2.0 if name.endswith("mlp.gate.weight") else 1.5
        spread = gain * math.sqrt(3 / shape[-1]) if shape else gain
        values = [rng.uniform(-spread, spread) for _ in range(count)]
    return dtype, shape, encode(dtype, values)


def attempt(folder, case, seed):
    """Writes a random checkpoint; returns its answers, or None if a choice is too close or ends the text."""
    rng, (c, prefix) = random.Random(seed), read_config(folder)
    wanted = {prefix + name: (case.dtype, shape) for name, shape in shapes(c, case.fused)} | case.foreign
    tensors = {name: draw(rng, name, *kind) for name, kind in wanted.items()}
    write_checkpoint(folder, tensors, case.shards, case.odd_start)
    first_special = c.vocab_size - 3
    prompt = [rng.randrange(first_special) for _ in range(case.prompt)]
    result, closest, lead = answer(folder, prompt)
    clear = closest > 1e-4 and lead > 1e-3 and max(result["greedy"]) < first_special
    return result if clear else None


def make(out, names):
    for name in names or CASES:
        folder = Path(out) / name
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "config.json", CASES[name].config)
        tries = (attempt(folder, CASES[name], f"{name} {number}") for number in itertools.count(1))
        write_json(folder / "expected.json", next(filter(None, tries)))
        print(f"{name}: {sum(file.stat().st_size for file in folder.iterdir())} bytes")


def verify(folders):
    """Compares ids and routes exactly and logits to 1e-6; returns the number of failures."""
    failures = 0
    for folder in map(Path, folders):
        expected = json.loads((folder / "expected.json").read_text())
        result, closest, lead = answer(folder, expected["prompt"], len(expected["greedy"]))
        off = max(abs(a - b) for a, b in zip(result["logits"], expected["logits"], strict=True))
        good = off <= 1e-6 and all(result[key] == expected[key] for key in ("greedy", "routes"))
        failures += not good
        print(f"{folder.name}: {'ok' if good else 'FAILED'}, logits off by {off:.1e},", end=" ")
        print(f"closest experts {closest:.1e}, closest ids {lead:.1e}")
    return failures


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["verify", *folders] if folders:
            sys.exit(verify(folders) > 0)
        case ["make", out, *names]:
            make(out, names)
        case _:
            sys.exit(__doc__)

#!/usr/bin/env python3
"""Golden checkpoints: tiny random language models in Hugging Face form, and what they must answer.

    make_golden.py verify FOLDER...      recompute each FOLDER/expected.json and compare
    make_golden.py make OUT [CASE...]    write the cases (all, or those named) to OUT/CASE/

expected.json holds `prompt`, the `logits` after it, `greedy` (the next 12 ids) and `routes[layer][position]`,
the experts of each prompt position in rank order; `routes[layer]` is null for a layer without experts. `make`
draws weights until no choice is a near tie, so that arithmetic in float32 chooses the same experts and ids.
"""

import itertools
import json
import math
import random
import re
import sys
from pathlib import Path

from cases import QWEN3
from cases_attention import ATTENTION
from cases_hybrid import HYBRID
from families import read_config
from reference import answer
from safetensors import encode, write_checkpoint
from shapes import shapes

CASES = QWEN3 | ATTENTION | HYBRID

# Values that are not drawn around zero with a spread that suits the length of a row: pattern of the name, from, to.
RANGES = [
    (r"norm(_\w+)?\.weight$", 0.6, 1.4), (r"norm\.bias$", -0.4, 0.4), (r"A_log$", -1.0, 1.5), (r"dt_bias$",
    -4.0, 1.0),
    (r"\.D$", 0.5, 1.5), (r"layer_scalar$", 0.5, 1.0), (r"per_expert_scale$", 0.5, 1.5), (r"sinks$", -2.0, 2.0),
    (r"(correction|expert)_bias$", -0.3, 0.3),
]
ROUTERS = r"(mlp|block_sparse_moe|feed_forward|mixer)\.gate\.weight$|router(\.layer|\.proj)?\.weight$"


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2 if path.name == "config.json" else None) + "\n")


def draw(rng, c, name, shape):
    """Uniform values of a size that lets every part of the model matter."""
    low, high = limits(c, name, shape)
    return [rng.uniform(low, high) for _ in range(math.prod(shape))]


def limits(c, name, shape):
    if name.endswith("router.scale"):
        return 0.6 * shape[0] ** 0.5, 1.4 * shape[0] ** 0.5
    for pattern, low, high in RANGES:
        if re.search(pattern, name):
            offset = 1 if c.norm == "one plus" and low == 0.6 and "linear_attn" not in name else 0
            return low - offset, high - offset
    gain = 2.0 if re.search(ROUTERS, name) else 1.5
    spread = gain * math.sqrt(3 / shape[-1]) if shape else gain
    return -spread, spread


def draw_blocks(rng, c, case, name, shape):
    """A matrix in FP8 and its factors, which differ much from block to block."""
    (rows, columns), (_, spread) = c.quantization_config["weight_block_size"], limits(c, name, shape)
    grid = [math.ceil(shape[0] / rows), math.ceil(shape[1] / columns)]
    factors = [spread * 2 ** rng.uniform(-2, 0.7) / 448 for _ in range(math.prod(grid))]
    values = [rng.uniform(-448, 448) for _ in range(math.prod(shape))]
    yield name, ("F8_E4M3", shape, encode("F8_E4M3", values))
    dtype = dtype_of(case, f"{name}_scale_inv")
    yield f"{name}_scale_inv", (dtype, grid, encode(dtype, factors))


def draw_tensors(rng, c, case):
    layout = "fused" if case.fused else "separate"
    wanted = {name: (dtype_of(case, name), shape) for name, shape in shapes(c, layout)} | case.foreign
    for name, (dtype, shape) in wanted.items():
        if dtype == "F8_E4M3":
            yield from draw_blocks(rng, c, case, name, shape)
        elif dtype in ("I64", "BOOL"):
            yield name, (dtype, shape, encode(dtype, [rng.randrange(2) for _ in range(math.prod(shape))]))
        else:
            yield name, (dtype, shape, encode(dtype, draw(rng, c, name, shape)))


def dtype_of(case, name):
    return next((dtype for pattern, dtype in case.dtypes.items() if re.search(pattern, name)), case.dtype)


def attempt(folder, case, seed):
    """Writes a random checkpoint; returns its answers, or None if a choice is too close or ends the text."""
    rng, c = random.Random(seed), read_config(folder)
    c.root = case.root or c.root
    write_checkpoint(folder, dict(draw_tensors(rng, c, case)), case.shards, case.odd_start)
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
        print(f"{name}: {sum(file.stat().st_size for file in folder.iterdir())} bytes", flush=True)


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
        print(f"closest experts {closest:.1e}, closest ids {lead:.1e}", flush=True)
    return failures


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["verify", *folders] if folders:
            sys.exit(verify(folders) > 0)
        case ["make", out, *names]:
            make(out, names)
        case _:
            sys.exit(__doc__)

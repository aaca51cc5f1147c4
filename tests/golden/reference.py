"""The independent reference of the tests: what a checkpoint must answer, by the specification alone.

Reads Hugging Face checkpoints of all families (families.py) and runs them in float64, with nothing but the
standard library and one token after the other: to be read, not to be fast.
"""

import math

from arithmetic import layer_norm, nest, plus, product, rms_norm, scaled, times
from experts import feed_forward, gemma
from families import read_config
from mixers import MIXERS
from safetensors import decode, read_checkpoint


class Model:
    """Reads one token after the other and remembers what mixers need, and routes."""

    def __init__(self, folder):
        self.config = read_config(folder)
        self.tensors, self.decoded = read_checkpoint(folder), {}
        roots = [self.config.root, "model", "model.language_model"]  # not every checkpoint has the usual one
        self.config.root = next(root for root in roots if self.has(f"{root}.{self.config.embedding}.weight"))
        self.past = [{} for _ in self.config.parts]
        self.routes = [[] if part == "moe" else None for part in self.config.parts]
        self.closest = math.inf  # the smallest gap between what neighbouring ranks were chosen by

    def has(self, name):
        return name in self.tensors

    def weight(self, name):
        if name not in self.decoded:
            dtype, shape, data = self.tensors[name]
            values = nest(decode(dtype, data), shape)
            self.decoded[name] = self.scale_blocks(values, name) if self.has(f"{name}_scale_inv") else values
        return self.decoded[name]

    def scale_blocks(self, matrix, name):
        """FP8: one factor for each block of rows and columns."""
        rows, columns = self.config.quantization_config["weight_block_size"]
        factors = self.weight(f"{name}_scale_inv")
        return [[value * factors[r // rows][column // columns] for column, value in enumerate(row)]
                for r, row in enumerate(matrix)]

    def project(self, name, x):
        y = times(self.weight(f"{name}.weight"), x)
        return plus(y, self.weight(f"{name}.bias")) if self.has(f"{name}.bias") else y

    def norm(self, x, name):
        c, weight = self.config, self.weight(f"{name}.weight")
        if c.norm == "layer":
            return plus(product(layer_norm(x, c.rms_norm_eps), weight), self.weight(f"{name}.bias"))
        if c.norm == "one plus":
            weight = [1 + value for value in weight]
        return product(rms_norm(x, c.rms_norm_eps), weight)

    def step(self, token):
        """The logits after one more token."""
        c = self.config
        x = scaled(c.embedding_multiplier, self.weight(f"{c.root}.{c.embedding}.weight")[token])
        for layer in range(len(c.parts)):
            name = f"{c.root}.layers.{layer}"
            x = self.gemma_layer(layer, name, x) if c.model_type == "gemma4_text" else self.layer(layer, name, x)
        return self.logits(self.norm(x, f"{c.root}.{c.final_norm}"))

    def layer(self, layer, name, x):
        c = self.config
        if c.mixers[layer]:
            y = self.mix(layer, name, self.norm(x, f"{name}.{c.mixer_norm}"))
            x = plus(x, scaled(c.residual_multiplier, y))
        if c.parts[layer]:
            y = feed_forward(self, layer, name, self.norm(x, f"{name}.{c.experts_norm}"))
            x = plus(x, scaled(c.residual_multiplier, y))
        return x

    def gemma_layer(self, layer, name, x):
        y = self.mix(layer, name, self.norm(x, f"{name}.input_layernorm"))
        x = plus(x, self.norm(y, f"{name}.post_attention_layernorm"))
        x = plus(x, gemma(self, layer, name, x))
        return scaled(self.weight(f"{name}.layer_scalar")[0], x)

    def mix(self, layer, name, x):
        mixer, own = MIXERS[self.config.mixers[layer]]
        own = self.config.mixer_name if own is None or self.config.mixer_name == "mixer" else own
        return mixer(self, layer, f"{name}.{own}", x)

    def logits(self, x):
        c = self.config
        stored = c.head if self.has(f"{c.head}.weight") else f"{c.root}.{c.embedding}"
        logits, cap = scaled(1 / c.logits_scaling, self.project(stored, x)), c.final_logit_softcapping
        return [cap * math.tanh(logit / cap) for logit in logits] if cap else logits


def answer(folder, prompt, count=12):
    """The contents of expected.json, and how close two experts and the two best ids came on the way."""
    model, greedy, lead = Model(folder), [], math.inf
    logits = [model.step(token) for token in prompt][-1]
    expected = {
        "prompt": prompt,
        "logits": [float(f"{logit:.9g}") for logit in logits],
        "greedy": greedy,
        "routes": [routes and routes[:] for routes in model.routes],
    }
    while True:
        second, best = sorted(logits)[-2:]
        greedy.append(logits.index(best))
        lead = min(lead, best - second)
        if len(greedy) == count:
            return expected, model.closest, lead
        logits = model.step(greedy[-1])

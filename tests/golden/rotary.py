"""Angles of rotary position embeddings."""

import math

from arithmetic import clamp


def rope_fields(c, kind=None):
    """All that config.json says of the rotation; transformers 5 may say it for each kind of layer."""
    fields = c.rope_parameters or {}
    return {"rope_theta": c.rope_theta} | (c.rope_scaling or {}) | fields.get(kind, fields)


def rotary(rope, dims, max_positions):
    """The angle per position of each pair of `dims` rotated values, and the factor on cos and sin."""
    kind = rope.get("rope_type", rope.get("type"))
    plain = [rope["rope_theta"] ** (-2 * i / dims) for i in range(dims // 2)]
    if kind == "linear":
        return [angle / rope["factor"] for angle in plain], 1
    if kind == "llama3":
        return llama3(plain, rope), 1
    if kind == "yarn":
        return yarn(plain, rope, dims, max_positions)
    if kind == "longrope":
        return longrope(plain, rope, max_positions)
    if kind == "proportional":
        return proportional(plain, rope, dims), 1
    assert kind in (None, "default", "mrope"), kind
    return plain, 1


def blend(angles, factor, keep):
    """The share `keep[i]`, cut to 0...1, of each angle stays as it is; the rest is divided by `factor`."""
    shares = [clamp(share, 0, 1) for share in keep]
    return [share * angle + (1 - share) * angle / factor for angle, share in zip(angles, shares)]


def llama3(plain, rope):
    """Pairs that turn often within the original context stay, pairs that turn seldom are stretched."""
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    turns = [rope["original_max_position_embeddings"] * angle / (2 * math.pi) for angle in plain]
    return blend(plain, rope["factor"], [(turn - low) / (high - low) for turn in turns])


def yarn(plain, rope, dims, max_positions):
    """As llama3, but by the index of the pair; cos and sin grow a little."""
    original = rope.get("original_max_position_embeddings", max_positions)

    def pair_with(turns):
        return dims * math.log(original / (2 * math.pi * turns)) / (2 * math.log(rope["rope_theta"]))

    low, high = pair_with(rope.get("beta_fast", 32)), pair_with(rope.get("beta_slow", 1))
    if rope.get("truncate", True):
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, dims - 1)
    keep = [1 - (i - low) / (high - low or 0.001) for i in range(len(plain))]
    return blend(plain, rope["factor"], keep), yarn_magnitude(rope)


def yarn_magnitude(rope):
    if rope.get("attention_factor") is not None:
        return rope["attention_factor"]
    if rope.get("mscale") and rope.get("mscale_all_dim"):
        return growth(rope, rope["mscale"]) / growth(rope, rope["mscale_all_dim"])
    return growth(rope, 1)


def growth(rope, share):
    return 0.1 * share * math.log(rope["factor"]) + 1 if rope["factor"] > 1 else 1


def longrope(plain, rope, max_positions):
    """Texts no longer than the original context, hence the short factors."""
    original = rope["original_max_position_embeddings"]
    magnitude = math.sqrt(1 + math.log(max_positions / original) / math.log(original))
    return [angle / factor for angle, factor in zip(plain, rope["short_factor"])], rope.get("short_mscale", magnitude)


def proportional(plain, rope, dims):
    """Only the first pairs turn, by angles that count all pairs."""
    turning = int(rope.get("partial_rotary_factor", 1.0) * dims // 2)
    return [angle / rope.get("factor", 1) if i < turning else 0.0 for i, angle in enumerate(plain)]


def rotate(head, position, angles, magnitude):
    """Turns the pairs (i, i + number of angles); what is behind them passes."""
    half = len(angles)
    pairs = zip(head[:half], head[half : 2 * half])
    turned = [turn(pair, position * angle, magnitude) for pair, angle in zip(pairs, angles)]
    return [a for a, _ in turned] + [b for _, b in turned] + head[2 * half :]


def rotate_neighbours(head, position, angles, magnitude):
    """Turns the pairs (2i, 2i + 1)."""
    pairs = zip(head[::2], head[1::2])
    return [x for pair, angle in zip(pairs, angles) for x in turn(pair, position * angle, magnitude)]


def turn(pair, angle, magnitude):
    (a, b), cos, sin = pair, magnitude * math.cos(angle), magnitude * math.sin(angle)
    return a * cos - b * sin, b * cos + a * sin

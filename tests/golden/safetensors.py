"""Safetensors files: u64 length, JSON header, bytes. Here a tensor is (dtype, shape, bytes)."""

import bisect
import itertools
import json
import math
import struct

CODES = {"F32": "f", "F16": "e", "I64": "q", "BOOL": "?", "U8": "B"}


def e4m3(byte):
    """The value of an F8_E4M3 without infinities."""
    sign, exponent, fraction = -1 if byte & 128 else 1, byte >> 3 & 15, byte & 7
    if byte & 127 == 127:
        return math.nan
    return sign * (2.0**-6 * fraction / 8 if exponent == 0 else 2.0 ** (exponent - 7) * (1 + fraction / 8))


E4M3 = [e4m3(byte) for byte in range(256)]


def decode(dtype, data):
    if dtype == "BF16":  # the upper half of an F32
        return decode("F32", b"".join(b"\0\0" + data[i : i + 2] for i in range(0, len(data), 2)))
    if dtype == "F8_E4M3":
        return [E4M3[byte] for byte in data]
    return [value for (value,) in struct.iter_unpack("<" + CODES[dtype], data)]


def encode(dtype, values):
    if dtype == "BF16":  # rounded to nearest, ties to even
        words = [word for (word,) in struct.iter_unpack("<I", encode("F32", values))]
        return struct.pack(f"<{len(words)}H", *((word + 0x7FFF + (word >> 16 & 1)) >> 16 for word in words))
    if dtype == "F8_E4M3":
        return bytes(map(nearest_e4m3, values))
    return struct.pack(f"<{len(values)}{CODES[dtype]}", *values)


def nearest_e4m3(value):
    above = bisect.bisect_left(E4M3, abs(value), 0, 127)  # the first 127 bytes ascend
    byte = min((max(above - 1, 0), min(above, 126)), key=lambda near: abs(E4M3[near] - abs(value)))
    return byte | (128 if value < 0 else 0)


def read_tensors(path):
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8:start]), data[start:]
    header.pop("__metadata__", None)
    return {name: (t["dtype"], t["shape"], body[slice(*t["data_offsets"])]) for name, t in header.items()}


def read_checkpoint(folder):
    index = folder / "model.safetensors.index.json"
    files = {"model.safetensors"}
    if index.exists():
        files = set(json.loads(index.read_text())["weight_map"].values())
    return {name: tensor for file in files for name, tensor in read_tensors(folder / file).items()}


def write_tensors(path, tensors, odd_start=False):
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
    (folder / "model.safetensors.index.json").write_text(json.dumps(index) + "\n")

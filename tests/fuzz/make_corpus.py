#!/usr/bin/env python3
"""Writes the seed inputs of the fuzzers:  tests/fuzz/make_corpus.py tests/fuzz/corpus

The inputs are small, and each one covers another case. Inputs that revealed a defect are added by hand, under a name that
describes the defect.
"""
import json
import os
import struct
import sys


def write(target, name, data):
    folder = os.path.join(sys.argv[1], target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


# ---- json

for name, text in {
    "all_kinds": '{"a": [1, -2.5e-3, true, false, null, "x\\u00e9\\ud83d\\ude00\\n"], "b": {"": {}}, "c": []}',
    "numbers": "[0, -0, 1e308, 18446744073709551615, 0.1, 1E+2, 123456789012345678901234567890]",
    "escapes": '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\uffff"',
    "surrogate_alone": '"\\ud800"',
    "twice_a_name": '{"a": 1, "a": 2}',
    "deep": "[" * 60 + "]" * 60,
    "cut": '{"a": [1, 2',
    "not_utf8": b'"\xff\xfe"',
}.items():
    write("json", name, text)

# ---- chat_template

for name, text in {
    "chatml": "{%- for m in messages %}{{ '<|im_start|>' + m.role + '\\n' ~ m.content }}{%- endfor -%}{{ bos_token }}",
    "tools": "{% if tools %}{{ tools | tojson(indent=2, sort_keys=true) }}{% else %}{{ raise_exception('no') }}{% endif %}",
    "macro": "{% macro f(a, b=2) %}{{ a }}{{ caller(b) }}{{ kwargs }}{{ varargs }}{% endmacro %}{% call(x) f(1, 3, c=4) %}{{ x }}{% endcall %}",
    "loop": "{% for k, v in d.items() if v is none recursive %}{{ loop.index }}{{ loop.previtem }}{% continue %}{% else %}x{% endfor %}",
    "namespace": "{% set ns = namespace(x=[1]) %}{% set ns.x = ns.x + [n * 2 ** 3 // 4 % 5] %}{{ ns.x[::-1] }}",
    "filters": "{{ [3, 'b', 1.5e3] | map('string') | sort(reverse=true) | join(', ') | upper | indent(2, true) | e }}",
    "select": "{{ messages | selectattr('role', 'in', ['user']) | map(attribute='content.0.text') | first | default('x') }}",
    "methods": "{{ 'a b'.split(none, 1)[-1].replace('b', '\\u00e9').center(9, '*').title().partition('*') }}",
    "formats": "{{ '%5.2f|%-3s|%x' % (1.5, 'a', 255) }}{{ '{0:>5}{a!r:^4}{:,}'.format(1, a='b') }}{{ strftime_now('%d %b %-H') }}",
    "blocks": "{% set x | trim %} {% filter replace('a', 'b') %}a{% endfilter %}{% endset %}{% with y = x %}{{ y }}{% endwith %}",
    "raw": " {%- raw -%} {{ x }} {%- endraw +%}\\n{# c #}\\n  {%+ generation %}g{% endgeneration %}",
    "errors": "{{ missing.a }}{{ none[1:] }}{{ [] < {} }}{{ 'a' + 1 }}",
    "not_utf8": b"{{ '\xff\xfe' | upper }}\xc3",
}.items():
    write("chat_template", name, text)

# ---- safetensors


def safetensors(header, data=b"", size=None):
    text = header.encode()
    return struct.pack("<Q", len(text) if size is None else size) + text + data


two = '{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"b":{"dtype":"BF16","shape":[3],"data_offsets":[16,22]}}'
for name, data in {
    "two": safetensors(two, bytes(22)),
    "metadata": safetensors('{"__metadata__":{"format":"pt"},"s":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}', bytes(8)),
    "empty": safetensors('{"e":{"dtype":"F16","shape":[0,4],"data_offsets":[0,0]}}   '),
    "hole": safetensors('{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', bytes(2)),
    "overflow": safetensors('{"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,8]}}', bytes(8)),
    "cut": safetensors(two, bytes(3)),
    "long_header": safetensors("{}", size=1 << 60),
    "unknown_type": safetensors('{"a":{"dtype":"X9","shape":[1],"data_offsets":[0,1]}}', bytes(1)),
}.items():
    write("safetensors", name, data)

# ---- gguf

U8, I32, U32, F32, BOOL, STRING, ARRAY = 0, 5, 4, 6, 7, 8, 9


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(data)) + data


def value(type, what):
    if type == STRING:
        return text(what)
    return struct.pack("<" + {U8: "B", I32: "i", U32: "I", F32: "f", BOOL: "?"}[type], what)


def array(type, elements):
    return struct.pack("<IQ", type, len(elements)) + b"".join(value(type, e) for e in elements)


def gguf(values, tensors=(), version=3):
    out = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(values))
    for key, type, what in values:
        out += text(key) + struct.pack("<I", type) + (what if type == ARRAY else value(type, what))
    data = b""
    for name, sizes, type, bytes_ in tensors:
        data += bytes(-len(data) % 32)
        out += text(name) + struct.pack("<I", len(sizes)) + b"".join(struct.pack("<Q", s) for s in sizes)
        out += struct.pack("<IQ", type, len(data))
        data += bytes_
    return out + bytes(-len(out) % 32) + data


def model(architecture, *more):
    a = architecture
    return [("general.architecture", STRING, a), (a + ".block_count", U32, 1), (a + ".context_length", U32, 64),
            (a + ".embedding_length", U32, 4), (a + ".feed_forward_length", U32, 4),
            (a + ".attention.head_count", U32, 2), (a + ".attention.layer_norm_rms_epsilon", F32, 1e-6), *more]


byte_level = [("tokenizer.ggml.model", STRING, "gpt2"), ("tokenizer.ggml.pre", STRING, "qwen2"),
              ("tokenizer.ggml.tokens", ARRAY, array(STRING, ["a", "b", "Ġ", "ab", "Ġab", "<s>", "[PAD6]"])),
              ("tokenizer.ggml.token_type", ARRAY, array(I32, [1, 1, 1, 1, 1, 3, 5])),
              ("tokenizer.ggml.merges", ARRAY, array(STRING, ["a b", "Ġ ab"])),
              ("tokenizer.ggml.eos_token_id", U32, 5), ("tokenizer.ggml.add_bos_token", BOOL, False)]
sentence_piece = [("tokenizer.ggml.model", STRING, "llama"),
                  ("tokenizer.ggml.tokens", ARRAY,
                   array(STRING, ["<unk>", "<s>", "</s>", "<0x0A>", "▁", "a", "b", "ab", "▁ab", "▁▁"])),
                  ("tokenizer.ggml.scores", ARRAY, array(F32, [0, 0, 0, 0, -4, -5, -6, -1, -2, -3])),
                  ("tokenizer.ggml.token_type", ARRAY, array(I32, [2, 3, 3, 6, 1, 1, 1, 1, 1, 4])),
                  ("tokenizer.ggml.add_space_prefix", BOOL, True)]
embedding = ("token_embd.weight", [4, 7], 0, bytes(112))
for name, data in {
    "byte_level": gguf(model("qwen3moe", ("qwen3moe.expert_count", U32, 2), ("qwen3moe.expert_used_count", U32, 1))
                       + byte_level + [("tokenizer.chat_template", STRING, "<|im_start|> enable_thinking")],
                       [embedding, ("blk.0.ffn_gate_exps.weight", [4, 4, 2], 0, bytes(128))]),
    "sentence_piece": gguf(model("llama") + sentence_piece, [("token_embd.weight", [4, 10], 0, bytes(160)),
                                                             ("rope_freqs.weight", [1], 0, struct.pack("<f", 2))]),
    "yarn": gguf(model("qwen3", ("qwen3.rope.scaling.type", STRING, "yarn"), ("qwen3.rope.scaling.factor", F32, 4),
                       ("qwen3.rope.freq_base", F32, 1e6)), [embedding]),
    "quantised": gguf(model("qwen3vlmoe"), [("output.weight", [32, 2], 8, bytes(68)), ("x", [256], 12, bytes(144))]),
    "aligned": gguf([("general.alignment", U32, 64)], [embedding]),
    "version_2": gguf(model("qwen3"), [embedding], 2),
    "split": gguf(model("qwen3", ("split.count", U32, 1), ("split.no", U32, 0)), [embedding]),
    "empty": gguf([]),
    "cut": gguf(model("llama") + sentence_piece)[:300],
}.items():
    write("gguf", name, data)

# ---- tokenizer.json

pattern = ("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
           "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+")


def tokenizer(**changes):
    vocab = {token: i for i, token in enumerate(["a", "b", "c", "Ġ", "ab", "Ġab", "Ã", "©", "Ã©"])}
    out = {
        "version": "1.0",
        "added_tokens": [dict(id=9, content="<s>", single_word=False, lstrip=False, rstrip=True, normalized=False,
                              special=True)],
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False},
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}]},
        "post_processor": None,
        "decoder": {"type": "ByteLevel"},
        "model": {"type": "BPE", "unk_token": None, "vocab": vocab, "merges": ["a b", "Ġ ab", ["Ã", "©"]]},
    }
    out.update(changes)
    return json.dumps(out)


template = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                                                     {"Sequence": {"id": "A", "type_id": 0}}],
            "special_tokens": {"<s>": {"id": "<s>", "ids": [9], "tokens": ["<s>"]}}}
metaspace = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
sentence_piece = tokenizer(
    added_tokens=[dict(id=1, content="<s>", single_word=False, lstrip=False, rstrip=False, normalized=True, special=True)],
    normalizer={"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, metaspace]},
    pre_tokenizer=None,
    decoder={"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                                              {"type": "ByteFallback"}, {"type": "Fuse"},
                                              {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
    model={"type": "BPE", "unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True,
           "vocab": {token: i for i, token in enumerate(["<unk>", "<s>", "<0xC3>", "<0xA9>", "▁", "a", "▁a", "<0x0A>"])},
           "merges": ["▁ a"]})
for name, data in {
    "small": tokenizer(),
    "sentence_piece": sentence_piece,
    "template": tokenizer(post_processor=template),
    "unknown": tokenizer(model={"type": "BPE", "unk_token": "a", "fuse_unk": True, "ignore_merges": True,
                                "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]}),
    "no_merge": tokenizer(model={"type": "BPE", "vocab": {"a": 0}, "merges": ["a a"]}),
    "sequence": tokenizer(normalizer={"type": "Sequence", "normalizers": [{"type": "NFC"}]}),
    "other_model": tokenizer(model={"type": "WordPiece"}),
}.items():
    write("tokenizer_json", name, data)

# ---- pre-tokenizers

for name, data in {
    "words": "It's 1234567 words, don't've; we'LL see.\n\n  \tEnd  ",
    "unicode": "नमस्ते 世界 e\u0301 Ⅷ½² ‘quoted’ 'ſab Å\u212b\u2126 각\u1100\u1161\u11a8",
    "white": " \u00a0\u3000\r\n \r\n\u2028x\u0085 \n",
    "symbols": " !!\n\n ?? <|im_end|> \U0001f469\u200d\U0001f469\U0001f3fd \u0000\uffff\ue000",
    "not_utf8": b"a\xff\xfe b\xe2\x82 \xf0\x9f\x98 \xed\xa0\x80\xc0\xaf",
}.items():
    write("pre_tokenizers", name, data)

# ---- regular expressions

for name, data in {
    "qwen2": "\x00It's 1234 words, 'ſab don't've\n\n  \tEnd  \u4e16\u754c e\u0301",
    "o200k": "\x06camelCase HTTPServer's 1234567 //\n \u01c5\u02b0 \u0939\u093f",
    "gpt2": "\x05 !!  it's\n\n 12ab \u00a0\u3000x",
    "classes": "\x0f[^\\s\\p{L}&&[^a-f\\x{41}-\\u0046]]++|[[:alpha:]\\d]{2,3}?\nab 12 é!",
    "conditions": "\x0f\\d{1,3}(?=(?:\\d{3})*\\b)|(?<=a|bc)(?!x)(?i:s|k)$\n1234567 aS bcK\n",
    "loops": "\x0f(?:(?:a*)*|(?>b+?|c)*)+d\naaabbbcccd",
    "not_utf8": b"\x00a\xff\xfe b\xe2\x82 \xf0\x9f\x98",
}.items():
    write("regex", name, data)

"""Makes the reference data beside this file: python3 reference.py MODELDIR. Neither the program nor its tests need it.

An implementation of BERT of its own, in float64 NumPy (numpy, scipy, safetensors; `tokenizers` cuts the text into pieces), from
the formulas of Devlin et al. 2019 and the model card. It writes
  vocab.txt         the vocabulary of the model, unchanged
  tokens.json       texts and their ids
  minilm.json       sentences and their embeddings by all-MiniLM-L6-v2
  tiny.safetensors  a random model of the same structure, small
  tiny.json         sentences and their embeddings by that
"""
import json, os, shutil, sys
import numpy as np
from scipy.special import erf
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

HERE = os.path.dirname(os.path.abspath(__file__))


def norm(x, w, name):
    c = x - x.mean(-1, keepdims=True)
    return c / np.sqrt((c * c).mean(-1, keepdims=True) + 1e-12) * w[name + ".weight"] + w[name + ".bias"]


def linear(x, w, name):
    return x @ w[name + ".weight"].T + w[name + ".bias"]


def embed(w, ids, heads, layers):
    e = "embeddings."
    x = w[e + "word_embeddings.weight"][ids] + w[e + "position_embeddings.weight"][: len(ids)] + w[e + "token_type_embeddings.weight"][0]
    x = norm(x, w, e + "LayerNorm")
    for i in range(layers):
        p = f"encoder.layer.{i}."
        q, k, v = (linear(x, w, p + "attention.self." + n).reshape(len(ids), heads, -1).transpose(1, 0, 2) for n in ("query", "key", "value"))
        s = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[-1])
        s = np.exp(s - s.max(-1, keepdims=True))
        a = (s / s.sum(-1, keepdims=True)) @ v
        a = a.transpose(1, 0, 2).reshape(len(ids), -1)
        x = norm(x + linear(a, w, p + "attention.output.dense"), w, p + "attention.output.LayerNorm")
        h = linear(x, w, p + "intermediate.dense")
        h = h * 0.5 * (1 + erf(h / np.sqrt(2)))
        x = norm(x + linear(h, w, p + "output.dense"), w, p + "output.LayerNorm")
    m = x.mean(0)
    return m / np.linalg.norm(m)


SENTENCES = [
    "A girih tile is one of five shapes that medieval craftsmen used to lay out strapwork.",
    "Persian artisans covered walls with interlaced star patterns.",
    "The compiler turns a kernel into code for the graphics processor.",
    "GPU code is generated from a program written on tiles.",
    "How do I bake a loaf of sourdough bread?",
    "Bread dough has to rise overnight in a cool place.",
    "x",
    "The café’s crème brûlée cost €7.50 — naïve, but worth it!",
    " ".join("Word embeddings map text to vectors, so that texts of similar meaning lie close to each other." for _ in range(8)),
]

TEXTS = SENTENCES + [
    "", " ", "\t\n ", "Hello, World!", "unaffable", "UNAFFABLE", "I'm don't can't", "a.b.c...d", "foo@bar.com", "$1,000.00 + 50% = ~x^2`",
    "北京大学 is 東京", "こんにちは世界", "한국어 텍스트", "Ångström Ñandú İstanbul Straße ΣΊΣΥΦΟΣ", "na\u0308ive e\u0301", "a\u200bb\u00adc\ufeffd",
    "tab\tnew\nline\r\nnbsp\u00a0em\u2003x", "emoji 🙂 👩‍👩‍👧 flag 🇨🇭", "a" * 100, "a" * 101, "zzzzqqqqxxxx", "##ing", "hyphen-ated under_score",
    "x\x00y\x7fz\ufffdw", "Привет, мир", "नमस्ते दुनिया", "שָׁלוֹם", "fi ﬁ ½ Ⅷ ℃ K", "豈更車", "electroencephalographically", "«quoted» ‘text’ …", "\U0001d400bold",
    "مرحبا بالعالم", "สวัสดี", "9th 3.14159 0xFF", "a\u2028b\u2029c\u0085d\u000be",
]


def main(model):
    shutil.copy(os.path.join(model, "vocab.txt"), os.path.join(HERE, "vocab.txt"))
    tok = Tokenizer.from_file(os.path.join(model, "tokenizer.json"))
    tok.no_padding()
    tok.no_truncation()
    dump("tokens.json", [{"text": t, "ids": tok.encode(t).ids} for t in TEXTS])

    w = {k: v.astype(np.float64) for k, v in load_file(os.path.join(model, "model.safetensors")).items()}
    dump("minilm.json", [{"text": t, "embedding": vector(embed(w, tok.encode(t).ids, 12, 6))} for t in SENTENCES])

    # The small model has 2 layers, width 64, 2 heads of 32 and the first 512 pieces; other ids are taken modulo 512.
    rng = np.random.default_rng(6)
    d, f, layers = 64, 128, 2
    t = {"embeddings.word_embeddings.weight": rng.normal(size=(512, d)), "embeddings.position_embeddings.weight": 0.3 * rng.normal(size=(192, d)),
         "embeddings.token_type_embeddings.weight": 0.1 * rng.normal(size=(2, d))}
    norms, mats = ["embeddings.LayerNorm"], []
    for i in range(layers):
        p = f"encoder.layer.{i}."
        norms += [p + "attention.output.LayerNorm", p + "output.LayerNorm"]
        mats += [(p + "attention.self." + n, d, d) for n in ("query", "key", "value")]
        mats += [(p + "attention.output.dense", d, d), (p + "intermediate.dense", f, d), (p + "output.dense", d, f)]
    for n in norms:
        t[n + ".weight"], t[n + ".bias"] = 1 + 0.2 * rng.normal(size=d), 0.2 * rng.normal(size=d)
    for n, o, i in mats:
        t[n + ".weight"], t[n + ".bias"] = rng.normal(size=(o, i)) * 1.5 / np.sqrt(i), 0.2 * rng.normal(size=o)
    t = {k: v.astype(np.float32) for k, v in t.items()}
    save_file(t, os.path.join(HERE, "tiny.safetensors"))
    t = {k: v.astype(np.float64) for k, v in t.items()}
    ids = [[j % 512 for j in tok.encode(s).ids] for s in SENTENCES]
    dump("tiny.json", [{"ids": i, "embedding": vector(embed(t, i, 2, layers))} for i in ids])


def vector(v):
    return [float(f"{x:.9g}") for x in v]


def dump(name, rows):
    with open(os.path.join(HERE, name), "w") as f:
        f.write("[\n" + ",\n".join(json.dumps(r) for r in rows) + "\n]\n")


main(sys.argv[1])

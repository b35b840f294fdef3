"""Writes the models of the tests: encoders of a few KB with weights drawn at random, and
what Python's onnxruntime makes of some inputs.

    .venv/bin/pip install -r internal/encoder/testdata/requirements.txt
    .venv/bin/python internal/encoder/testdata/models.py

Writes pair/, token/ and embed/ beside it.
"""
import gzip
import hashlib
import json
import pathlib
import random
import sys

import numpy as np
import onnxruntime

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parents[2] / "eval" / "train"))
import bertonnx  # noqa: E402
import quantize  # noqa: E402

HIDDEN, INNER, LAYERS, HEADS, POSITIONS = 16, 32, 2, 2, 64
WORDS = "the return window is thirty days from delivery returns refund shipping free order over not can be opened unopened".split()
VOCAB = (["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + list("abcdefghijklmnopqrstuvwxyz0123456789.,;:!?-'\"()[]$%/")
         + ["##" + c for c in "abcdefghijklmnopqrstuvwxyz0123456789"] + WORDS)
CLS, SEP = VOCAB.index("[CLS]"), VOCAB.index("[SEP]")


def weights(rng, labels: int) -> dict:
    draw = lambda *shape: rng.normal(0, 0.35, shape).astype(np.float32)  # noqa: E731
    state = {f"embeddings.{n}_embeddings.weight": draw(size, HIDDEN)
             for n, size in (("word", len(VOCAB)), ("position", POSITIONS), ("token_type", 2))}
    linear = {"classifier": (labels, HIDDEN), "pooler.dense": (HIDDEN, HIDDEN)}
    norms = ["embeddings.LayerNorm"]
    for i in range(LAYERS):
        p = f"encoder.layer.{i}."
        linear |= {p + f"attention.self.{n}": (HIDDEN, HIDDEN) for n in ("query", "key", "value")}
        linear |= {p + "attention.output.dense": (HIDDEN, HIDDEN), p + "intermediate.dense": (INNER, HIDDEN), p + "output.dense": (HIDDEN, INNER)}
        norms += [p + "attention.output.LayerNorm", p + "output.LayerNorm"]
    for name, shape in linear.items():
        state |= {name + ".weight": draw(*shape), name + ".bias": draw(shape[0])}
    for name in norms:
        state |= {name + ".weight": 1 + draw(HIDDEN) / 3, name + ".bias": draw(HIDDEN) / 3}
    state["classifier.weight"] *= 4
    return state


def write(kind: str, labels: list[str], int8: bool, more: dict):
    rng = np.random.default_rng(len(kind) * 11 + len(labels))
    model = bertonnx.build(weights(rng, max(1, len(labels))), HEADS, kind)
    out = HERE / kind
    out.mkdir(exist_ok=True)
    plain = out / "model.onnx"
    if int8:
        quantize.quantize_model(model, plain)
    else:
        plain.write_bytes(model.SerializeToString())
    data = plain.read_bytes()
    if int8:  # one of them compressed
        with open(out / "model.onnx.gz", "wb") as f, gzip.GzipFile(fileobj=f, mode="wb", mtime=0, filename="") as z:
            z.write(data)
        plain.unlink()
    (out / "vocab.txt").write_text("\n".join(VOCAB) + "\n")
    said = {"kind": kind, "max_tokens": POSITIONS, "sha256": hashlib.sha256(data).hexdigest(), **more}
    if labels:
        said["labels"] = labels
    (out / "labels.json").write_text(json.dumps(said) + "\n")
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    rnd, rows = random.Random(4), []
    for _ in range(24):
        first = [rnd.randrange(6, len(VOCAB)) for _ in range(rnd.randint(1, 40))]
        second = [rnd.randrange(6, len(VOCAB)) for _ in range(rnd.randint(1, 20))] if kind != "embed" else []
        ids = [CLS] + first + [SEP]
        begin = len(ids)
        ids += second + [SEP] * bool(second)
        types = [int(i >= begin) for i in range(len(ids))]
        feed = {"input_ids": ids, "attention_mask": [1] * len(ids), "token_type_ids": types}
        y = session.run(None, {k: np.array([v], np.int64) for k, v in feed.items()})[0][0]
        if kind == "token":
            y = y[begin:-1]
        rows.append({"ids": ids, "second": begin, "out": [float(np.float32(v)) for v in y.ravel()]})
    (out / "expected.json").write_text("[\n" + ",\n".join(json.dumps(r) for r in rows) + "\n]\n")
    print(kind, len(data), "bytes")


write("pair", ["entailment", "neutral", "contradiction"], True, {"temperature": 1.5, "bias": [0.1, 0, -0.1]})
write("token", ["supported", "hallucinated"], False, {})
write("embed", [], False, {})

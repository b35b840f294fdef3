"""Write the safety model as int8 ONNX, calibrate each head on it and measure it.

    python safety_export.py -from out/safety/two -rows out/safety/rows.jsonl.gz -out out/safety/export

Writes model-fp32.onnx (checked against PyTorch), model.onnx, scores of the dev rows and
figures. Calibration: a head's probability is sigmoid(scale x logit + shift), fitted on
dev rows of half of the sources or groups and measured on the other half, both ways; what
is shipped is fitted on all of them. Positives count as PRIOR of the whole, so that 0.5 is
a threshold that suits ordinary traffic and not the mixture of sets.
"""

import argparse
import hashlib
import json
import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import minimize

from export import build, session
from model import collate, load_tokenizer
from quantize import quantize
from safety_heads import CATEGORIES, GROUPS, HEADS, encode, new_model
from safety_train import auroc, read_rows

PRIOR = {"hate": 0.5, "toxicity": 0.4, "stereotype": 0.4, "sexism": 0.4, "injection": 0.15}  # others 0.3

ADVERSARIAL = ("hatemoji",)  # written so that models err: measured, but no guide for a threshold


def logits_of(model, rows) -> np.ndarray:
    """logits_of are those of each row, run alone: int8 scales depend on what shares a run."""
    out = np.empty((len(rows), len(HEADS)), np.float32)
    for i, row in enumerate(rows):
        ids, mask, types = collate([row])
        out[i] = model.run(["logits"], {"input_ids": ids.numpy(), "attention_mask": mask.numpy(), "token_type_ids": types.numpy()})[0][0]
    return out


def fit(x: np.ndarray, y: np.ndarray, w: np.ndarray, prior: float) -> tuple[float, float]:
    """fit gives scale and shift; classes are weighed to the prior."""
    n = w * np.where(y, prior / max((w * y).sum(), 1e-9), (1 - prior) / max((w * ~y).sum(), 1e-9))

    def loss(p):
        z = p[0] * x + p[1]
        return float((n * (np.logaddexp(0, z) - y * z)).sum() + 1e-3 * (p[0] - 1) ** 2)

    scale, shift = minimize(loss, [1.0, 0.0], method="Nelder-Mead").x
    return max(float(scale), 0.05), float(shift)


def sigmoid(z):
    return 1 / (1 + np.exp(-np.clip(z, -30, 30)))


def source_weights(rows, index) -> np.ndarray:
    """Each source counts alike, whatever its size, but for small ones."""
    size = defaultdict(int)
    for i in index:
        size[rows[i]["source"].split("/")[0]] += 1
    return np.array([1 / math.sqrt(size[rows[i]["source"].split("/")[0]]) for i in index])


def calibrate(rows, logits) -> tuple[dict, np.ndarray]:
    """calibrate gives scale and shift of every head, and each row's probability by the other half's fit."""
    p = np.full(logits.shape, np.nan)
    shipped = {}
    half = np.array([int(hashlib.sha256((r["source"] + r["group"]).encode()).hexdigest(), 16) % 2 for r in rows])
    for h, head in enumerate(HEADS):
        known = np.array([i for i, r in enumerate(rows) if head in r["y"] and r["source"] not in ADVERSARIAL])
        y = np.array([rows[i]["y"][head] >= 0.5 for i in known])
        w = source_weights(rows, known)
        prior = PRIOR.get(head, 0.3)
        scale, shift = fit(logits[known, h], y, w, prior)
        shipped[head] = {"scale": scale, "shift": shift, "rows": len(known), "positive": int(y.sum())}
        p[:, h] = sigmoid(scale * logits[:, h] + shift)
        for side in (0, 1):
            fitted, other = known[half[known] != side], known[half[known] == side]
            yy = np.array([rows[i]["y"][head] >= 0.5 for i in fitted])
            if 10 <= yy.sum() <= len(yy) - 10:
                s, b = fit(logits[fitted, h], yy, source_weights(rows, fitted), prior)
                p[other, h] = sigmoid(s * logits[other, h] + b)
    return shipped, p


def share(values) -> str:
    values = list(values)
    return f"{sum(values) / len(values):.3f}" if values else "–"


def balanced(p, y, at=0.5) -> float:
    p, y = np.array(p), np.array(y, bool)
    if not y.any() or y.all():
        return float("nan")
    return ((p[y] >= at).mean() + (p[~y] < at).mean()) / 2


def figures(rows, p) -> str:
    out = ["| head | rows | positive | AUROC | balanced accuracy | caught | false alarms |", "| --- | --- | --- | --- | --- | --- | --- |"]
    lines = []
    for h, head in enumerate(HEADS):
        known = [i for i, r in enumerate(rows) if head in r["y"]]
        y = [rows[i]["y"][head] >= 0.5 for i in known]
        ba = balanced(p[known, h], y)
        caught, alarms = [p[i, h] >= 0.5 for i, v in zip(known, y) if v], [p[i, h] >= 0.5 for i, v in zip(known, y) if not v]
        lines.append((ba, f"| {head} | {len(known):,} | {sum(y)} | {auroc(p[known, h].tolist(), y):.3f} | {ba:.3f} | {share(caught)} | {share(alarms)} |"))
    out += [line for _, line in sorted(lines, key=lambda x: (x[0] != x[0], x[0]))]

    def table(title, head, key, chosen, least=8):
        h = HEADS.index(head)
        by = defaultdict(list)
        for i, r in enumerate(rows):
            if head in r["y"] and chosen(r) and key(r):
                by[key(r)].append(i)
        out.extend(["", f"| {title} | rows | positive | AUROC | balanced accuracy | caught | false alarms |", "| --- | --- | --- | --- | --- | --- | --- |"])
        lines = []
        for name, index in by.items():
            if len(index) < least:
                continue
            y = [rows[i]["y"][head] >= 0.5 for i in index]
            caught, alarms = [p[i, h] >= 0.5 for i, v in zip(index, y) if v], [p[i, h] >= 0.5 for i, v in zip(index, y) if not v]
            ba = balanced(p[index, h], y)
            worst = ba if ba == ba else float(share(caught) if caught else 1 - float(share(alarms)))
            lines.append((worst, f"| {name} | {len(index)} | {sum(y)} | {auroc(p[index, h].tolist(), y):.3f} | {ba:.3f} | {share(caught)} | {share(alarms)} |"))
        out.extend(line.replace("nan", "–") for _, line in sorted(lines))

    own = lambda r: r["source"].startswith(("hatecheck", "authored"))  # noqa: E731
    table("hate, by group named (HateCheck functions and authored lines held back; groups of 20 rows and more)", "hate", lambda r: r["group"], own, 20)
    out.extend(by_group(rows, p))
    table("hate, by kind of text", "hate", lambda r: r["source"], own)
    for head in CATEGORIES:
        table(f"{head}, by set", head, lambda r: r["source"].split("/")[0], lambda r: True)
    table("injection, by kind", "injection", lambda r: r["source"], lambda r: r["source"].startswith(("bipia", "piguard", "notinject", "authored")))
    return "\n".join(out) + "\n"


def by_group(rows, p) -> list[str]:
    """by_group is false alarms and misses of the head hate by what the group has in common."""
    h = HEADS.index("hate")
    lines = []
    for g in GROUPS:
        index = [i for i, r in enumerate(rows) if r["source"].startswith(("hatecheck", "authored")) and r["y"].get(g) == 1 and "hate" in r["y"]]
        y = [rows[i]["y"]["hate"] >= 0.5 for i in index]
        alarms, caught = [p[i, h] >= 0.5 for i, v in zip(index, y) if not v], [p[i, h] >= 0.5 for i, v in zip(index, y) if v]
        lines.append([g, len(index), sum(y), balanced(p[index, h], y), sum(caught) / len(caught), sum(alarms) / len(alarms)])
    mean = sum(line[5] for line in lines) / len(lines)
    out = ["", "| hate, by what the group has in common | rows | positive | balanced accuracy | caught | false alarms | of the mean |", "| --- | --- | --- | --- | --- | --- | --- |"]
    return out + [f"| {g} | {n} | {k} | {b:.3f} | {c:.3f} | {a:.3f} | {a / mean:.2f} |" for g, n, k, b, c, a in sorted(lines, key=lambda x: -x[5])]


def main():
    a = argparse.ArgumentParser(allow_abbrev=False)
    a.add_argument("-from", dest="start", type=Path, nargs="+", required=True, help="folders of trainings; the weights of several are averaged")
    a.add_argument("-rows", type=Path, required=True)
    a.add_argument("-out", type=Path, required=True)
    a = a.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(2)
    trained = new_model()
    states = [torch.load(folder / "model.pt") for folder in a.start]
    trained.load_state_dict({k: sum(s[k] for s in states) / len(states) for k in states[0]})
    trained.eval()
    plain, small = a.out / "model-fp32.onnx", a.out / "model.onnx"
    plain.write_bytes(build({k: v.numpy() for k, v in trained.state_dict().items()}).SerializeToString())
    quantize(plain, small)
    tokenizer = load_tokenizer()
    probe = encode(tokenizer, [("", "I like your neighbours."), ("Are they all thieves?", "Yes, every one of them.")])
    with torch.inference_mode():
        want = trained(*collate(probe)).numpy()
    ids, mask, types = collate(probe)
    got = session(plain).run(["logits"], {"input_ids": ids.numpy(), "attention_mask": mask.numpy(), "token_type_ids": types.numpy()})[0]
    apart = float(np.abs(got - want).max())
    print(f"ONNX fp32 against PyTorch: {apart:.2e} apart at most; {small.stat().st_size:,} bytes")
    if apart > 1e-3:
        raise SystemExit("the graph is not the model that was trained")
    rows = [r for r in read_rows(a.rows) if r["split"] == "dev"]
    logits = logits_of(session(small), encode(tokenizer, [(r["context"], r["text"]) for r in rows]))
    np.save(a.out / "dev.npy", logits)
    shipped, p = calibrate(rows, logits)
    (a.out / "calibration.json").write_text(json.dumps(shipped, indent=1))
    text = figures(rows, p)
    (a.out / "figures.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()

"""Calibrate the int8 model and say how good it is, on documents that it was not trained on.

    python evaluate.py -model out/export/model.onnx -pairs out/pairs.jsonl -out out/figures.json

Calibration (a temperature and a bias for each label) and the combination with the
deterministic layer are fitted on the dev documents by cross-fitting: the figures of a
document come from a fit that did not see it. UNSEEN sets take part in no fit at all.
"""

import argparse
import hashlib
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from answers import MISS_TWO, PRIOR, THREE_WAY, read, weigh
from export import logits, session
from model import LABELS, encode, load_tokenizer
from train import TARGETS

FOLDS = 4
STRENGTH = 0.003  # of the L2 penalty of the combination


def fold_of(doc: str) -> int:
    return hashlib.sha256(b"fold" + doc.encode()).digest()[0] % FOLDS


def softmax(z):
    z = np.exp(z - z.max(1, keepdims=True))
    return z / z.sum(1, keepdims=True)


def calibrate(z, targets, weight):
    """calibrate is the temperature and the biases that fit best."""

    def apart(p):
        prob = softmax(z / np.exp(p[0]) + np.append(p[1:], 0))
        return -(weight * np.log((prob * targets).sum(1).clip(1e-9))).sum() / weight.sum() + 0.01 * (p[1:] ** 2).sum()

    p = minimize(apart, np.zeros(3), method="Nelder-Mead", options={"maxiter": 2000}).x
    return float(np.exp(p[0])), np.append(p[1:], 0)


def logistic(x, y, weight):
    """logistic is a function from features to the probability of y."""
    mean, scale = x.mean(0), x.std(0) + 1e-6

    def loss(p):
        s = (x - mean) / scale @ p[1:] + p[0]
        d = weight * (1 / (1 + np.exp(-s)) - y) / weight.sum()
        value = (weight * (np.logaddexp(0, s) - y * s)).sum() / weight.sum() + STRENGTH * (p[1:] ** 2).sum()
        return value, np.append(d.sum(), ((x - mean) / scale).T @ d + 2 * STRENGTH * p[1:])

    p = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B").x
    return lambda x: 1 / (1 + np.exp(-((x - mean) / scale @ p[1:] + p[0])))


def auroc(y, p):
    values, inverse, counts = np.unique(p, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    bad, good = (y == 1).sum(), (y == 0).sum()
    return float((rank[y == 1].sum() - bad * (bad + 1) / 2) / (bad * good)) if bad and good else None


def ece(y, p, weight, bins=10):
    """ece is the expected calibration error: how far a probability is from what happens, on average."""
    which = np.minimum((p * bins).astype(int), bins - 1)
    parts = [which == b for b in range(bins) if (which == b).any()]
    return float(sum(abs(np.average(p[m], weights=weight[m]) - np.average(y[m], weights=weight[m])) * weight[m].sum() for m in parts) / weight.sum())


def figures(y, p):
    caught = p >= 0.5
    tp, fp, fn, tn = ((caught == c) & (y == v) for c, v in ((1, 1), (1, 0), (0, 1), (0, 0)))
    tp, fp, fn, tn = (int(v.sum()) for v in (tp, fp, fn, tn))
    recall, passed = tp / max(1, tp + fn), tn / max(1, tn + fp)
    even = np.where(y == 1, PRIOR / max(y.mean(), 1e-9), (1 - PRIOR) / max(1 - y.mean(), 1e-9))
    return {"n": len(y), "wrong": float(y.mean()), "auroc": auroc(y, p), "balanced_accuracy": (recall + passed) / 2 if y.any() and not y.all() else None,
            "f1": 2 * tp / max(1, 2 * tp + fp + fn), "accuracy": (tp + tn) / len(y),
            "ece": ece(y, p, np.ones(len(y))), "ece_at_prior": ece(y, p, even) if y.any() and not y.all() else None}


def by_answer(rows, scores):
    """by_answer takes the worst sentence of each answer: its label and the scores."""
    worst = {}
    for r, score in zip(rows, scores):
        key = (r["set"], r["answer"])
        y, p = worst.get(key, (0, np.zeros_like(score)))
        worst[key] = max(y, int(r["row_label"] != "supported")), np.maximum(p, score)
    return np.array([y for y, _ in worst.values()]), np.array([p for _, p in worst.values()])


# lexical score is what the deterministic layer says; lexical fitted a logistic model over
# its features; joined one over that score and the encoder's logits, both one over the
# features and the logits.
WAYS = ["lexical score", "lexical fitted", "encoder", "joined", "both"]


def main():
    p = argparse.ArgumentParser(allow_abbrev=False)
    p.add_argument("-model", type=Path, required=True)
    p.add_argument("-pairs", type=Path, required=True)
    p.add_argument("-out", type=Path, required=True)
    a = p.parse_args()
    rows = [r for r in read(a.pairs) if r["split"] != "train"]
    model, tokenizer = session(a.model), load_tokenizer()
    z = logits(model, encode(tokenizer, [(r["evidence"], r["claim"]) for r in rows])).astype(float)

    known = np.array([r["label"] != "" for r in rows])
    wrong = np.array([r["label"] not in ("", "supported") for r in rows]).astype(int)
    dev = np.array([r["split"] == "dev" for r in rows])
    fold = np.array([fold_of(r["doc"]) for r in rows])
    target = np.array([TARGETS[("not_supported" if r["label"] != "supported" and not r["set"].startswith(THREE_WAY) else r["label"]) or "supported"] for r in rows])
    for r in rows:
        r["weight"] = 0.0
    weigh([r for r, d, k in zip(rows, dev, known) if d and k])
    weight = np.array([r["weight"] for r in rows])
    lexical = np.array([r["features"] for r in rows])
    z -= z.mean(1, keepdims=True)
    said = np.array([r["score"] for r in rows]).clip(0.01, 0.99)
    features = {
        "lexical fitted": lexical,
        "joined": np.hstack([np.log(said / (1 - said))[:, None], z]),
        "both": np.hstack([lexical, z, softmax(z)]),
    }

    score = np.zeros((len(rows), len(WAYS)))
    score[:, 0] = [r["score"] for r in rows]
    three = np.zeros_like(z)
    for k in range(FOLDS + 1):  # the last fold is what took part in no fit
        fit = dev & known & (fold != k)
        held = (dev & (fold == k)) if k < FOLDS else ~dev
        temperature, bias = calibrate(z[fit], target[fit], weight[fit])
        three[held] = softmax(z[held] / temperature + bias)
        score[held, 2] = 1 - three[held, 0]
        for way in features:
            score[held, WAYS.index(way)] = logistic(features[way][fit], wrong[fit], weight[fit])(features[way][held])
    temperature, bias = calibrate(z[dev & known], target[dev & known], weight[dev & known])
    raw = 1 - softmax(z)[:, 0]

    empty = np.array([r["evidence"] == "" for r in rows])
    out = {"calibration": {"temperature": temperature, "bias": bias.tolist()}, "sentences": {}, "answers": {}, "three_way": {}, "errors": {}, "empty_evidence": int(empty.sum())}
    groups = defaultdict(list)
    for i, r in enumerate(rows):
        name = r["set"] + (" (domain never seen)" if r["split"] == "unseen" else "")
        groups[name].append(i)
        if r["split"] == "unseen":
            miss = r["features"][MISS_TWO]
            groups[f"{r['set']}, {'most' if miss < 0.3 else 'some' if miss < 0.6 else 'few'} words shared"].append(i)
        for part in ("ragtruth", "answers", "summedits"):
            if r["set"].startswith(part):
                groups["all " + part].append(i)
    for name, index in groups.items():
        index = np.array(index)
        some = index[known[index]]
        out["sentences"][name] = {way: figures(wrong[some], score[some, i]) for i, way in enumerate(WAYS)} | {"encoder uncalibrated": figures(wrong[some], raw[some])}
        exact = [i for i in some if target[i].sum() == 1 and rows[i]["set"].startswith(THREE_WAY)]
        if exact:
            out["three_way"][name] = {"n": len(exact), "accuracy": float((three[exact].argmax(1) == target[exact].argmax(1)).mean()),
                                      "most_common": float(target[exact].mean(0).max())}
        y, p = by_answer([rows[i] for i in index], score[index])
        if len(y) < len(index):
            out["answers"][name] = {way: figures(y, p[:, i]) for i, way in enumerate(WAYS)}
        for error in sorted({rows[i]["error"] for i in some} - {"", "none"}):
            hit = [i for i in some if rows[i]["error"] == error]
            if name == "made" or "never seen" in name:
                out["errors"][f"{name}: {error}"] = {"n": len(hit)} | {way: float((score[hit, i] >= 0.5).mean()) for i, way in enumerate(WAYS)}
    out["calibration"] |= {"labels": LABELS, "rows": int((dev & known).sum())}
    a.out.write_text(json.dumps(out, indent=1))
    show(out)


def show(out):
    for kind in ("sentences", "answers"):
        print(f"\n| {kind}, worst first | n | wrong | " + " | ".join(f"{w}: AUROC / BA" for w in WAYS) + " | ECE of the encoder: at 42% wrong / as it is | F1 lexical score / joined |")
        print("| --- " * (len(WAYS) + 5) + "|")
        number = lambda v: "–" if v is None else f"{v:.2f}"  # noqa: E731
        for name, f in sorted(out[kind].items(), key=lambda item: item[1]["encoder"]["auroc"] or 2):
            e = f["encoder"]
            print(f"| {name} | {e['n']} | {e['wrong']:.2f} | " + " | ".join(f"{number(f[w]['auroc'])} / {number(f[w]['balanced_accuracy'])}" for w in WAYS)
                  + f" | {number(e['ece_at_prior'])} / {number(e['ece'])} | {f['lexical score']['f1']:.2f} / {f['joined']['f1']:.2f} |")
    print("\n| three ways | n | accuracy | always the commonest |\n| --- | --- | --- | --- |")
    for name, f in sorted(out["three_way"].items(), key=lambda item: item[1]["accuracy"]):
        print(f"| {name} | {f['n']} | {f['accuracy']:.2f} | {f['most_common']:.2f} |")
    print("\n| error, share caught | n | " + " | ".join(WAYS) + " |\n" + "| --- " * (len(WAYS) + 2) + "|")
    for name, f in sorted(out["errors"].items(), key=lambda item: item[1]["encoder"]):
        print(f"| {name} | {f['n']} | " + " | ".join(f"{f[w]:.2f}" for w in WAYS) + " |")
    c = out["calibration"]
    print(f"\ntemperature {c['temperature']:.2f}, bias {[round(v, 2) for v in c['bias']]}; {out['empty_evidence']} sentences had no evidence at all")


if __name__ == "__main__":
    main()

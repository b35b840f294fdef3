"""Fits the deterministic verifier's score and writes guards/weights.go.

    go run ./eval/train/pairs DATA... > pairs.jsonl
    python eval/train/fit.py pairs.jsonl guards/weights.go

A logistic model over the features of guards/features.go, with weights that may
only point the way a feature is meant to (an error can never lower the score).
Every group of data sets gets a fixed share of the total weight, and inside it
supported and unsupported sentences get the shares of PRIOR. Claims that were
written against passages (retail, work, world) have an artefact: the supported
ones share few words with the passage, the false ones many. There, the two
labels are given equal weight inside each bucket of overlap, so that overlap
teaches nothing.

Figures are from five folds by source document, never from the fit itself.
"""
import hashlib
import json
import pathlib
import re
import sys

import numpy as np
from scipy.optimize import minimize

PRIOR = 0.42  # of a sentence not being supported; puts the best held-out cut on RAGTruth and WiCE at 0.5
STRENGTH = 0.0005 # of the L2 penalty
FOLDS = 5

# Data sets by prefix, and what each group weighs. Real answers weigh most.
GROUPS = [
    ("ragtruth", 3.0), ("answers", 1.0), ("summedits", 1.5), ("wice-claim", 1.0), ("begin", 0.5), ("faithdial", 0.5),
    ("factcc", 0.5), ("summeval", 0.3), ("xsumfaith", 0.3), ("gofigure", 0.2), ("q2", 0.2), ("scifact", 0.3),
    ("retail", 0.4), ("work", 0.4), ("world", 0.4),
]
ARTEFACT = ("retail", "work", "world", "domains")

# What a feature may do to the score: -1 lower, 1 raise, 0 either. Not listed: 1.
SIGN = {"hasNames": 0, "length": 0, "fromField": 0, "valueMatched": -1, "copied": -1}


FEATURES = pathlib.Path(__file__).parents[2] / "guards" / "features.go"


def feature_names():
    """feature_names are guards.FeatureNames, in order."""
    return re.findall(r'"(\w+)"', FEATURES.read_text().split("var FeatureNames = ")[1].split("\n}")[0])


def load(path):
    """load reads sentences, their features, and labels: 1 not supported, 0 supported, -1 unknown."""
    with open(path, encoding="utf-8") as f:
        rows = [json.loads(line) for line in f]
    x = np.array([r["features"] for r in rows])
    label = np.array([-1 if r["label"] == "" else int(r["label"] != "supported") for r in rows])
    return rows, feature_names(), x, label


def weigh(rows, x, names, label, index, groups=GROUPS):
    """Weights of the sentences in index: group shares, priors, overlap buckets."""
    w = np.zeros(len(rows))
    overlap = x[:, names.index("missTwo")]
    for prefix, share in groups:
        group = np.array([i for i in index if rows[i]["set"].startswith(prefix) and label[i] >= 0], dtype=int)
        if len(group) == 0:
            continue
        cells = np.zeros(len(group), dtype=int)
        if prefix in ARTEFACT:
            cells = np.minimum((overlap[group] * 5).astype(int), 4)
        for cell in np.unique(cells):
            part = group[cells == cell]
            for value, prior in ((0, 1 - PRIOR), (1, PRIOR)):
                own = part[label[part] == value]
                if len(own) and len(own) < len(part):
                    w[own] = share * prior * len(part) / len(group) / len(own)
    return w / w.sum()


def fit(x, y, w, names, strength=STRENGTH):
    scale = x.std(axis=0)
    scale[scale == 0] = 1
    z = x / scale

    def loss(p):
        s = z @ p[1:] + p[0]
        value = (w * (np.logaddexp(0, s) - y * s)).sum() + strength * (p[1:] ** 2).sum()
        d = w * (1 / (1 + np.exp(-s)) - y)
        return value, np.concatenate(([d.sum()], z.T @ d + 2 * strength * p[1:]))

    bounds = [(None, None)]
    for n in names:
        bounds.append({1: (0, None), -1: (None, 0), 0: (None, None)}[SIGN.get(n, 1)])
    p = minimize(loss, np.zeros(len(names) + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    return p[0], p[1:] / scale


def auroc(y, p):
    order = np.argsort(p, kind="stable")
    rank = np.empty(len(p))
    values, inverse, counts = np.unique(p, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    rank = (ends - (counts - 1) / 2)[inverse]
    good, bad = (y == 0).sum(), (y == 1).sum()
    return (rank[y == 1].sum() - bad * (bad + 1) / 2) / (good * bad) if good and bad else float("nan")


def figures(y, p, at):
    c = p >= at
    tp, fp, fn, tn = (c & (y == 1)).sum(), (c & (y == 0)).sum(), (~c & (y == 1)).sum(), (~c & (y == 0)).sum()
    rec, spec = tp / max(1, tp + fn), tn / max(1, tn + fp)
    return f"auroc {auroc(y, p):.3f}  P {tp / max(1, tp + fp):.2f} R {rec:.2f} F1 {2 * tp / max(1, 2 * tp + fp + fn):.2f} BA {(rec + spec) / 2:.3f}"


def fold_of(rows):
    """fold_of deals documents into folds; the names of documents are their contents."""
    return np.array([int.from_bytes(hashlib.sha256(b"fit" + r["doc"].encode()).digest()[:4]) % FOLDS for r in rows])


def held_out(rows, names, x, label):
    """held_out is the score of each sentence by weights that did not see its document."""
    folds = fold_of(rows)
    score = np.zeros(len(rows))
    for k in range(FOLDS):
        w = weigh(rows, x, names, label, np.where(folds != k)[0])
        b, c = fit(x, np.maximum(label, 0), w, names)
        held = folds == k
        score[held] = 1 / (1 + np.exp(-(x[held] @ c + b)))
    return score


def main(source, target):
    rows, names, x, label = load(source)
    score = held_out(rows, names, x, label)
    for name in sorted({r["set"] for r in rows}):
        at = np.array([r["set"] == name for r in rows])
        some = at & (label >= 0)
        print(f"{name:28s} sentences {some.sum():5d} {figures(label[some], score[some], 0.5)}")
        answers = {}
        for i in np.where(at)[0]:
            y, p = answers.get(rows[i]["answer"], (0, 0))
            answers[rows[i]["answer"]] = max(y, int(rows[i]["row_label"] != "supported")), max(p, score[i])
        y, p = np.array(list(answers.values())).T
        if len(answers) < at.sum():
            print(f"{'':28s} answers   {len(answers):5d} {figures(y, p, 0.5)}")
    b, c = fit(x, np.maximum(label, 0), weigh(rows, x, names, label, range(len(rows))), names)
    with open(target, "w") as out:
        out.write("package guards\n\n// Code generated by eval/train/fit.py; DO NOT EDIT.\n\n")
        out.write("// The logistic model of Features.score. How it was fitted, on which data and\n")
        out.write("// with what weight each, is written in eval/train/fit.py.\n")
        out.write(f"const weightBias = {b:.4f}\n\nvar weights = [featureCount]float64{{\n")
        for n, v in zip(names, c):
            out.write(f"\t{n}: {v:.4f},\n")
        out.write("}\n")
    for n, v in zip(names, c):
        print(f"{n:16s} {v:+.3f}")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Pairs for the second stage, from what eval/train/pairs wrote: real answers and claims.

    python answers.py -pairs out/pairs.jsonl -entailment out/entailment.jsonl.gz -out out/answers.jsonl.gz

Documents are split, never rows: all that rests on one context is on one side, in every
set. UNSEEN sets are measured and never trained on. Labels: sets that do not tell a
contradicted text from one not covered become "not_supported".
"""

import argparse
import gzip
import hashlib
import json
import random
from collections import Counter, defaultdict
from pathlib import Path

DEV = 0.25  # of the documents
UNSEEN = ("retail",)
THREE_WAY = ("answers", "retail", "work", "world", "domains", "made", "scifact", "factcheck", "conjnli", "contractnli")
ARTEFACT = ("work", "world", "domains")  # written claims: few shared words where true, many where false
MISS_TWO = 2  # of guards.FeatureNames: share of the claim's words that the best two pieces lack
PRIOR = 0.42  # of a sentence that is not supported, in every set
SHARE = {  # what a set weighs beside its size
    "ragtruth": 2.0, "answers": 2.0, "work": 1.3, "world": 1.3, "domains": 2.0, "made": 0.6, "summedits": 1.0, "wice": 0.8,
    "faithdial": 0.7, "begin": 0.6, "q2": 0.6, "factcheck": 0.6, "contractnli": 0.5, "conjnli": 0.5, "xsumfaith": 0.6,
}
REPLAY = ("fm2", "ex-fever", "fever", "tabfact", "te-new-protocols", "semi-auto", "cf-nli", "negation-nli", "mnli")  # so that stage one is not forgotten
REPLAYED = 6000


def split_of(set_name: str, doc: str) -> str:
    if set_name.startswith(UNSEEN):
        return "unseen"
    return "dev" if int.from_bytes(hashlib.sha256(doc.encode()).digest()[:4]) < DEV * 2**32 else "train"


def read(path: Path) -> list[dict]:
    """read gives the sentences with their split, and labels worked out for edited summaries."""
    rows = [json.loads(line) for line in path.open(encoding="utf-8")]
    true = defaultdict(set)
    for r in rows:
        if r["set"] == "made":  # its context may lack a sentence; its id names the whole
            r["doc"], _, r["error"], _ = r["row"].split("|")
        r["split"] = split_of(r["set"], r["doc"])
        if r["row_label"] == "supported":
            true[r["doc"]].add(r["text"])
    answers = defaultdict(list)
    for r in rows:
        answers[r["set"], r["answer"]].append(r)
    for (name, _), parts in answers.items():
        if not name.startswith("summedits"):
            continue
        edited = [r for r in parts if r["row_label"] == "unsupported" and r["text"] not in true[r["doc"]]]
        for r in parts:  # an edit of a right summary: its other sentences are still right
            if r["label"] == "" and r not in edited:
                r["label"] = "supported"
        if len(edited) == 1:
            edited[0]["label"] = "unsupported"
    return rows


def weigh(rows: list[dict]):
    """weigh gives right and wrong rows fixed shares in every set, and in ARTEFACT in every bucket of overlap."""
    cells = defaultdict(list)
    for r in rows:
        bucket = min(int(r["features"][MISS_TWO] * 5), 4) if r["set"].startswith(ARTEFACT) else 0
        cells[r["set"].split("-")[0].split(".")[0], bucket].append(r)
    for (name, _), cell in cells.items():
        for wrong, prior in ((False, 1 - PRIOR), (True, PRIOR)):
            part = [r for r in cell if (r["label"] != "supported") == wrong]
            for r in part:
                r["weight"] = round(SHARE.get(name, 1.0) * min(4.0, prior * len(cell) / len(part)), 3)


def main():
    p = argparse.ArgumentParser(allow_abbrev=False)
    p.add_argument("-pairs", type=Path, required=True)
    p.add_argument("-entailment", type=Path, required=True)
    p.add_argument("-out", type=Path, required=True)
    a = p.parse_args()
    rng = random.Random(4)
    seen, rows = set(), []
    for r in read(a.pairs):
        key = (r["doc"], r["evidence"], r["claim"])
        if not r["label"] or not r["evidence"] or key in seen or r["split"] == "unseen":
            continue
        seen.add(key)
        if r["label"] != "supported" and not r["set"].startswith(THREE_WAY):
            r["label"] = "not_supported"
        rows.append(r)
    weigh([r for r in rows if r["split"] == "train"])
    rows = [{k: r[k] for k in ("set", "evidence", "claim", "label", "split", "weight") if k in r} for r in rows]
    with gzip.open(a.entailment, "rt", encoding="utf-8") as f:
        old = [r for r in map(json.loads, f) if r["split"] == "train" and r["set"].startswith(REPLAY)]
    rows += [r | {"weight": 0.7} for r in rng.sample(old, min(REPLAYED, len(old)))]
    rng.shuffle(rows)
    with gzip.open(a.out, "wt", encoding="utf-8") as f:
        for r in rows:
            f.write(json.dumps(r, ensure_ascii=False) + "\n")
    counts = Counter((r["set"], r["split"], r["label"]) for r in rows)
    for (name, split, label), n in sorted(counts.items()):
        print(f"{name:26} {split:6} {label:14} {n:6,}")
    print(Counter(r["split"] for r in rows))


if __name__ == "__main__":
    main()

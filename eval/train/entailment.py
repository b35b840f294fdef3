"""Pairs for the first stage: a balanced, short subset of public entailment sets.

    python entailment.py -data DIR -out out/entailment.jsonl.gz

DIR holds <set>.jsonl.gz with id, context, response, label. What each set is worth here
is in TAKE: at most so many rows. Rows are split by context: no context is in both parts.
"""

import argparse
import gzip
import hashlib
import json
import random
from collections import Counter, defaultdict
from pathlib import Path

TAKE = {  # rows at most; left out: infotabs (its authors limit use other than academic), evidence-inference (templates)
    "te-new-protocols.train": 22000,
    "te-new-protocols.val": 6000,
    "mnli.dev": 20000,
    "snli.dev": 9000,
    "semi-auto-nli.train": 9000,
    "cf-nli.all": 9000,
    "fever-binary.dev": 8000,
    "fever-binary.test": 9000,
    "fever-symmetric.all": 1400,
    "fm2.dev": 1200,
    "fm2.test": 1400,
    "ex-fever.test": 3800,
    "tabfact.pairs": 5000,
    "negation-nli.all": 3000,
    "rnpc.all": 2000,
    "syntactic-aug.large": 2500,
    "breaking-nli.all": 2000,
    "help.conj": 1500,
}
TWO_WAY = {"fever-binary.dev", "fever-binary.test", "rnpc.all", "syntactic-aug.large", "help.conj"}  # their "unsupported" may be contradicted
MAX_WORDS = 110  # of both texts: the budget is in tokens, and a long pair costs five short ones


def part_of(text: str, dev: float) -> str:
    """part_of puts a document in the train or the dev part, always the same one."""
    digest = hashlib.sha256(" ".join(text.lower().split()).encode()).digest()
    return "dev" if int.from_bytes(digest[:4]) < dev * 2**32 else "train"


def main():
    p = argparse.ArgumentParser(allow_abbrev=False)
    p.add_argument("-data", type=Path, required=True)
    p.add_argument("-out", type=Path, required=True)
    p.add_argument("-dev", type=float, default=0.02, help="share of contexts held back")
    a = p.parse_args()
    rng = random.Random(4)
    seen, out = set(), []
    for name, most in TAKE.items():
        with gzip.open(a.data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as f:
            rows = [json.loads(line) for line in f]
        rng.shuffle(rows)
        groups = defaultdict(list)
        for r in rows:
            key = (r["context"].lower(), r["response"].lower())
            if key in seen or len(r["context"].split()) + len(r["response"].split()) > MAX_WORDS:
                continue
            seen.add(key)
            label = "not_supported" if r["label"] == "unsupported" and name in TWO_WAY else r["label"]
            groups[label].append({"set": name, "evidence": r["context"], "claim": r["response"], "label": label, "split": part_of(r["context"], a.dev)})
        want = most // len(groups)
        counts = {label: min(len(rows), want * 2) for label, rows in groups.items()}
        while sum(counts.values()) > most:  # trim the largest first: labels stay as even as the set allows
            top = max(counts, key=counts.get)
            counts[top] -= min(50, sum(counts.values()) - most)
        for label, rows in groups.items():
            out += rows[: counts[label]]
    rng.shuffle(out)
    a.out.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(a.out, "wt", encoding="utf-8") as f:
        for row in out:
            f.write(json.dumps(row, ensure_ascii=False) + "\n")
    for (split, label), n in sorted(Counter((r["split"], r["label"]) for r in out).items()):
        print(f"{split:6} {label:14} {n:7,}")


if __name__ == "__main__":
    main()

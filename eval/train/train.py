"""Train the pair classifier on a file of pairs, on CPU, resumable.

    python train.py -pairs out/entailment.jsonl.gz -out out/stage1 -minutes 25
    python train.py -pairs out/answers.jsonl.gz -out out/stage2 -from out/stage1 -minutes 35

A run that was stopped goes on where its last checkpoint left off when it is started
again with the same arguments. The learning rate falls with the share of the budget
(tokens or minutes, whichever is used up first) that is spent. While the file named by
-pause exists, it sleeps between two steps.
"""

import argparse
import gzip
import json
import math
import os
import random
import time
from pathlib import Path

import torch

from model import LABELS, collate, encode, from_base, load_tokenizer

TARGETS = {  # which of LABELS a row allows: some sets do not tell contradicted from not covered
    "supported": (1.0, 0.0, 0.0),
    "contradicted": (0.0, 1.0, 0.0),
    "unsupported": (0.0, 0.0, 1.0),
    "not_supported": (0.0, 1.0, 1.0),
}


def read_pairs(path: Path, split: str) -> list[dict]:
    with gzip.open(path, "rt", encoding="utf-8") as f:
        return [row for row in map(json.loads, f) if row["split"] == split]


def batches(lengths: list[int], tokens: int, rng: random.Random) -> list[list[int]]:
    """batches are rows of like length together, at most so many tokens each, in random order."""
    order = sorted(range(len(lengths)), key=lambda i: (lengths[i] + rng.random() * 8, i))
    out, batch = [], []
    for i in order:
        if batch and (len(batch) + 1) * lengths[i] > tokens:
            out.append(batch)
            batch = []
        batch.append(i)
    if batch:
        out.append(batch)
    rng.shuffle(out)
    return out


def loss_of(logits, targets, weights, smoothing: float):
    """loss_of is the negative log of what the row's label allows, smoothed."""
    logp = logits.log_softmax(-1)
    allowed = logp.masked_fill(targets == 0, -1e4).logsumexp(-1)
    loss = -(1 - smoothing) * allowed - smoothing * logp.mean(-1)
    return (loss * weights).sum() / weights.sum()


@torch.inference_mode()
def dev_scores(model, rows, targets):
    """dev_scores is the two-way balanced accuracy and the three-way accuracy (rows that have one)."""
    model.eval()
    right = {True: [0, 0], False: [0, 0]}
    three = [0, 0]
    for batch in batches([len(r[0]) for r in rows], 4096, random.Random(0)):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            p = model(*collate([rows[i] for i in batch])).softmax(-1)
        for i, row in zip(batch, p.tolist()):
            supported = targets[i][0] == 1
            right[supported][0] += (row[0] >= 0.5) == supported
            right[supported][1] += 1
            if sum(targets[i]) == 1:
                three[0] += targets[i][row.index(max(row))] == 1
                three[1] += 1
    model.train()
    share = [n / max(total, 1) for n, total in right.values()]
    return sum(share) / 2, three[0] / max(three[1], 1)


def main():
    p = argparse.ArgumentParser(allow_abbrev=False)
    p.add_argument("-pairs", type=Path, required=True)
    p.add_argument("-out", type=Path, required=True)
    p.add_argument("-from", dest="start", type=Path, help="folder of the stage before; without it, the base")
    p.add_argument("-minutes", type=float, default=25)
    p.add_argument("-tokens", type=float, default=1e12)
    p.add_argument("-rate", type=float, default=2e-4)
    p.add_argument("-batch", type=int, default=2048, help="tokens a step, padding included")
    p.add_argument("-smoothing", type=float, default=0.05)
    p.add_argument("-threads", type=int, default=2)
    p.add_argument("-seed", type=int, default=4)
    p.add_argument("-pause", type=Path, default=Path("out/pause"), help="sleep while this file exists")
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    a.out.mkdir(parents=True, exist_ok=True)
    log = (a.out / "log.txt").open("a", encoding="utf-8")

    def say(text: str):
        print(text, flush=True)
        print(text, file=log, flush=True)

    tokenizer = load_tokenizer()
    train = read_pairs(a.pairs, "train")
    dev = random.Random(a.seed).sample(all_dev := read_pairs(a.pairs, "dev"), min(1500, len(all_dev)))
    rows = encode(tokenizer, [(r["evidence"], r["claim"]) for r in train])
    targets = torch.tensor([TARGETS[r["label"]] for r in train])
    weights = torch.tensor([float(r.get("weight", 1)) for r in train])
    dev_rows = encode(tokenizer, [(r["evidence"], r["claim"]) for r in dev])
    dev_targets = [TARGETS[r["label"]] for r in dev]
    lengths = [len(r[0]) for r in rows]
    say(f"{len(rows):,} pairs, {sum(lengths):,} tokens ({sum(lengths) / len(rows):.0f} a pair); {len(dev):,} dev pairs")

    model = from_base()
    if a.start:
        model.load_state_dict(torch.load(a.start / "model.pt"))
    model.word.weight.requires_grad_(False)  # half of the weights; a few million tokens would only blur them
    model.position.weight.requires_grad_(False)
    old = [w for n, w in model.named_parameters() if w.requires_grad and not n.startswith(("shared", "pool", "out"))]
    new = [w for n, w in model.named_parameters() if n.startswith(("shared", "pool", "out"))]
    factor = 1 if a.start else 3  # what is untrained may move faster
    optimizer = torch.optim.AdamW(
        [{"params": old, "peak": a.rate}, {"params": new, "peak": a.rate * factor}],
        lr=a.rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True,
    )
    done = {"step": 0, "tokens": 0, "seconds": 0.0, "epoch": 0, "at": 0}
    checkpoint = a.out / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        done = saved["done"]
        say(f"resumed at step {done['step']:,}")

    def save():
        part = checkpoint.with_suffix(".part")
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "done": done}, part)
        os.replace(part, checkpoint)

    def spent():
        return max(done["tokens"] / a.tokens, done["seconds"] / 60 / a.minutes)

    model.train()
    saved_at = told_at = time.monotonic()
    told_tokens, mean = done["tokens"], None
    dev_at = spent()
    while spent() < 1:
        plan = batches(lengths, a.batch, random.Random(a.seed * 1000 + done["epoch"]))
        for batch in plan[done["at"] :]:
            while a.pause.exists():
                time.sleep(1)
                told_at, told_tokens = time.monotonic(), done["tokens"]
            begin = time.monotonic()
            share = spent()
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * min(1, (done["step"] + 1) / 100) * max(0.02, 0.5 + 0.5 * math.cos(math.pi * share))
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(*collate([rows[i] for i in batch]))
            loss = loss_of(logits.float(), targets[batch], weights[batch], a.smoothing)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(old + new, 1.0)
            optimizer.step()
            value = loss.item()
            mean = value if mean is None else 0.98 * mean + 0.02 * value
            done["step"] += 1
            done["at"] += 1
            done["tokens"] += sum(lengths[i] for i in batch)
            done["seconds"] += time.monotonic() - begin
            now = time.monotonic()
            if now - told_at > 20:
                rate = (done["tokens"] - told_tokens) / (now - told_at)
                share = spent()
                eta = done["seconds"] * (1 - share) / max(share, 1e-9)
                say(f"step {done['step']:,}  epoch {done['epoch'] + done['at'] / len(plan):.2f}  loss {mean:.3f}  "
                    f"{rate:,.0f} tokens/s  {done['tokens'] / 1e6:.2f}M tokens  {share:.0%}  ETA {eta / 60:.1f} min")
                told_at, told_tokens = now, done["tokens"]
            if now - saved_at > 120:
                save()
                saved_at = now
            if spent() - dev_at > 0.25:
                dev_at = spent()
                two, three = dev_scores(model, dev_rows, dev_targets)
                say(f"dev: balanced accuracy {two:.3f} (supported or not), three-way accuracy {three:.3f}")
                told_at, told_tokens = time.monotonic(), done["tokens"]
            if spent() >= 1:
                break
        else:
            done["epoch"], done["at"] = done["epoch"] + 1, 0
    save()
    two, three = dev_scores(model, dev_rows, dev_targets)
    say(f"dev: balanced accuracy {two:.3f} (supported or not), three-way accuracy {three:.3f}; "
        f"{done['step']:,} steps, {done['tokens']:,} tokens, {done['seconds'] / 60:.1f} minutes")
    torch.save(model.state_dict(), a.out / "model.pt")
    (a.out / "run.json").write_text(json.dumps({"arguments": {k: str(v) for k, v in vars(a).items()}, **done, "dev_balanced_accuracy": two, "dev_accuracy": three, "labels": LABELS}, indent=1))


if __name__ == "__main__":
    main()

"""Train the safety heads on CPU, resumable.

    python safety_train.py -rows out/safety/rows.jsonl.gz -out out/safety/one -minutes 20

Like train.py: the learning rate falls with the share of the minutes that is spent, and
it sleeps while the file named by -pause exists.
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
from torch.nn import functional as F

from model import collate, load_tokenizer
from safety_heads import HEADS, encode, new_model, targets
from train import batches


def read_rows(path: Path) -> list[dict]:
    with gzip.open(path, "rt", encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def auroc(scores: list[float], labels: list[bool]) -> float:
    """auroc is the chance that a positive scores above a negative; ties count half."""
    order = sorted(range(len(scores)), key=lambda i: scores[i])
    positive = sum(labels)
    negative = len(labels) - positive
    if not positive or not negative:
        return float("nan")
    total, i = 0.0, 0
    while i < len(order):
        j = i
        while j < len(order) and scores[order[j]] == scores[order[i]]:
            j += 1
        total += sum(labels[k] for k in order[i:j]) * (i + j + 1) / 2
        i = j
    return (total - positive * (positive + 1) / 2) / (positive * negative)


@torch.inference_mode()
def scores_of(model, rows) -> torch.Tensor:
    model.eval()
    out = torch.zeros(len(rows), len(HEADS))
    for batch in batches([len(r[0]) for r in rows], 8192, random.Random(0)):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out[batch] = model(*collate([rows[i] for i in batch])).float()
    model.train()
    return out


def report(model, rows, y, w) -> str:
    s = scores_of(model, rows)
    parts = []
    for h, head in enumerate(HEADS):
        known = (w[:, h] > 0).nonzero().flatten().tolist()
        if known and 0 < y[known, h].sum() < len(known):
            parts.append(f"{head} {auroc([s[i, h].item() for i in known], [y[i, h].item() > 0.5 for i in known]):.3f}")
    return "dev AUROC: " + ", ".join(parts)


def main():
    p = argparse.ArgumentParser(allow_abbrev=False)
    p.add_argument("-rows", type=Path, required=True)
    p.add_argument("-out", type=Path, required=True)
    p.add_argument("-from", dest="start", type=Path, help="folder of an earlier training; without it, the base")
    p.add_argument("-minutes", type=float, default=20)
    p.add_argument("-rate", type=float, default=2e-4)
    p.add_argument("-batch", type=int, default=2048, help="tokens a step, padding included")
    p.add_argument("-smoothing", type=float, default=0.03)
    p.add_argument("-threads", type=int, default=2)
    p.add_argument("-seed", type=int, default=7)
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
    every = read_rows(a.rows)
    train = [r for r in every if r["split"] == "train"]
    dev = [r for r in every if r["split"] == "dev"]
    dev = random.Random(a.seed).sample(dev, min(2500, len(dev)))
    rows = encode(tokenizer, [(r["context"], r["text"]) for r in train])
    dev_rows = encode(tokenizer, [(r["context"], r["text"]) for r in dev])
    y, w = targets(train)
    dev_y, dev_w = targets(dev)
    # A rare label counts for more, up to eight times: the positives of a head weigh a third of it.
    boost = torch.ones(len(HEADS))
    for h in range(len(HEADS)):
        positive = (w[:, h] * y[:, h]).sum().item()
        negative = (w[:, h] * (1 - y[:, h])).sum().item()
        boost[h] = min(8.0, max(1.0, negative / 2 / max(positive, 1)))
    lengths = [len(r[0]) for r in rows]
    say(f"{len(rows):,} rows, {sum(lengths):,} tokens; {len(dev_rows):,} dev rows")

    model = new_model()
    if a.start:
        model.load_state_dict(torch.load(a.start / "model.pt"))
    model.word.weight.requires_grad_(False)
    model.position.weight.requires_grad_(False)
    fresh = ("shared", "pool", "out")
    old = [p for n, p in model.named_parameters() if p.requires_grad and not n.startswith(fresh)]
    new = [p for n, p in model.named_parameters() if n.startswith(fresh)]
    optimizer = torch.optim.AdamW(
        [{"params": old, "peak": a.rate}, {"params": new, "peak": a.rate * (1 if a.start else 3)}],
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
        return done["seconds"] / 60 / a.minutes

    model.train()
    saved_at = told_at = time.monotonic()
    mean, dev_at = None, spent()
    while spent() < 1:
        plan = batches(lengths, a.batch, random.Random(a.seed * 1000 + done["epoch"]))
        for batch in plan[done["at"] :]:
            while a.pause.exists():
                time.sleep(1)
            begin = time.monotonic()
            share = spent()
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * min(1, (done["step"] + 1) / 100) * max(0.02, 0.5 + 0.5 * math.cos(math.pi * share))
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(*collate([rows[i] for i in batch]))
            want = y[batch] * (1 - 2 * a.smoothing) + a.smoothing
            loss = F.binary_cross_entropy_with_logits(logits.float(), want, w[batch] * (1 + y[batch] * (boost - 1)), reduction="sum") / len(batch)
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
            if now - told_at > 30:
                say(f"step {done['step']:,}  epoch {done['epoch'] + done['at'] / len(plan):.2f}  loss {mean:.3f}  {done['tokens'] / 1e6:.2f}M tokens  {spent():.0%}")
                told_at = now
            if now - saved_at > 120:
                save()
                saved_at = now
            if spent() - dev_at > 0.34:
                dev_at = spent()
                say(report(model, dev_rows, dev_y, dev_w))
            if spent() >= 1:
                break
        else:
            done["epoch"], done["at"] = done["epoch"] + 1, 0
    save()
    say(report(model, dev_rows, dev_y, dev_w))
    say(f"{done['step']:,} steps, {done['tokens']:,} tokens, {done['seconds'] / 60:.1f} minutes")
    torch.save(model.state_dict(), a.out / "model.pt")
    (a.out / "run.json").write_text(json.dumps({"rows": len(rows), **done}, indent=1))


if __name__ == "__main__":
    main()

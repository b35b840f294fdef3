"""Make claims out of real passages: sentences as they stand, lightly reworded, and changed.

    python made.py -out out/made.jsonl DATA.jsonl[.gz]...

Reads the contexts of data files and writes rows of the same schema. Real answers
mostly repeat their source; written claims seldom do. Without these rows a model learns
from the latter that shared words mean a false claim. What is changed is a sentence of
the passage, so that right and wrong rows share as many words with it.
"""

import argparse
import gzip
import hashlib
import json
import random
import re
from collections import Counter
from pathlib import Path

MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
OPPOSITES = [
    ("before", "after"), ("more than", "less than"), ("at least", "at most"), ("increased", "decreased"), ("rose", "fell"),
    ("higher", "lower"), ("first", "last"), ("always", "never"), ("all", "none of the"), ("every", "no"), ("largest", "smallest"),
    ("most", "few"), ("minimum", "maximum"), ("open", "closed"), ("free", "paid"), ("mandatory", "optional"), ("won", "lost"),
    ("included", "excluded"), ("allowed", "forbidden"), ("approved", "rejected"), ("north", "south"), ("east", "west"),
    ("left", "right"), ("older", "younger"), ("early", "late"), ("inside", "outside"), ("without", "with"), ("up", "down"),
    ("gained", "lost"), ("accepted", "refused"), ("buyer", "seller"), ("morning", "evening"), ("oldest", "newest"), ("add", "remove"),
]
FLIP = {a: b for a, b in OPPOSITES} | {b: a for a, b in OPPOSITES}
WORDS = [  # a word and another that says the same in nearly any sentence
    ("began", "started"), ("around", "about"), ("also", "as well"), ("purchase", "buy"), ("receive", "get"), ("requires", "needs"),
    ("said", "stated"), ("however", "though"), ("must", "has to"), ("children", "kids"), ("because", "since"), ("large", "big"),
    ("until", "up to"), ("but", "yet"), ("several", "a number of"), ("help", "assist"), ("ended", "finished"), ("for example", "for instance"),
    ("approximately", "about"), ("police", "officers"), ("many", "a lot of"), ("won't", "will not"), ("isn't", "is not"), ("can't", "cannot"), ("doesn't", "does not"),
]
AUXILIARY = re.compile(r"\b(is|are|was|were|can|could|will|would|should|may|must|has|have|had|does|do|did)\b(?! (?:not|n't))")
NAME = re.compile(r"(?<=[a-z,;] )(?:[A-Z][\w'’-]+)(?: (?:[A-Z][\w'’-]+|of(?= [A-Z])))*")
NUMBER = re.compile(r"(?<![\w.,-])\d+(?:[.,]\d+)*(?![\w-])")
LEAD = ["According to the text, ", "The text says that ", "Based on the passage, ", "In short, ", "Overall, ", "Note that "]


def document(context: str) -> str:
    """document names a context as eval/train/pairs does."""
    kept, size = [], 0
    for c in context:
        if c.isalnum():
            kept.append(c.lower())
            size += len(c.lower().encode())
        if size >= 400:
            break
    return hashlib.sha256("".join(kept).encode()).digest()[:8].hex()


def sentences(context: str) -> list[str]:
    out = []
    for line in context.split("\n"):
        if line[:1] in '{["|' or line.count("|") > 1:
            continue
        out += re.split(r"(?<=[.!?])[\"”']?\s+(?=[A-Z\"“])", line.strip())
    out = [re.sub(r"^\d+(\.\d+)*[.)]? (?=[A-Z])", "", s) for s in out]  # the number of a clause
    return [s for s in out if 6 <= len(s.split()) <= 45 and s[0].isalnum() and s[-1] in ".!" and s.count('"') % 2 == 0]


def lower_first(s: str) -> str:
    first = s.split(" ", 1)[0]
    return s[0].lower() + s[1:] if first in {"The", "A", "An", "This", "These", "It", "He", "She", "They", "You", "We", "In", "On", "At", "For", "If", "When", "All", "Each"} else s


def reword(s: str, rng) -> str | None:
    """reword changes how a sentence is put and not what it says; None where no rule fits."""
    ways = [lambda: rng.choice(LEAD) + lower_first(s)]
    if (bare := re.sub(r" \([^()]*\)", "", s)) != s:
        ways.append(lambda: bare)
    if m := re.match(r"((?:In|On|At|After|Before|Since|During|If|When|For) [^,]{4,60}), (.+)[.!]$", s):
        moved = m[2][0].upper() + m[2][1:] + " " + m[1][0].lower() + m[1][1:] + "."
        ways.append(lambda: moved)
    if m := re.match(r"(.{20,}?),? (?:and|but|while|which) (?:.{20,})[.!]$", s):
        if re.search(AUXILIARY, m[1]) and not re.search(r"\b(either|both|between|not|no)\b", m[1]):
            half = m[1] + "."
            ways.append(lambda: half)
    swapped = s
    for a, b in WORDS:
        swapped = re.sub(rf"\b{a}\b", b, swapped, count=1)
    if swapped != s:
        ways += [lambda: swapped] * 2
    return rng.choice(ways)()


def swap_number(s: str, context: str, rng):
    at = list(NUMBER.finditer(s))
    if not at:
        return None
    m = rng.choice(at)
    others = [x for x in set(NUMBER.findall(context)) if x != m[0] and x not in s and abs(len(x) - len(m[0])) < 2]
    if others and rng.random() < 0.5:
        new = rng.choice(others)
    else:
        digits = list(m[0])
        i = rng.choice([k for k, c in enumerate(digits) if c.isdigit() and (k or len(digits) == 1)] or [0])
        digits[i] = str((int(digits[i]) + rng.randint(1, 8)) % 9 + 1)
        new = "".join(digits)
    return None if new == m[0] else s[: m.start()] + new + s[m.end() :]


def swap_date(s: str, context: str, rng):
    for names in (MONTHS, DAYS):
        at = [n for n in names if re.search(rf"\b{n}\b", s)]
        if at:
            old = rng.choice(at)
            return re.sub(rf"\b{old}\b", rng.choice([n for n in names if n != old]), s, count=1)
    return None


def swap_name(s: str, context: str, rng):
    at = [m for m in NAME.finditer(s) if m[0] not in MONTHS + DAYS]
    if not at:
        return None
    m = rng.choice(at)
    others = [x for x in set(NAME.findall(context)) if x not in s and m[0] not in x and x not in MONTHS + DAYS]
    return s[: m.start()] + rng.choice(others) + s[m.end() :] if others else None


def swap_roles(s: str, context: str, rng):
    at = [m for m in NAME.finditer(s)]
    if m := re.match(r"[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)*", s):
        if m[0] in context.replace(s, "") and len(m[0].split()) > 1:
            at.insert(0, m)
    if len(at) < 2 or re.search(r"\b(and|or|with)\b", s[at[0].end() : at[1].start()]):
        return None
    a, b = at[0], at[1]
    return s[: a.start()] + b[0] + s[a.end() : b.start()] + a[0] + s[b.end() :]


def negate(s: str, context: str, rng):
    if re.search(r"\b(not|cannot|never|no)\b|n't\b", s):
        for pattern, new in ((r"\bcannot\b", "can"), (r" not\b", ""), (r"\bnever\b", "always"), (r"(\w)n't\b", r"\1")):
            if re.search(pattern, s) and "can't" not in s and "won't" not in s:
                return re.sub(pattern, new, s, count=1)
        return None
    m = AUXILIARY.search(s)
    if not m or m.start() == 0:
        return None
    return s[: m.end()] + " not" + s[m.end() :]


def oppose(s: str, context: str, rng):
    at = [w for w in FLIP if re.search(rf"\b{w}\b", s)]
    if not at:
        return None
    w = rng.choice(at)
    return re.sub(rf"\b{w}\b", FLIP[w], s, count=1)


CHANGES = [("number", swap_number, 3), ("date", swap_date, 2), ("entity", swap_name, 3), ("relation", swap_roles, 1), ("negation", negate, 2), ("order", oppose, 2)]


def change(s: str, context: str, rng):
    """change turns a sentence into one that the context denies: its kind and the sentence."""
    ways = [(kind, new) for kind, f, weight in CHANGES for _ in range(weight) if (new := f(s, context, rng)) and new != s and new not in context]
    return rng.choice(ways) if ways else None


def rows_of(title: str, context: str, elsewhere: list[str], most: int, rng):
    """rows_of yields (context, claim, label, error) from one passage."""
    all_of = sentences(context)
    rng.shuffle(all_of)
    for i, s in enumerate(all_of[:most]):
        style = rng.random()
        if style < 0.25:
            yield context, s, "supported", "none"
        elif style < 0.4 and len(all_of) > 1:
            other = all_of[(i + 1) % len(all_of)]
            yield context, f"{s[:-1]}, and {lower_first(other)}", "supported", "none"
        elif new := reword(s, rng):
            yield context, new, "supported", "none"
        if made := change(s, context, rng):
            claim = made[1]
            if rng.random() < 0.3:
                claim = reword(claim, rng) or claim
            yield context, claim, "contradicted", made[0]
        which = rng.random()
        if which < 0.45 and len(all_of) > 3:  # the sentence that says so is taken away
            yield context.replace(s, " "), s, "unsupported", "removed"
        elif which < 0.7 and elsewhere:  # half of it is from somewhere else
            yield context, f"{s[:-1]}, and {lower_first(rng.choice(elsewhere))}", "unsupported", "added_detail"
        elif which < 0.85 and elsewhere:
            yield context, rng.choice(elsewhere), "unsupported", "elsewhere"


def read(path: Path):
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")
    with opened as f:
        for line in f:
            yield json.loads(line)


def main():
    p = argparse.ArgumentParser(allow_abbrev=False)
    p.add_argument("-out", type=Path, required=True)
    p.add_argument("-a-passage", dest="most", type=int, default=4, help="sentences taken of one passage at most")
    p.add_argument("-a-file", dest="file", type=int, default=250, help="passages taken of one file at most")
    p.add_argument("data", type=Path, nargs="+")
    a = p.parse_args()
    rng = random.Random(4)
    counts = Counter()
    with a.out.open("w", encoding="utf-8") as out:
        for path in a.data:
            passages = {}
            for r in read(path):
                context = r.get("passage") or r.get("context") or ""
                if 80 < len(context) < 20000:
                    passages.setdefault(document(context), (r.get("title", ""), context))
            chosen = sorted(passages)
            rng.shuffle(chosen)
            pool = [(d, s) for d in chosen for s in sentences(passages[d][1])]
            for doc in chosen[: a.file]:
                title, context = passages[doc]
                elsewhere = [s for d, s in rng.sample(pool, min(8, len(pool))) if d != doc]
                for n, (ctx, claim, label, error) in enumerate(rows_of(title, context, elsewhere, a.most, rng)):
                    set_name = path.name.removesuffix(".gz").removesuffix(".jsonl")
                    row = {"id": f"{doc}|{set_name}|{error}|{n}", "title": title, "task": "claim", "context": ctx, "question": "", "response": claim, "label": label}
                    out.write(json.dumps(row, ensure_ascii=False) + "\n")
                    counts[label, error] += 1
    for (label, error), n in sorted(counts.items()):
        print(f"{label:13} {error:13} {n:6,}")


if __name__ == "__main__":
    main()

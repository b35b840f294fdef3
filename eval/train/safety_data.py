"""Rows for the safety heads: public sets, and what eval/data/authored/safety holds.

    python safety_data.py -data DIR -authored eval/data/authored/safety -out out/safety/rows.jsonl.gz

A row: text, context (what it is read with), y (label of each head that it says something
of), weight, split (train or dev), source, group (for figures).
Dev is whole functions, groups, sources and sections, never single rows.
"""

import argparse
import ast
import gzip
import hashlib
import json
import random
import re
from collections import Counter
from pathlib import Path

from safety_authored import read_authored, read_groups
from safety_heads import CATEGORIES, DOCUMENT, GROUPS, USER
from safety_terms import groups_in

DEV_FUNCTIONS = {"phrase_opinion_h", "counter_ref_nh", "ref_subs_sent_h", "target_obj_nh"}  # of HateCheck
HARMLESS = {c: 0 for c in CATEGORIES}
CHECK_GROUP = {
    "women": "gender", "trans people": "gender", "gay people": "sexual_orientation", "black people": "race",
    "disabled people": "disability", "Muslims": "religion", "immigrants": "nationality",
}
EMOJI_GROUP = {
    "bla": "race", "mus": "religion", "wom": "gender", "dis": "disability", "jew": "religion", "gay": "sexual_orientation",
    "lgb": "sexual_orientation", "trans": "gender", "asi": "race", "arab": "race", "immig": "nationality", "ref": "nationality",
    "trav": "race", "wc": "socioeconomic", "his": "race", "chin": "nationality", "age": "age", "eastern": "nationality", "ind": "race",
}


def rows_of(data: Path, name: str) -> list[dict]:
    with gzip.open(data / f"{name}.jsonl.gz", "rt", encoding="utf-8") as f:
        return [json.loads(line) for line in f]


def part(key: str, share: float) -> str:
    """part puts all rows of a key on one side."""
    return "dev" if int.from_bytes(hashlib.sha256(key.encode()).digest()[:4]) < share * 2**32 else "train"


def clean(text: str) -> str:
    text = re.sub(r"&#\d+;|&\w+;", " ", text)
    text = re.sub(r"https?://\S*|\bhtt\S*…?$", " ", text)
    return re.sub(r"\s+", " ", re.sub(r"^RT |@\w+:?|\[USER\]|\[URL\]", " ", text)).strip()


def hatecheck(data: Path, groups: list[dict], rng: random.Random):
    for r in rows_of(data, "toxicity/hatecheck.functions-a"):
        hateful = r["label"] == "hateful"
        y = {"hate": int(hateful), **{c: 0 for c in ("sexual", "self_harm", "illicit", "injection")}}
        if r["category"] == "threat_dir_h":
            y["violence"] = 1
        if not hateful:
            y |= {"stereotype": 0, "violence": 0, "sexism": 0}
        if r["category"] == "profanity_h":
            y["toxicity"] = 1
        if r["group"]:
            y[CHECK_GROUP[r["group"]]] = 1
        if hateful and r["group"] == "women":
            y["sexism"] = 1
        split = "dev" if r["category"] in DEV_FUNCTIONS else "train"
        row = {"text": r["text"].strip(), "y": y, "weight": 1.5, "split": split, "source": "hatecheck/" + r["category"], "group": r["group"]}
        yield row
        # Counterfactual: the same of another group, so that no group stands for hate.
        if split == "train" and r["group"] in row["text"] and rng.random() < (0.4 if hateful else 0.8):
            other = rng.choice([g for g in groups if not g["dev"]])
            swapped = {h: v for h, v in y.items() if h != CHECK_GROUP[r["group"]] and h != "sexism"} | {other["kind"]: 1}
            yield row | {"text": row["text"].replace(r["group"], other["plural"]), "y": swapped, "group": other["plural"]}


def hatemoji(data: Path):
    for name, split in (("train", "train"), ("dev", "dev")):
        for r in rows_of(data, f"toxicity/hatemoji-build.{name}"):
            hateful = r["label"] == "hateful"
            y = {"hate": int(hateful)}
            if r["category"] == "threateninglanguage":
                y["violence"] = 1
            group = ""
            for g in ast.literal_eval(r["group"]) if r["group"].startswith("[") else [r["group"]]:
                for prefix, ours in EMOJI_GROUP.items():
                    if prefix in g:
                        y[ours], group = 1, ours
            yield {"text": r["text"], "y": y, "weight": 0.7, "split": split, "source": "hatemoji", "group": group}


def davidson(data: Path, rng: random.Random):
    """What was voted offensive says nothing of hate, and only unanimous votes say anything of
    abuse: annotators took the slang of Black English for offence."""
    kept = Counter()
    for r in rows_of(data, "toxicity/davidson-tweets.all"):
        hate, offensive, neither = map(int, r["votes"])
        total = hate + offensive + neither
        text = clean(r["text"])
        y, weight = {}, 0.5
        if r["label"] == "hate_speech":
            y, weight = {"hate": 1, "toxicity": 1}, 0.4 if hate < total else 0.8
        elif r["label"] == "neither" and neither == total:
            y, weight = dict(HARMLESS), 0.6
            del y["sexual"], y["stereotype"], y["sexism"]
        elif r["label"] == "offensive" and offensive == total and rng.random() < 0.2:
            y, weight = {"toxicity": 1}, 0.25
        if y and len(text.split()) > 3:
            kept[r["label"]] += 1
            yield {"text": text, "y": y, "weight": weight, "split": part(text, 0.1), "source": "davidson", "group": ""}


def edos(data: Path):
    for name, split in (("train", "train"), ("dev", "dev")):
        for r in rows_of(data, f"bias/edos-sexism.{name}"):
            sexist = r["label"] == "sexist"
            y = {"sexism": int(sexist)}
            kind = r["fine"][0][:1]
            if sexist:
                y["gender"] = 1
            if not sexist:  # or only texts that demean women would be known
                y["hate"] = 0
            if kind == "1":
                y |= {"violence": 1, "hate": 1}
            if kind == "2":
                y |= {"hate": 1, "toxicity": 1}
            if r["fine"][1].startswith("3.3") or r["fine"][1].startswith("3.2") or r["fine"][1].startswith("2.1"):
                y["stereotype"] = 1
            yield {"text": clean(r["text"]), "y": y, "weight": 0.6, "split": split, "source": "edos", "group": "gender" if sexist else ""}


def redditbias(data: Path):
    for name, group in (("black", "race"), ("jews", "religion")):
        for r in rows_of(data, f"bias/redditbias-{name}.annotated"):
            biased = r["label"] == "biased" and r["phrase_label"] == "1"
            if r["label"] == "biased" and not biased:
                continue
            y = {"stereotype": int(biased), group: 1}
            yield {"text": r["text"], "y": y, "weight": 0.35, "split": part(r["phrase"], 0.15), "source": "redditbias-" + name, "group": group}


def toxic_spans(data: Path):
    """Sentences of abusive comments: those with a marked span are abusive, the others are not known to be."""
    for name, split in (("train", "train"), ("dev", "dev")):
        for r in rows_of(data, f"toxicity/toxic-spans.{name}"):
            if not r["spans"]:
                continue
            at = 0
            for piece in re.split(r"(?<=[.!?])\s+|\n+", r["text"]):
                begin = r["text"].find(piece, at)
                at = begin + len(piece)
                if len(piece.split()) < 3:
                    continue
                marked = any(s[0] < at and s[1] > begin for s in r["spans"])
                y = {"toxicity": 1} if marked else {"toxicity": 0, "illicit": 0, "injection": 0}
                yield {"text": piece, "y": y, "weight": 0.5 if marked else 0.3, "split": split, "source": "toxic-spans", "group": ""}


def identity(data: Path, rng: random.Random):
    rows = rows_of(data, "toxicity/identity-templates.sample")
    for r in rng.sample(rows, 4000):
        toxic = r["label"] == "toxic"
        y = {"toxicity": 1} if toxic else dict(HARMLESS)
        key = r["text"].split()[0] + r["category"]
        yield {"text": r["text"], "y": y, "weight": 0.3, "split": part(key, 0.1), "source": "identity-templates", "group": ""}


def harmless(data: Path, rng: random.Random):
    """Ordinary answers, dialogue and documents, so that subject and length are no sign of harm."""
    for name, n in (("halueval-general.all", 700), ("factcheck-gpt.half-a", 300), ("faithdial-audit.all", 500), ("begin-cmu.dev", 150), ("ragtruth-qa.train-part", 200), ("xsumfaith.val", 250), ("summedits-sales_call.all", 150), ("contractnli.dev", 100)):
        rows = rows_of(data, "groundedness/" + name)
        for r in rng.sample(rows, min(n, len(rows))):
            split = part(r["context"][:80] or r["question"], 0.15)
            text = " ".join(r["response"].split()[:70])
            y = dict(HARMLESS)
            if name.startswith("xsum"):
                del y["violence"]
            context = r["question"] if rng.random() < 0.6 else ""
            yield {"text": text, "context": context, "y": y, "weight": 0.6, "split": split, "source": "answers", "group": ""}
            if r["question"] and rng.random() < 0.4:
                yield {"text": r["question"], "context": USER, "y": dict(HARMLESS), "weight": 0.6, "split": split, "source": "questions", "group": ""}
            lines = [x for x in re.split(r"(?<=[.!?])\s+|\n+", r["context"]) if 4 <= len(x.split()) <= 60]
            for line in rng.sample(lines, min(2, len(lines))):
                yield {"text": line, "context": DOCUMENT, "y": {"injection": 0, "illicit": 0}, "weight": 0.6, "split": split, "source": "documents", "group": ""}
    for name in ("retail", "work", "world"):
        for line in (data / "authored" / f"{name}.jsonl").read_text().splitlines():
            r = json.loads(line)
            for piece in re.split(r"(?<=[.!?])\s+|\n+", r["passage"]):
                if len(piece.split()) >= 3:
                    yield {"text": piece, "context": DOCUMENT, "y": dict(HARMLESS), "weight": 0.7, "split": part(r["id"], 0.2), "source": "documents", "group": ""}


def injections(data: Path):
    """BIPIA by line: the attack's lines against the others. Dev: whole kinds of attack."""
    held = {"Instruction", "Misspelling Intentionally", "Programming Help", "Memory Scanning", "Dumpster Diving"}
    seen = Counter()
    for r in rows_of(data, "injection/bipia.train"):
        split = "train"
        if r["label"] == "injection":
            kind = r["category"].split("|")[1]
            split = "dev" if kind in held else "train"
            attack = r["attack"].strip()
            seen[attack] += 1
            if seen[attack] <= 3:
                yield {"text": " ".join(attack.split()[:100]), "context": DOCUMENT, "y": {"injection": 1}, "weight": 1.0, "split": split, "source": "bipia/" + kind, "group": ""}
        else:
            split = part(r["text"][:200], 0.2)
            lines = [x for x in r["text"].splitlines() if len(x.split()) >= 4]
            for line in lines[:: max(1, len(lines) // 3)][:3]:
                yield {"text": " ".join(line.split()), "context": DOCUMENT, "y": {"injection": 0, "illicit": 0}, "weight": 0.6, "split": split, "source": "bipia/none", "group": ""}
    for r in rows_of(data, "injection/notinject-one.all"):
        yield {"text": r["text"], "context": USER, "y": dict(HARMLESS), "weight": 1.0, "split": part(r["words"][0], 0.35), "source": "notinject", "group": ""}
    for r in rows_of(data, "injection/piguard-valid.dev"):
        if r["category"] in ("BIPIA_text", "BIPIA_code"):
            continue  # of the same sentences as BIPIA
        words = r["text"].split()
        yield {"text": " ".join(words[:110]), "context": USER, "y": {"injection": int(r["label"] == "injection")}, "weight": 1.0, "split": "dev", "source": "piguard", "group": ""}


def bbq(data: Path, rng: random.Random):
    """Who is it? A person picked by group where the text does not say, against answers that the text gives."""
    says = ("{}.", "{}", "It was {}.", "I think it was {}.", "Most likely {}.", "Based on the text, it is {}.", "The answer is {}.")
    for name, split, n in (("religion", "train", 700), ("physical_appearance", "train", 900), ("age", "dev", 400)):
        rows = rows_of(data, f"bias/bbq-{name}.all")
        for r in rng.sample(rows, n):
            prompt = r["context"] + " " + r["text"]
            people = [i for i in range(3) if i != r["unknown_answer"]]
            if r["condition"] == "ambig":
                chosen = [(rng.choice(people), 1), (r["unknown_answer"], 0)]
            else:
                chosen = [(r["label"], 0)]
            for i, label in chosen:
                answer = r["answers"][i]
                if i != r["unknown_answer"]:
                    form = rng.choice(says)
                    answer = form.format(answer if form[0] == "{" else answer[0].lower() + answer[1:])
                y = dict(HARMLESS) | {"stereotype": label}
                yield {"text": answer, "context": prompt, "y": y, "weight": 0.7, "split": split, "source": "bbq-" + name, "group": ""}


LEET = {"a": "4@", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7"}


def misspell(text: str, rng: random.Random) -> str:
    """misspell disguises one to three words, as people do who dodge filters."""
    words = text.split()
    for _ in range(rng.randint(1, 3)):
        i = rng.randrange(len(words))
        w = words[i]
        if len(w) < 4:
            continue
        k = rng.randrange(1, len(w) - 1)
        kind = rng.random()
        if kind < 0.25:
            w = w[:k] + w[k + 1] + w[k] + w[k + 2 :]
        elif kind < 0.45:
            w = w[:k] + w[k + 1 :]
        elif kind < 0.6:
            w = " ".join(w)
        elif kind < 0.8:
            w = "".join(rng.choice(LEET[c]) if c in LEET and rng.random() < 0.6 else c for c in w)
        elif i + 1 < len(words):
            w, words[i + 1] = w + words[i + 1], ""
        words[i] = w
    return " ".join(w for w in words if w)


def disguised(rows: list[dict], rng: random.Random):
    """Some rows again with disguised spelling, hateful and harmless alike: spelling is no sign of hate."""
    for r in rows:
        own = r["source"].startswith(("authored", "hatecheck"))
        if r["split"] == "train" and rng.random() < (0.15 if own else 0.02):
            yield r | {"text": misspell(r["text"], rng), "y": dict(r["y"]), "source": r["source"] + "/disguised"}


KEPT = {"toxic-spans": 0.3, "edos": 0.5, "davidson": 0.7, "documents": 0.6, "identity-templates": 0.4, "redditbias-black": 0.5, "redditbias-jews": 0.6}  # of what is in train


def main():
    p = argparse.ArgumentParser(allow_abbrev=False)
    p.add_argument("-data", type=Path, required=True)
    p.add_argument("-authored", type=Path, default=Path(__file__).resolve().parents[1] / "data" / "authored" / "safety")
    p.add_argument("-all", action="store_true", help="keep the large public sets whole, for the first stage")
    p.add_argument("-out", type=Path, required=True)
    p.add_argument("-seed", type=int, default=5)
    a = p.parse_args()
    rng = random.Random(a.seed)
    rows = [*hatecheck(a.data, read_groups(a.authored), rng), *hatemoji(a.data), *davidson(a.data, rng), *edos(a.data), *redditbias(a.data), *toxic_spans(a.data),
            *identity(a.data, rng), *harmless(a.data, rng), *injections(a.data), *bbq(a.data, rng)]
    if not a.all:
        rows = [r for r in rows if r["split"] == "dev" or rng.random() < KEPT.get(r["source"].split("/")[0], 1)]
    rows += read_authored(a.authored, rng)
    rows += disguised(rows, rng)
    for r in rows:
        r.setdefault("context", "")
        for g in groups_in(r["text"]):
            r["y"].setdefault(g, 1)
    # A text that names no group at all is about none.
    for r in rows:
        for g in GROUPS:
            r["y"].setdefault(g, 0)
    a.out.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(a.out, "wt", encoding="utf-8") as f:
        for r in rows:
            f.write(json.dumps(r, ensure_ascii=False) + "\n")
    for split in ("train", "dev"):
        part_rows = [r for r in rows if r["split"] == split]
        print(split, len(part_rows), Counter(r["source"].split("/")[0] for r in part_rows).most_common())
        for c in CATEGORIES:
            print("  ", c, Counter(r["y"][c] for r in part_rows if c in r["y"]))


if __name__ == "__main__":
    main()

"""Reads eval/data/authored/safety: sections of lines, filled with groups.

    @ name | labels | user, document or nothing
    a line, or: prompt >> answer

Labels are the categories that hold; the others do not, but those with a ? are not known.
A section whose name begins with "dev", and every line filled with a group that is held
back (* in groups.txt), is measured and never trained on.
"""

import random
import re
from pathlib import Path

from safety_heads import CATEGORIES, DOCUMENT, GROUPS, USER

OFTEN_HATED = ("women", "Black people", "black people", "Muslims", "Jews", "gay people", "trans people", "immigrants", "disabled people", "white people")
FILLED = {True: 8, False: 10}  # groups that a template is filled with: hateful, harmless


def read_groups(folder: Path) -> list[dict]:
    out = []
    for line in (folder / "groups.txt").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        kind, plural, one = (x.strip() for x in line.lstrip("* ").split("|"))
        assert kind in GROUPS, line
        out.append({"kind": kind, "plural": plural, "one": one, "dev": line.startswith("*")})
    return out


def read_sections(folder: Path) -> list[tuple[str, dict, str, list[str]]]:
    sections = []
    for path in sorted(folder.glob("*.txt")):
        if path.name in ("groups.txt", "nouns.txt"):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            line = line.strip()
            if not line or line.startswith("# "):
                continue
            if line.startswith("@ "):
                name, labels, *read_with = (x.strip() for x in line[2:].split("|"))
                y = {c: 0 for c in CATEGORIES}
                for label in labels.split():
                    if label.startswith("?"):
                        del y[label[1:]]
                    elif label != "-":
                        assert label in y, f"{path.name}:{number}: {label}"
                        y[label] = 1
                if y.get("hate") == 1:  # is often abusive and a generalisation as well
                    for also in {"toxicity", "stereotype"} - set(labels.split()):
                        y.pop(also, None)
                sections.append((name, y, read_with[0] if read_with else "", []))
            else:
                sections[-1][3].append(line)
    return sections


def fill(text: str, group: dict | None, nouns: list[str], rng: random.Random) -> str:
    if group:
        text = text.replace("the {S}", "the " + group["one"].split(" ", 1)[1]).replace("{P}", group["plural"]).replace("{S}", group["one"])
    if "{N}" in text:
        text = text.replace("{N}", rng.choice(nouns))
    return text[0].upper() + text[1:] if re.match(r"[a-z]\w* ", text) and group and text.startswith((group["plural"], group["one"])) else text


def read_authored(folder: Path, rng: random.Random) -> list[dict]:
    groups = read_groups(folder)
    # Kinds take turns, so that every one is met as often in hateful as in harmless text.
    by_kind = {k: [g for g in groups if g["kind"] == k and not g["dev"]] for k in GROUPS}
    held = [g for g in groups if g["dev"]]
    nouns = [n for n in (folder / "nouns.txt").read_text(encoding="utf-8").splitlines() if not n.startswith("#")]
    turn = 0
    out = []

    def add(text, y, read_with, split, name, group):
        context = read_with
        if " >> " in text:
            context, text = (x.strip() for x in text.split(" >> ", 1))
        y = dict(y)
        if group:
            y[group["kind"]] = 1
            if group["kind"] == "gender" and y.get("hate") == 1:
                y["sexism"] = 1
            elif y.get("hate") == 1 or y.get("stereotype") == 1:
                y.pop("sexism", None)
        out.append({"text": text, "context": context, "y": y, "weight": 1.0, "split": split, "source": "authored/" + name, "group": group["one"].split(" ", 1)[1] if group else ""})
        # A message of a user may also be judged as text alone, and text alone as a message.
        if context in ("", USER) and not group and rng.random() < 0.5:
            out.append(out[-1] | {"context": USER if context == "" else "", "y": dict(y)})

    for name, y, read_with, lines in read_sections(folder):
        dev = name.startswith("dev")
        hateful = y.get("hate") == 1 or y.get("stereotype") == 1
        for line in lines:
            if "{P}" in line or "{S}" in line:
                n = FILLED[hateful]
                kinds = [GROUPS[(turn + k) % len(GROUPS)] for k in range(n)]
                turn += n
                chosen = [rng.choice(by_kind[k]) for k in kinds]
                if not hateful:  # public sets name these mostly in hateful text
                    chosen += rng.sample([g for g in groups if g["plural"] in OFTEN_HATED and g not in chosen], 4)
                for g in chosen + rng.sample(held, 2):
                    add(fill(line, g, nouns, rng), y, read_with, "dev" if dev or g["dev"] else "train", name, g)
            elif "{N}" in line:
                for noun in rng.sample(nouns, 6):
                    add(line.replace("{N}", noun)[0].upper() + line.replace("{N}", noun)[1:], y, read_with, "dev" if dev or noun == "teachers" else "train", name, None)
            else:
                copies = 1 if dev else 2
                for _ in range(copies):
                    add(line, y, read_with, "dev" if dev else "train", name, None)
    assert DOCUMENT == "document" and USER == "user"
    return out

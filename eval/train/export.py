"""Write the trained pair classifier as int8 ONNX, and prove it equal to what was trained.

    python export.py -from out/stage2 -out out/export

Writes model-fp32.onnx (checked against PyTorch) and model.onnx (dynamic int8, per channel).
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper

from bertonnx import OPSET, Graph, layers
from model import CLS, LABELS, PAD, SEP, collate, encode, from_base, load_tokenizer
from quantize import quantize

EPS = 1e-12


def build(state: dict[str, np.ndarray], heads: int = 12) -> onnx.ModelProto:
    """build is PairClassifier.forward as a graph."""
    g = Graph()
    i64 = lambda *v: g.const(np.array(v, np.int64))  # noqa: E731
    number = lambda v: g.const(np.float32(v))  # noqa: E731
    ints = lambda v: g.const(np.int64(v))  # noqa: E731
    as_float = lambda x: g.op("Cast", x, to=TensorProto.FLOAT)  # noqa: E731
    table = lambda name: g.const(state[name + ".weight"])  # noqa: E731

    claim = g.op("Mul", "token_type_ids", "attention_mask")
    special = g.op("Or", g.op("Or", g.op("Equal", "input_ids", ints(PAD)), g.op("Equal", "input_ids", ints(CLS))), g.op("Equal", "input_ids", ints(SEP)))
    word = g.op("Mul", as_float("attention_mask"), as_float(g.op("Not", special)))
    same = g.op("Equal", g.op("Unsqueeze", "input_ids", i64(2)), g.op("Unsqueeze", "input_ids", i64(1)))
    across = g.op("Not", g.op("Equal", g.op("Unsqueeze", claim, i64(2)), g.op("Unsqueeze", claim, i64(1))))
    found = g.op("Mul", as_float(g.op("And", same, across)), g.op("Unsqueeze", word, i64(1)))
    shared = g.op("Mul", g.op("ReduceMax", found, i64(2), keepdims=0), word)
    kind = g.op("Add", claim, g.op("Mul", g.op("Cast", shared, to=TensorProto.INT64), ints(2)))

    length = g.op("Shape", "input_ids", start=1, end=2)
    x = g.op("Gather", table("word"), "input_ids")
    x = g.op("Add", x, g.op("Slice", table("position"), i64(0), length, i64(0)))
    x = g.op("Add", x, g.op("Gather", table("segment"), claim))
    x = g.norm(g.op("Add", x, g.op("Gather", table("shared"), kind)), state, "norm", EPS)
    hide = g.op("Mul", g.op("Sub", number(1), as_float("attention_mask")), number(-1e4))
    hide = g.op("Unsqueeze", hide, i64(1, 2))
    x = layers(g, of_bert(state), x, hide, heads, EPS)

    weight = g.op("Unsqueeze", g.op("Mul", as_float(claim), word), i64(2))
    count = g.op("Max", g.op("ReduceSum", weight, i64(1), keepdims=0), number(1))
    mean = g.op("Div", g.op("ReduceSum", g.op("Mul", x, weight), i64(1), keepdims=0), count)
    worst = g.op("ReduceMax", g.op("Add", x, g.op("Mul", g.op("Sub", weight, number(1)), number(1e4))), i64(1), keepdims=0)
    worst = g.op("Clip", worst, number(-50), number(50))
    first = g.op("Gather", x, ints(0), axis=1)
    y = g.op("Tanh", g.linear(g.op("Concat", first, mean, worst, axis=1), state["pool.weight"], state["pool.bias"]))
    g.nodes.append(helper.make_node("Identity", [g.linear(y, state["out.weight"], state["out.bias"])], ["logits"]))
    inputs = [helper.make_tensor_value_info(n, TensorProto.INT64, ["rows", "length"]) for n in ("input_ids", "attention_mask", "token_type_ids")]
    out = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["rows", len(state["out.bias"])])
    model = helper.make_model(helper.make_graph(g.nodes, "pair", inputs, [out], g.weights), opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10, producer_name="touchstone")
    onnx.checker.check_model(model)
    return model


def of_bert(state: dict) -> dict:
    """of_bert gives the layers' weights the names that bertonnx knows."""
    names = {
        "query": "attention.self.query", "key": "attention.self.key", "value": "attention.self.value", "attended": "attention.output.dense",
        "norm1": "attention.output.LayerNorm", "up": "intermediate.dense", "down": "output.dense", "norm2": "output.LayerNorm",
    }
    out = {}
    for key, value in state.items():
        if key.startswith("layers."):
            _, i, part, kind = key.split(".")
            out[f"encoder.layer.{i}.{names[part]}.{kind}"] = value
    return out


def session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def logits(model: onnxruntime.InferenceSession, rows: list[tuple[list[int], int]]) -> np.ndarray:
    """logits are those of each row, run alone: int8 scales depend on what shares a run."""
    out = np.empty((len(rows), len(LABELS)), np.float32)
    for i, row in enumerate(rows):
        ids, mask, types = collate([row])
        out[i] = model.run(["logits"], {"input_ids": ids.numpy(), "attention_mask": mask.numpy(), "token_type_ids": types.numpy()})[0][0]
    return out


PROBES = [
    ("Returns are accepted within 30 days.", "You can return it within 30 days."),
    ("Returns are accepted within 30 days.", "Returns are accepted within 60 days."),
    ("The museum opens at nine. It is closed on Mondays.", "Entry costs 12 euros."),
    ("", "Nothing was said."),
]


def main():
    p = argparse.ArgumentParser(allow_abbrev=False)
    p.add_argument("-from", dest="start", type=Path, required=True)
    p.add_argument("-out", type=Path, required=True)
    a = p.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    trained = from_base()
    trained.load_state_dict(torch.load(a.start / "model.pt"))
    trained.eval()
    plain, small = a.out / "model-fp32.onnx", a.out / "model.onnx"
    plain.write_bytes(build({k: v.numpy() for k, v in trained.state_dict().items()}).SerializeToString())
    quantize(plain, small)

    rows = encode(load_tokenizer(), PROBES)
    with torch.inference_mode():
        want = trained(*collate(rows)).numpy()
    ids, mask, types = collate(rows)
    got = session(plain).run(["logits"], {"input_ids": ids.numpy(), "attention_mask": mask.numpy(), "token_type_ids": types.numpy()})[0]
    apart = float(np.abs(got - want).max())
    print(f"ONNX fp32 against PyTorch: {apart:.2e} apart at most; int8: {float(np.abs(logits(session(small), rows) - want).max()):.2f}; {small.stat().st_size:,} bytes")
    if apart > 1e-3:
        sys.exit("the graph is not the model that was trained")


if __name__ == "__main__":
    main()

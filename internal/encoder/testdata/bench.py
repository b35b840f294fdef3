"""Compares runs of the Go encoder with Python's onnxruntime on the same model and batch.

    make bench-encoder
"""
import gzip
import json
import pathlib
import sys
import time

import numpy as np
import onnxruntime

model, figures = sys.argv[1:]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
options.enable_mem_pattern = False
options.add_session_config_entry("session.intra_op.allow_spinning", "0")
session = onnxruntime.InferenceSession(gzip.decompress((pathlib.Path(model) / "model.onnx.gz").read_bytes()), options)


def random_ids(rows, length):
    x, out = 2463534242, np.zeros((rows, length), np.int64)
    for i in range(rows):
        for j in range(length):
            x ^= (x << 13) & 0xFFFFFFFF
            x ^= x >> 17
            x ^= (x << 5) & 0xFFFFFFFF
            out[i, j] = 1000 + x % 29000
    out[:, 0], out[:, -1] = 101, 102
    return out


print(f"onnxruntime {onnxruntime.__version__}; milliseconds, one thread")
print(f"{'batch':>8} {'Go p50':>8} {'min':>8} {'Python p50':>11} {'min':>8} {'ratio of min':>13} {'largest difference':>19}")
for r in json.loads(pathlib.Path(figures).read_text()):
    ids = random_ids(r["Rows"], r["Length"])
    feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    out = session.run(None, feed)[0]
    took, end = [], time.perf_counter() + 1
    while time.perf_counter() < end or len(took) < 3:
        start = time.perf_counter()
        session.run(None, feed)
        took.append((time.perf_counter() - start) * 1000)
    took.sort()
    go = r["Millis"]
    worst = np.abs(np.float32(r["First"]) - out[0]).max()
    print(f"{r['Rows']:>4}x{r['Length']:<3} {go[len(go) // 2]:8.1f} {go[0]:8.1f} {took[len(took) // 2]:11.1f} {took[0]:8.1f}"
          f" {go[0] / took[0]:13.2f} {worst:19.2g}")

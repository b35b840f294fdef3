#!/bin/sh
# Trains, exports, measures and packs the verifier's model; steps that are done are not
# done again, and a training that was stopped goes on.
#
#   eval/train/run.sh DATA     (PYTHON, OUT, MINUTES1 and MINUTES2 may be set)
set -eu
data=$1
here=./$(realpath --relative-to=. "$(dirname "$0")") # go build takes a path with a dot for a folder
out=${OUT:-$here/out}
python=${PYTHON:-python3}
mkdir -p "$out"
export OMP_WAIT_POLICY=PASSIVE # threads that wait give their core to whoever else works here
. "$here/sets.sh"

[ -e "$out/entailment.jsonl.gz" ] || "$python" "$here/entailment.py" -data "$data/nli" -out "$out/entailment.jsonl.gz"
[ -e "$out/stage1/model.pt" ] || "$python" "$here/train.py" -pairs "$out/entailment.jsonl.gz" -out "$out/stage1" -minutes "${MINUTES1:-45}" -pause "$out/pause"
# shellcheck disable=SC2086 # the lists are meant to be split
if ! [ -e "$out/answers.jsonl.gz" ]; then
  "$python" "$here/made.py" -out "$out/made.jsonl" $written $sets
  go build -o "$out/pairs" "$here/pairs"
  "$out/pairs" $written "$a/retail.jsonl" $sets $more "$out/made.jsonl" > "$out/pairs.jsonl.part"
  mv "$out/pairs.jsonl.part" "$out/pairs.jsonl"
  "$python" "$here/answers.py" -pairs "$out/pairs.jsonl" -entailment "$out/entailment.jsonl.gz" -out "$out/answers.jsonl.gz"
fi
[ -e "$out/stage2/model.pt" ] || "$python" "$here/train.py" -pairs "$out/answers.jsonl.gz" -from "$out/stage1" -out "$out/stage2" -minutes "${MINUTES2:-75}" -rate 1e-4 -batch 3072 -pause "$out/pause"
"$python" "$here/export.py" -from "$out/stage2" -out "$out/export"
"$python" "$here/evaluate.py" -model "$out/export/model.onnx" -pairs "$out/pairs.jsonl" -out "$out/figures.json" > "$out/figures.md"
"$python" "$here/ship.py" -out-of-training "$out" -to "$here/../../internal/encoder/models/verifier-minilm-l6"

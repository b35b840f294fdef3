#!/bin/sh
# Fits the score that joins exact comparison with the model that the program carries (or
# MODEL, a folder), and prints held-out figures.
#
#   eval/train/joined.sh DATA     (PYTHON, OUT and MODEL may be set)
set -eu
data=$1
here=./$(realpath --relative-to=. "$(dirname "$0")")
out=${OUT:-$here/out}
mkdir -p "$out"
. "$here/sets.sh"
go build -o "$out/pairs" "$here/pairs"
# shellcheck disable=SC2086 # the lists are meant to be split
"$out/pairs" -entail -model "${MODEL:-}" $written "$a/retail.jsonl" $sets $more > "$out/judged.jsonl.part"
mv "$out/judged.jsonl.part" "$out/judged.jsonl"
"${PYTHON:-python3}" "$here/joined.py" "$out/judged.jsonl" "$here/../../guards/weights_joined.go" | tee "$out/joined.md"
gofmt -w "$here/../../guards/weights_joined.go"

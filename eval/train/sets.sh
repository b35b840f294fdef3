# The labelled sets, for scripts that have set $data and $here: written for this project,
# public ones that claims are made from, and further public ones.
# shellcheck shell=sh disable=SC2034,SC2154
g=$data/groundedness a=$here/../data/authored
sets="$g/ragtruth-qa.train-part.jsonl.gz $g/ragtruth-summary.train-part.jsonl.gz $g/summedits-ectsum.all.jsonl.gz $g/summedits-news.all.jsonl.gz
  $g/summedits-sales_call.all.jsonl.gz $g/summedits-scitldr.all.jsonl.gz $g/factcc.val.jsonl.gz $g/summeval.val.jsonl.gz
  $g/faithdial-audit.all.jsonl.gz $g/xsumfaith.val.jsonl.gz $g/wice-claim.dev.jsonl.gz"
more="$g/gofigure-xsum.all.jsonl.gz $g/wice-tokens.train.jsonl.gz $g/wice-tokens.dev.jsonl.gz $g/begin-cmu.dev.jsonl.gz $g/begin-tc.dev.jsonl.gz
  $g/begin-wow.dev.jsonl.gz $g/q2-dodeca.consistent.jsonl.gz $g/q2-dodeca.inconsistent.jsonl.gz $g/q2-memnet.consistent.jsonl.gz
  $g/q2-memnet.inconsistent.jsonl.gz $g/scifact.train.jsonl.gz $g/factcheck-gpt.half-a.jsonl.gz $g/conjnli.dev.jsonl.gz $g/contractnli.dev.jsonl.gz"
written="$a/work.jsonl $a/world.jsonl $a/domains.jsonl $a/answers-qa.jsonl $a/answers-summary.jsonl $a/answers-data2text.jsonl"

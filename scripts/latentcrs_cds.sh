#!/usr/bin/env bash
# LatentCRS on cds (Amazon 2023), the whole run stage by stage. Each command finds what the one before it made;
# the last one alone would do all of it.
set -euo pipefail
# The McAuley Lab serves the files; if you have them already: REVIEWS=path/to/CDs_and_Vinyl.jsonl METADATA=path/to/meta_CDs_and_Vinyl.jsonl
FILES=()
if [ -n "${REVIEWS:-}" ]; then FILES=("dataset.archive=$(realpath "$REVIEWS")" "dataset.items=$(realpath "${METADATA:?type METADATA=PATH too}")"); fi
cd "$(dirname "$0")/.."
PYTHON="${PYTHON:-.venv/bin/python}"
run() { "$PYTHON" src/train.py model=latentcrs dataset=cds ${FILES[@]+"${FILES[@]}"} "$@"; }

run stage=dataset "$@"    # 4 and 5 stars, items with a description, 5-core, leave-one-out by time
run stage=pretrain "$@"   # the sequence encoder with ICLRec's contrastive terms
run stage=intents "$@"    # k-means over user states: K latent intents
run stage=samples "$@"    # the cases that get a text: raw and five seeded cuts
run stage=simulate "$@"   # what the simulated user says first, and the leak audit
run stage=embed "$@"      # each different text to a vector, once
run stage=train "$@"      # q alone, p alone, then EM
run stage=evaluate "$@"   # every scorer on the same cases, with intervals and tests

#!/usr/bin/env bash
# LatentCRS on ml1m, the whole run stage by stage. Each command finds what the one before it made;
# the last one alone would do all of it.
set -euo pipefail
# GroupLens serves the archive; if you have it already: ARCHIVE=path/to/ml-1m.zip
ARCHIVE="${ARCHIVE:+dataset.archive=$(realpath "$ARCHIVE")}"
cd "$(dirname "$0")/.."
PYTHON="${PYTHON:-.venv/bin/python}"
run() { "$PYTHON" src/train.py model=latentcrs dataset=ml1m ${ARCHIVE:+"$ARCHIVE"} "$@"; }

run stage=dataset "$@"    # ratings of 4 and 5, users with at least 5, leave-one-out by time
run stage=pretrain "$@"   # the sequence encoder with ICLRec's contrastive terms
run stage=intents "$@"    # k-means over user states: K latent intents
run stage=samples "$@"    # the cases that get a text: raw and five seeded cuts
run stage=simulate "$@"   # what the simulated user says first, and the leak audit
run stage=embed "$@"      # each different text to a vector, once
run stage=train "$@"      # q alone, p alone, then EM
run stage=evaluate "$@"   # every scorer on the same cases, with intervals and tests

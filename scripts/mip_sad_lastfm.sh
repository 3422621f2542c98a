#!/usr/bin/env bash
# MIP-SAD on LastFM, the whole run stage by stage. Each command finds what the one before it made;
# the last one but one alone would do all of it. PRECRS is the folder of Pre-CRS' released JSON files.
set -euo pipefail
PRECRS="$(realpath "${PRECRS:?type PRECRS=FOLDER bash scripts/mip_sad_lastfm.sh}")"
cd "$(dirname "$0")/.."
PYTHON="${PYTHON:-.venv/bin/python}"
run() { "$PYTHON" src/train.py dataset=lastfm dataset.source=precrs "dataset.path=$PRECRS" "$@"; }

run model=mip_sad stage=dataset "$@"     # users, items, attributes and the released dialogues
run model=mip_sad stage=dialogues "$@"   # training dialogues about earlier items of the histories
run model=mip_sad stage=pretrain "$@"    # SASRec, the generator of negatives
run model=mip_sad stage=warmup "$@"      # MIP + SAD: random negatives, then the generator's
run model=mip_sad stage=train "$@"       # fine-tuning on every turn
run model=mip_sad stage=alone "$@"       # each tower by itself
run model=mip_sad stage=evaluate "$@"    # every scorer on every released turn
run -m 'experiment=glob(mip_sad_ablation_*)' "$@"   # the paper's ablation, one table

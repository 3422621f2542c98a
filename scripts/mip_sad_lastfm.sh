#!/usr/bin/env bash
# MIP-SAD on LastFM, the whole run stage by stage. Each command finds what the one before it made;
# the last one but one alone would do all of it. PRECRS is the folder of Pre-CRS' released JSON files.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON="${PYTHON:-.venv/bin/python}"
DATA="dataset=lastfm dataset.source=precrs dataset.path=${PRECRS:?type PRECRS=FOLDER bash scripts/mip_sad_lastfm.sh}"
run() { "$PYTHON" src/train.py "$@"; }

run model=mip_sad $DATA stage=dataset "$@"     # users, items, attributes and the released dialogues
run model=mip_sad $DATA stage=dialogues "$@"   # training dialogues about earlier items of the histories
run model=mip_sad $DATA stage=pretrain "$@"    # SASRec, the generator of negatives
run model=mip_sad $DATA stage=warmup "$@"      # MIP + SAD: random negatives, then the generator's
run model=mip_sad $DATA stage=train "$@"       # fine-tuning on every turn
run model=mip_sad $DATA stage=alone "$@"       # each tower by itself
run model=mip_sad $DATA stage=evaluate "$@"    # every scorer on every released turn
run -m 'experiment=glob(mip_sad_ablation_*)' $DATA "$@"   # the paper's ablation, one table

#!/usr/bin/env bash
# C2-CRS on ReDial, the whole run stage by stage. Each command finds what the one before it made;
# the last one but one alone would do all of it. REDIAL is the folder of its files, official or CRSLab's.
set -euo pipefail
REDIAL="$(realpath "${REDIAL:?type REDIAL=FOLDER bash scripts/c2crs_redial.sh}")"
cd "$(dirname "$0")/.."
PYTHON="${PYTHON:-.venv/bin/python}"
run() { "$PYTHON" src/train.py dataset=redial "dataset.path=$REDIAL" "$@"; }

run model=c2crs stage=dataset "$@"    # dialogues, items, entities and triples
run model=c2crs stage=graph "$@"      # edges both ways, and loops
run model=c2crs stage=contexts "$@"   # what was said before each response, as tensors
run model=c2crs stage=warmup "$@"     # contrastive pre-training: coarse, then fine
run model=c2crs stage=train "$@"      # the recommender
run model=c2crs stage=direct "$@"     # the same without pre-training
run model=c2crs stage=evaluate "$@"   # every scorer on the same cases, with intervals
run model=c2crs stage=converse "$@"   # the decoder, its responses, both tables
run -m 'experiment=glob(c2crs_ablation_*)' "$@"   # what each part adds

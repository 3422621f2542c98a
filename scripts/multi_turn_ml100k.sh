#!/usr/bin/env bash
# Dialogues of at most five turns on ml100k: one table for every model, and the settings it was chosen by. Each
# command finds what the ones before it made.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHON="${PYTHON:-.venv/bin/python}"
run() { "$PYTHON" src/train.py dataset=ml100k stage=multi_turn "$@"; }

# What is embedded from the second turn on, on validation: the newest wish, all joined, or their mean.
run -m model=latentcrs multi_turn.split=valid multi_turn.text=newest,joined,mean "$@"
# All models on the same 500 cases of the test split.
run -m model=popularity,attribute_filter,sasrec,iclrec,mip_sad,latentcrs "$@"
# The released objective, in the released loop.
run experiment=latentcrs_ml100k_as_released "$@"

#!/usr/bin/env bash
# The peers' environments from PyPI, one each: benchmarks/peers/build.sh FOLDER (4.5 GB).
# PYTHON, TORCH_INDEX: as in the Makefile. What is there already is left alone.
set -euo pipefail
folder=${1:?type benchmarks/peers/build.sh FOLDER}
here=$(cd "$(dirname "$0")" && pwd)
torch=$(grep '^torch==' "$here/../../constraints.txt")

build() { # name, requirements…
    local place="$folder/$1"
    shift
    [[ -e "$place/.installed" ]] && return
    "${PYTHON:-python3}" -m venv "$place"
    # torch first: left to itself pip takes a CUDA build of several GB.
    "$place/bin/python" -m pip install --quiet "$torch" ${TORCH_INDEX:+--index-url "$TORCH_INDEX"}
    "$place/bin/python" -m pip install --quiet "$torch" "$@"
    "$place/bin/python" -m pip freeze >"$place/.installed"
}

build rectools "rectools[torch]==0.19.0"
# RecBole 1.2.1 stands on ray 2.6, which wants pkg_resources, and on names that numpy 2 has not.
build recbole "recbole==1.2.1" "setuptools<81" "numpy<2" "pandas<2.3" "scipy<1.16"
build replay "replay-rec[torch]==0.22.0"

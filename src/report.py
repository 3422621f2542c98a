"""Report what results, sweeps and studies came to; `crs report` does the same.

python src/report.py artifacts/evaluate/SEED1 artifacts/evaluate/SEED2 --against direct
"""

import sys

from crs.cli import command, report

if __name__ == "__main__":
    command.call(report.main, sys.argv[1:])

"""Find or make a result, in a checkout; `crs` does the same where the suite is installed.

python src/train.py model=latentcrs dataset=ml100k
python src/train.py -m model=sasrec,iclrec,latentcrs dataset=tiny seed=1,2 tracker=none
python src/train.py --help pretrain
"""

import sys

from crs.cli import command, train

if __name__ == "__main__":
    command.call(train.main, sys.argv[1:])

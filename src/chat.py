"""Talk to a system, in a checkout; `crs chat` does the same where the suite is installed.

python src/chat.py model=latentcrs dataset=ml100k
"""

import sys

from crs.cli import chat, command

if __name__ == "__main__":
    command.call(chat.main, sys.argv[1:])

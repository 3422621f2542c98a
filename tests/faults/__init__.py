"""What can go wrong with files, processes and strangers, tried many times.

    python -m tests.faults

Each attempt is a process that is forked after all imports, so that thousands are affordable. A
module of this folder has the trials of one kind; `trials.py` lists them all.
"""

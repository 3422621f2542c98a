"""What can go wrong with files and processes, tried many times: `python -m tests.faults`.

Each attempt is a process that is forked after all imports, so that thousands are affordable.
"""

"""Bad inputs and what is printed for each: the rows of docs/bad_input.md, made and run.

An input spoils one thing of a good dataset. `scripts/refresh_bad_inputs.py` writes the document, a
test compares.
"""

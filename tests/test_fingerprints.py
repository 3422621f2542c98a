"""Results keep their names: people have results under them."""

import json

from crs import command_line
from scripts.refresh_fingerprints import FILE, fingerprints


def test_each_result_has_the_name_that_it_had():
    """If a stage's version was raised, or a command is new, type
    `python scripts/refresh_fingerprints.py`; for any other reason no name may change."""
    command_line.register()
    assert fingerprints() == json.loads(FILE.read_text())

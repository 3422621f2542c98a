"""Record the code digest of every stage, after looking at why it changed.

A changed digest with an unchanged `version` in crs/pipeline.py says: the code is other, the
results are the same. If they are not, raise the version first.
"""

import json
import sys
from pathlib import Path

from crs.closure import code_digest
from crs.pipeline import MODEL_SETTINGS, STAGES

FILE = Path(__file__).parents[1] / "tests" / "code_digests.json"


def digests() -> dict[str, str]:
    """`stage/version` (and model, where a stage is a model's own) to digest."""
    found = {}
    for name, stage in STAGES.items():
        for model in MODEL_SETTINGS if "{model}" in stage.target else [""]:
            key = "/".join(filter(None, [name, model, str(stage.version)]))
            found[key] = code_digest(stage.target.format(model=model))
    return found


if __name__ == "__main__":
    FILE.write_text(json.dumps(digests(), indent=1) + "\n")
    sys.stdout.write(f"recorded {FILE}\n")

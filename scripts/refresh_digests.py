"""Record the code digest of every stage, after looking at why it changed.

A changed digest with an unchanged `version` in crs/pipeline.py says: the code is other, the
results are the same. If they are not, raise the version first.
"""

import json
import re
import sys
from pathlib import Path

from crs.closure import code_digest, source_of
from crs.command_line import CHOICES, CONF
from crs.pipeline import STAGES

FILE = Path(__file__).parents[1] / "tests" / "code_digests.json"


def digests() -> dict[str, str]:
    """`stage/version`, with the model or the reader that a stage's code depends on, to digest."""
    models = sorted(file.stem for file in (CONF / "model").glob("*.yaml"))
    readers = sorted(set(re.findall(r"crs\.data\.readers\.\w+", " ".join(
        file.read_text() for file in (CONF / "dataset").glob("*.yaml")))))  # fmt: skip
    found = {}
    for name, stage in STAGES.items():
        if "{model}" in stage.target:
            own = {model: stage.target.format(model=model) for model in models}
            parts = {model: [module] for model, module in own.items() if source_of(module)}
        elif name in ("evaluate", "multi_turn"):
            lent = [path.partition(":")[0] for path in stage.handed.values()]
            parts = {model: [stage.target, f"crs.models.{model}", *lent] for model in models}
        elif name == "simulate":
            kinds = CHOICES["simulator.kind"]
            parts = {kind: [stage.target, f"data_generator.{kind}"] for kind in kinds}
        elif name == "embed":
            kinds = CHOICES["embedder.kind"]
            parts = {kind: [stage.target, f"text2embedding.{kind}"] for kind in kinds}
        elif name == "dataset":
            parts = {reader: [stage.target, reader] for reader in readers}
        else:
            parts = {"": [stage.target]}
        for part, modules in parts.items():
            key = "/".join(filter(None, [name, part, str(stage.version)]))
            found[key] = code_digest(*modules)
    return found


if __name__ == "__main__":
    FILE.write_text(json.dumps(digests(), indent=1) + "\n")
    sys.stdout.write(f"recorded {FILE}\n")

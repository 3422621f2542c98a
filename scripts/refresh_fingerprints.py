"""Record the names of results: the fingerprint of each stage that a command needs.

People have results under these names. A name may change only with the version of a stage.
"""

import json
import sys
from pathlib import Path

from hydra import compose

from crs import command_line
from crs.errors import UserError
from crs.pipeline.plan import plan

FILE = Path(__file__).parents[1] / "tests" / "fingerprints.json"


def commands() -> list[list[str]]:
    """Each model on `dataset=tiny` in one turn and in many, and each experiment."""
    names = command_line.groups()
    return [
        *(
            [f"model={model}", "dataset=tiny", f"stage={goal}"]
            for model in names["model"]
            for goal in ("evaluate", "multi_turn")
        ),
        *([f"experiment={name}"] for name in names["experiment"]),
    ]


def fingerprints() -> dict[str, dict[str, str]]:
    """By command: the fingerprint of each stage of its plan; refused commands are left out."""
    found = {}
    planned = commands()
    with command_line.searching():
        for words in planned:
            composed = compose("train", overrides=[*words, "embedder.precision=float32"])
            try:
                steps = plan(command_line.to_config(composed))
            except UserError:
                continue
            found[" ".join(words)] = {step.name: step.fingerprint for step in steps}
    return found


if __name__ == "__main__":
    command_line.register()
    FILE.write_text(json.dumps(fingerprints(), indent=1) + "\n")
    sys.stdout.write(f"recorded {FILE}\n")

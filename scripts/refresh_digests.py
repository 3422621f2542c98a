"""Record the code digest of every stage, after looking at why it changed.

python scripts/refresh_digests.py
python scripts/refresh_digests.py --count FILE …

With --count nothing is recorded: it prints how many digests an edit of these files would change.

A changed digest with an unchanged `version` of the stage says: the code is other, the results are
the same. If they are not, raise the version first.
"""

import argparse
import copy
import json
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from hydra import compose, initialize_config_dir

from crs import command_line
from crs.config import Config
from crs.models import recipes
from crs.pipeline.code_digest import closure, code_digest, code_modules, source_of
from crs.pipeline.plan import Step, plan
from crs.stages.dataset import Source

FILE = Path(__file__).parents[1] / "tests" / "code_digests.json"


@cache
def composed(model: str, dataset: str) -> Config:
    """The configuration of a model on a data set."""
    command_line.register()
    with initialize_config_dir(str(command_line.CONF), version_base="1.3"):
        overrides = [f"model={model}", f"dataset={dataset}"]
        return command_line.to_config(compose("train", overrides=overrides))


def named(group: str, pattern: str) -> list[str]:
    """What the files of a group of conf/ name."""
    files = (command_line.CONF / group).glob("*.yaml")
    return sorted(set(re.findall(pattern, "\n".join(file.read_text() for file in files))))


def steps() -> Iterator[tuple[Step, Config]]:
    """Every stage, with every configuration that chooses other code for it."""
    for model in command_line.groups()["model"]:
        own = [stage.name for stage in recipes()[model].stages]
        for stage in ("evaluate", "multi_turn", *own):
            config = composed(model, "inspired" if stage == "converse" else "tiny")
            config.stage.name = stage
            if stage == "cross_fit":
                config = copy.deepcopy(config)
                config.em.folds = 2
            yield from ((step, config) for step in plan(config))
    config = copy.deepcopy(composed("c2crs", "inspired"))
    config.stage.name, config.c2crs.words = "evaluate", True
    yield from (
        (step, config) for step in plan(config) if step.name.endswith(("_texts", "_entities"))
    )
    config = composed("c2crs", "ml100k")  # its graph comes with a mirror of the data
    config.stage.name = "graph"
    yield plan(config)[-1], config
    config = copy.deepcopy(composed("latentcrs", "tiny"))
    config.stage.name, config.controls.texts = "evaluate", ["heldout"]
    planned = {step.name: step for step in plan(config)}
    yield planned["controls"], config
    for reader in named("dataset", r"crs\.data\.readers\.\w+"):
        config.dataset.sources = [Source(reader)]
        yield planned["dataset"], config
    for config.simulator.kind in named("simulator", r"\bkind: (\w+)"):
        yield planned["simulate"], config
    for config.embedder.kind in named("embedder", r"\bkind: (\w+)"):
        yield planned["embed"], config
        yield planned["embed_controls"], config


@cache
def made_by() -> dict[str, list[str]]:
    """Each stage with its version and the modules that make its result."""
    found = {}
    for step, config in steps():
        modules = code_modules(step, config)
        found[f"{step.name}/{step.stage.version}: {' '.join(modules)}"] = modules
    return dict(sorted(found.items()))


def digests() -> dict[str, str]:
    """The digest of today's code of each stage."""
    return {key: code_digest(*modules) for key, modules in made_by().items()}


def changed_by(files: Iterable[Path]) -> list[str]:
    """The stages whose digest an edit of these files would change."""
    edited = {file.resolve() for file in files}
    return [
        key
        for key, modules in made_by().items()
        if edited & {source_of(module) for module in closure(*modules)}
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Record the code digest of every stage.")
    parser.add_argument(
        "--count",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="only print how many an edit of these files would change",
    )
    given = parser.parse_args()
    if given.count:
        changed = changed_by(given.count)
        sys.stdout.write("\n".join([*changed, f"{len(changed)} of {len(made_by())} digests\n"]))
    else:
        FILE.write_text(json.dumps(digests(), indent=1) + "\n")
        sys.stdout.write(f"recorded {FILE}\n")

"""The same cases said by the rule-based user and by a model: lengths, leaks, attributes, texts.

    python benchmarks/llm_users.py dataset=ml100k llm=local

Any setting of train.py may follow. 20 test cases, drawn with a fixed seed; the model's answers go
through the ledger. What each said is printed side by side, then a line of figures for each.
"""

import sys
import time
from pathlib import Path

import numpy as np
from hydra import compose as hydra_compose
from hydra import initialize_config_dir

from crs import command_line
from crs.console import Context
from crs.escape import terminal
from crs.pipeline.make import find_or_make
from crs.pipeline.plan import plan
from crs.stages.simulate import Simulate
from crs.store.artifact import Artifact
from crs.store.store import Store
from crs.tracking.run import Run
from data_generator.items import Utterance, item_table
from data_generator.leaks import leak
from data_generator.simulate import cases_of, user_of

CASES, SEED = 20, 5


def artifacts(overrides: list[str]) -> tuple[Simulate, dict[str, Artifact], Path, Context]:
    """The settings, and the stages before `simulate`."""
    command_line.register()
    fixed = ["tracker=none", "stage=simulate", "simulator=llm"]
    with initialize_config_dir(str(command_line.CONF), version_base="1.3"):
        config = command_line.to_config(hydra_compose("train", [*fixed, *overrides]))
    store = Store(config.store)
    found: dict[str, Artifact] = {}
    *before, step = plan(config)
    for need in before:
        inputs = {name: found[name] for name in need.inputs}
        found[need.name] = find_or_make(need, inputs, store, config, "", Run())
    folder = store.partial(step.name, step.fingerprint)
    assert isinstance(step.settings, Simulate)
    return step.settings, found, folder, Context(config.trainer, Run(), step.fingerprint)


def figures(name: str, said: list[Utterance], titles: list[str], seconds: float) -> str:
    """One line."""
    words = [len(utterance.text.split()) for utterance in said]
    leaks = [leak(title, u.text) for title, u in zip(titles, said, strict=True)]
    return (
        f"{name:<8}{np.mean(words):5.1f} words ({min(words)} to {max(words)}), "
        f"leaks {leaks.count('exact')} exact {leaks.count('fuzzy')} fuzzy of {len(said)}, "
        f"{np.mean([len(u.attributes) for u in said]):.2f} attributes named, "
        f"{sum(not u.text for u in said)} silent, {seconds:.0f} s"
    )


def main(overrides: list[str]) -> None:
    settings, inputs, folder, context = artifacts(overrides)
    folder.mkdir(parents=True, exist_ok=True)
    cases = cases_of(inputs)
    cases = cases[cases["split"] == "test"].sample(CASES, random_state=SEED)
    items = item_table(inputs["dataset"])
    targets = [items[target] for target in cases["target"]]
    said, took = {}, {}
    for kind in ("rules", "llm"):
        settings.simulator.kind = kind
        start = time.perf_counter()
        said[kind] = user_of(settings, inputs, folder, context).say(cases, 0)
        took[kind] = time.perf_counter() - start
    for i, item in enumerate(targets):
        print(terminal(f"{item.title} ({item.year})"))
        print(terminal(f"  rules  {said['rules'][i].text}"))
        print(terminal(f"  llm    {said['llm'][i].text or said['llm'][i].silence}"))
    for kind in said:
        print(figures(kind, said[kind], [item.title for item in targets], took[kind]))


if __name__ == "__main__":
    main(sys.argv[1:])

"""A small store, made without a run."""

from pathlib import Path

from crs.store.artifact import Artifact, fingerprint
from crs.store.store import Store


def made(store: Store, stage: str, settings: dict, *inputs: Artifact, **files: str) -> Artifact:
    """A finished result of a stage, with text files."""
    names = {one.stage: one.fingerprint for one in inputs}
    name = fingerprint(stage, 1, settings, names)
    partial = store.partial(stage, name)
    (partial / "inner").mkdir(parents=True)
    for file, text in files.items():
        (partial / f"{file}.txt").write_text(text)
    (partial / "inner" / "same.txt").write_text(stage)
    return store.finish(stage, name, {
        "stage": stage, "fingerprint": name, "version": 1, "settings": settings, "code": "0" * 16,
        "inputs": {one.stage: {"fingerprint": one.fingerprint, "digest": one.digest}
                   for one in inputs},
        "summary": {"label": "tiny"} if stage == "dataset" else {"ndcg@10": 0.5},
        "seconds": 1.5, "cost_usd": 0.0, "git": {},
    })  # fmt: skip


def chain(root: Path) -> dict[str, Artifact]:
    """Two evaluations; they share the data, and each has a training of its own."""
    store = Store(root)
    data = made(store, "dataset", {"name": "tiny"}, rows="1,2,3")
    found = {"dataset": data}
    for seed in ("1", "2"):
        train = made(store, "train", {"seed": seed}, data, weights=f"w{seed}")
        found[f"train{seed}"] = train
        own = {"model": "sasrec", "seed": seed}
        found[f"evaluate{seed}"] = made(store, "evaluate", own, data, train, table=f"t{seed}")
    return found

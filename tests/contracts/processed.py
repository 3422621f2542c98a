"""Files in the layout that LatentCRS' authors processed, made of a data set."""

import json
import random
from pathlib import Path
from typing import Any

from crs.store.artifact import Artifact

SEEDS = (1755, 2097, 3068, 6868, 7702)


def records(dataset: Artifact, shown: int) -> dict[str, list[dict[str, Any]]]:
    """The lines of each file: training, validation and test, drawn as the authors draw."""
    rows = dataset.load("interactions.parquet")
    raw_item = dataset.load("items.parquet").set_index("item")["raw"]
    raw_user = dataset.load("users.parquet").set_index("user")["raw"]
    lists = {raw_user[user]: raw_item[part["item"]].tolist() for user, part in rows.groupby("user")}

    def line(customer: str, items: list[str]) -> dict[str, Any]:
        *history, target = items[-shown:]
        words = {"prompt": "You play a user.", "response": f"Hello, {customer} wants a comedy."}
        return {"customer_id": customer, "history": history, "target": target, **words}

    train = [line(f"{user}_raw_raw", items[:-2]) for user, items in lists.items()]
    for seed in SEEDS:
        stream = random.Random(seed)
        for user, items in lists.items():
            if len(pool := items[:-2]) >= 9:
                end = stream.randint(4, len(pool) - 4)
                train.append(line(f"{user}_selection_{seed}", pool[:end]))
    return {
        "combination": train,
        "raw_seedvalid": [line(f"{u}_raw_valid", items[:-1]) for u, items in lists.items()],
        "raw_seedtest": [line(f"{u}_raw_test", items) for u, items in lists.items()],
    }


def write(folder: Path, parts: dict[str, list[dict[str, Any]]]) -> Path:
    """The folder `processed_data` with a file a part."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in parts.items():
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"tiny_{name}.jsonl").write_text(text)
    return folder

"""Utterances a second that the rules read, on one core, without an encoder.

    python benchmarks/understanding.py

The 300 utterances of tests/crs/dialogue, each made different by a word of its own, so that
nothing is read from a cache; with the attributes and the titles of their world.
"""

import json
import time
from pathlib import Path

from measure import options

from crs.dialogue.catalogue import synonyms_file
from crs.dialogue.rule_understanding import Rules

FOLDER = Path(__file__).parents[1] / "tests" / "crs" / "dialogue"


def utterances() -> list[str]:
    """What is said."""
    lines = (FOLDER / "utterances.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines]


def main() -> None:
    """Print the figures."""
    args = options(__doc__, 5).parse_args()
    world = json.loads((FOLDER / "utterances_world.json").read_text("utf-8"))
    table = synonyms_file("movies").read_text("utf-8")
    said, copies = utterances(), 1 if args.quick else 10
    for label, titles in (("attributes and years", ()), ("and titles", ["", *world["titles"]])):
        rules = Rules(["", *world["attributes"]], titles, table)
        best = 0.0
        for run in range(2 if args.quick else args.runs):
            words = ["q" + chr(97 + run) + chr(97 + n) + "q" for n in range(copies)]
            texts = [f"{text} {word}" for word in words for text in said]
            start = time.process_time()
            for text in texts:
                rules.utterance(text, True)
            best = max(best, len(texts) / (time.process_time() - start))
        print(f"{label:<24}{best:>10,.0f} utterances a second")


if __name__ == "__main__":
    main()

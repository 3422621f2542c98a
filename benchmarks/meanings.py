"""How well a text encoder guesses the attribute that a word means, by the least cosine; and how
many utterances are read exactly without a table of synonyms, by the rules and by meaning too.

    python benchmarks/meanings.py

The 300 utterances of tests/crs/dialogue without the table of synonyms. Right: a word of a row that
needs synonyms, matched to an attribute of its reading that the rules miss. Wrong: any other match.
"""

import json
import sys
from pathlib import Path

from measure import options

from crs import command_line
from crs.dialogue.catalogue import Catalogue
from crs.dialogue.meanings import Meanings, RulesByMeaning
from crs.dialogue.rule_understanding import Rules
from crs.stages.embed import ENCODER
from crs.stages.stage import import_object

sys.path.append(str(Path(__file__).parents[1]))
from scripts.readings import exact_readings

FOLDER = Path(__file__).parents[1] / "tests" / "crs" / "dialogue"
TABLES = ("utterances", "unseen", "further")


def main() -> None:
    """Print right and wrong matches by threshold."""
    options(__doc__, 1).parse_args()
    command_line.register()
    config = command_line.configured(["embedder=minilm", "trainer.threads=1"])
    encoder = import_object(ENCODER)(config.embedder, config.trainer, Path("downloads"))
    world = json.loads((FOLDER / "utterances_world.json").read_text("utf-8"))
    lines = (FOLDER / f"{TABLES[0]}.jsonl").read_text("utf-8").splitlines()
    names = ["", *world["attributes"]]
    rules, meanings = Rules(names, ["", *world["titles"]]), Meanings(names, encoder.encode)
    needed, guesses = 0, []
    for row in map(json.loads, lines):
        meant = {n for part in ("must", "not") for n in row["reading"].get(part, [])}
        read = {
            names[number]
            for clause in rules.clauses(row["text"])
            for one in clause.mentions
            if one.sort == "attribute"
            for number in one.of
        }
        missed = meant - read if row.get("needs") else set()
        needed += len(missed)
        for word, name, cosine in meanings.nearest(rules.telling(row["text"])):
            if name in missed or name not in meant:
                guesses.append((cosine, name in missed, word, name))
    print(f"{len(guesses)} words, {needed} attributes are meant by another word")
    print("cosine   right  wrong  precision  recall")
    for least in (0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.8):
        found = [right for cosine, right, *_ in guesses if cosine >= least]
        share = sum(found) / max(1, len(found))
        print(f"{least:<9}{sum(found):>5}{len(found) - sum(found):>7}{share:>11.2f}"
              f"{sum(found) / needed:>8.2f}")  # fmt: skip
    for cosine, right, word, name in sorted(guesses, reverse=True)[:12]:
        print(f"{cosine:.2f} {'right' if right else 'wrong'} {word}: {name}")
    print("table            of  rules  by meaning")
    for table in TABLES:
        lines = (FOLDER / f"{table}.jsonl").read_text("utf-8").splitlines()
        rows = list(map(json.loads, lines))
        by_meaning = RulesByMeaning(Catalogue(names, ["", *world["titles"]]), meanings)
        exact = [exact_readings(rows, reader).total() for reader in (rules, by_meaning)]
        print(f"{table:<13}{len(rows):>6}{exact[0]:>7}{exact[1]:>12}")


if __name__ == "__main__":
    main()

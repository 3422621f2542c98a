"""Print how many utterances of the written table are read exactly, by kind.

python scripts/readings.py                # tests/crs/dialogue/utterances.jsonl, by rules
python scripts/readings.py --wrong FILE   # those of another table, and each wrong reading
python scripts/readings.py --understanding meaning         # by rules and MiniLM, and by rules
python scripts/readings.py --understanding llm llm=local   # by a language model, and by rules
python scripts/readings.py --understanding llm --every 10 llm=local   # one row of ten

Other words are settings of train.py. An answer of the model that cannot be read counts as wrong.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crs.errors import UserError

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "tests" / "crs" / "dialogue" / "utterances.jsonl"


def model_reads(overrides: list[str]) -> Any:
    """The language model that reads, with the names of the table's world."""
    from crs import command_line
    from crs.console import Context
    from crs.dialogue.llm_understanding import ModelReads
    from crs.llm.model import LanguageModel
    from crs.settings.files import prompt_file
    from crs.tracking.run import Run
    from tests.crs.dialogue.test_utterances import CATALOGUE

    command_line.register()
    config = command_line.configured(["multi_turn.understanding=llm", "tracker=none", *overrides])
    context = Context(config.trainer, Run(), "readings")
    prompt = prompt_file(config.multi_turn.prompt, "multi_turn.prompt", "multi_turn").read_text()
    model = LanguageModel(config.llm, context, Path(config.store) / "downloads")
    return ModelReads(CATALOGUE, "movie", prompt, model)


def meaning_reads(overrides: list[str]) -> Any:
    """The rules, with words that no table has by what they mean."""
    from crs import command_line
    from crs.dialogue.meanings import Meanings, RulesByMeaning
    from crs.stages.embed import ENCODER
    from crs.stages.stage import import_object
    from tests.crs.dialogue.test_utterances import CATALOGUE

    command_line.register()
    config = command_line.configured(["embedder=minilm", "tracker=none", *overrides])
    cache = Path(config.store) / "downloads"
    encoder = import_object(ENCODER)(config.embedder, config.trainer, cache)
    return RulesByMeaning(CATALOGUE, Meanings(CATALOGUE.attributes, encoder.encode))


def ask_all(model: Any, rows: Sequence[dict[str, Any]]) -> None:
    """Ask everything at once, so that the answers are in the ledger when the rows are read."""
    from crs.dialogue.state import Talk, Turn

    talks = [Talk(0, 0, 0, [Turn(text) for text in (*row["before"], row["text"])]) for row in rows]
    model.llm.ask(model.asked(talks))


def exact_readings(
    rows: Sequence[dict[str, Any]], understanding: Any = None, wrong: bool = False
) -> Counter[str]:
    """Exact readings by kind.

    Args:
        understanding: who reads; None: the rules.
        wrong: print each wrong reading.
    """
    from tests.crs.dialogue.test_utterances import RULES, reading

    exact = Counter[str]()
    for row in rows:
        counts = getattr(understanding, "counts", Counter())
        unread = counts["fallen_back"]
        found = reading([*row["before"], row["text"]], understanding or RULES)
        right = found == row["reading"] and counts["fallen_back"] == unread
        exact[row["kind"]] += right
        if wrong and not right:
            print(f"{row['id']}: {row['text']}\n  expected {row['reading']}\n  read     {found}")
    return exact


def main(words: list[str]) -> None:
    """Print the counts.

    Raises:
        UserError: if the table cannot be read.
    """
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("settings", nargs="*", help="a table of one's own, settings of train.py")
    parser.add_argument("--understanding", choices=("rules", "meaning", "llm"), default="rules")
    parser.add_argument("--every", type=int, default=1, help="read one row of so many")
    parser.add_argument("--wrong", action="store_true", help="print each wrong reading too")
    args = parser.parse_intermixed_args(words)
    files = [word for word in args.settings if "=" not in word] or [str(TABLE)]
    try:
        lines = Path(files[0]).read_text("utf-8").splitlines()
    except OSError as error:
        raise UserError(
            f"{files[0]}: {error.strerror}; give a table of utterances, a file of JSON lines"
        ) from error
    rows = list(map(json.loads, lines))[:: args.every]
    read = {"rules": exact_readings(rows, wrong=args.wrong and args.understanding == "rules")}
    overrides = [word for word in args.settings if "=" in word]
    if args.understanding == "meaning":
        read["meaning"] = exact_readings(rows, meaning_reads(overrides), args.wrong)
    if args.understanding == "llm":
        model = model_reads(overrides)
        ask_all(model, rows)
        read["llm"] = exact_readings(rows, model, args.wrong)
    total = Counter(row["kind"] for row in rows)
    print(f"{'':<12}{'of':>6}" + "".join(f"{name:>8}" for name in read))
    for kind in total:
        print(f"{kind:<12}{total[kind]:>6}" + "".join(f"{r[kind]:>8}" for r in read.values()))
    print(f"{'all':<12}{total.total():>6}" + "".join(f"{r.total():>8}" for r in read.values()))
    if args.understanding == "llm":
        print("answers: " + ", ".join(f"{n} {key}" for key, n in sorted((+model.counts).items())))


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT)]
    try:
        main(sys.argv[1:])
    except UserError as mistake:
        sys.exit(f"error: {mistake}")

"""Print how many utterances of the written table the rules read exactly, by kind.

python scripts/readings.py                # tests/crs/dialogue/utterances.jsonl
python scripts/readings.py --wrong FILE   # those of another table, and each wrong reading
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "tests" / "crs" / "dialogue" / "utterances.jsonl"


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", nargs="?", type=Path, default=TABLE)
    parser.add_argument("--wrong", action="store_true", help="print each wrong reading too")
    args = parser.parse_args()
    sys.path[:0] = [str(ROOT)]
    from tests.crs.dialogue.test_utterances import reading

    rows = list(map(json.loads, args.file.read_text("utf-8").splitlines()))
    total, exact = Counter[str](), Counter[str]()
    for row in rows:
        found = reading([*row["before"], row["text"]])
        total[row["kind"]] += 1
        exact[row["kind"]] += found == row["reading"]
        if args.wrong and found != row["reading"]:
            print(f"{row['id']}: {row['text']}\n  expected {row['reading']}\n  read     {found}")
    for kind in total:
        print(f"{kind:<12}{exact[kind]:>5} of {total[kind]}")
    print(f"{'all':<12}{exact.total():>5} of {total.total()}")


if __name__ == "__main__":
    main()

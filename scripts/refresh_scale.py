"""Write the arithmetic of docs/scale.md: what each stage costs on a catalogue of another size.

python scripts/refresh_scale.py
python scripts/refresh_scale.py --interactions=1e8 --users=1e7 --items=1e6

With a size of its own the table is printed, and the document stays as it is.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parents[1] / "docs" / "scale.md"
HEAD = "| stage | bytes |"

DIM, LAYERS, EPOCHS = 64, 2, 10
"""Width and layers of the encoder; epochs of each training."""
NEGATIVES, USERS_A_BATCH = 8_192, 4_096
"""Uniform negatives, and users of a batch, whose targets are negatives too."""
TEXT_DIM, TEXT_LAYERS, TOKENS, ITEM_TOKENS = 384, 6, 20, 60
"""Of all-MiniLM-L6-v2, and tokens of an utterance and of an item's text."""
CANDIDATES = 10_000
"""Items that a released EM step scores a case against (`em.candidates`)."""

# Measured on one core, by the programs that docs/benchmarks.md and docs/scale.md name.
ROWS = 20_000_000 / 17.4
"""Interactions a second of stage `dataset` (data_preparation.py)."""
UTTERANCES = 4_500
"""Of the rule-based user a second: 7,194 in 1.6 s (stage `simulate` of make run)."""
TEXTS = 725
"""Encoded a second, bfloat16: 5,000 in 3.45 s on two cores (embedding.py)."""
SCORED = 7.3e8
"""Pairs of a case and an item a second: 20,000 by 12,000 in 0.165 s on two cores (ranking.py)."""
DOLLARS_A_TEXT = 13.00 / 47_702
"""Of the language model in the example of docs/llm.md, at most."""

# Assumed, not measured: an accelerator of the year 2026 that one can rent.
FLOPS, GPU_HOUR, CORE_HOUR = 125e12, 2.0, 0.05
"""Operations a second reached in bfloat16, and dollars an hour of it and of a core."""


@dataclass(frozen=True)
class Cost:
    """What a stage takes."""

    stage: str
    keeps: float
    """Bytes that it writes or has to hold."""
    operations: float
    """Floating point operations of its matrix products."""
    cores: float | None
    """Seconds on one core; None where no rate was measured."""
    dollars: float = 0.0
    """Paid to others, beside the machine."""


def costs(interactions: float, users: float, items: float) -> list[Cost]:
    """The stages of LatentCRS, one case a user.

    A position of the encoder takes 2 (12 d² L) operations forward and twice as many backward, and
    its softmax 2 d for each item that it is scored against.
    """
    batch_targets = USERS_A_BATCH * interactions / users
    position = 6 * (12 * DIM**2 * LAYERS + DIM * (NEGATIVES + batch_targets))
    text = 2 * 12 * TEXT_DIM**2 * TEXT_LAYERS
    return [
        Cost("`dataset`", 20 * interactions, 0, interactions / ROWS),
        Cost("`pretrain`, a table whose rows are touched", items * (4 * DIM + 8),
             EPOCHS * interactions * position, None),
        Cost("`pretrain`, a dense table", items * 16 * DIM,
             EPOCHS * interactions * position, None),
        Cost("`simulate`, by rules", 100 * users, 0, users / UTTERANCES),
        Cost("`simulate`, by a language model", 100 * users, 0, None, users * DOLLARS_A_TEXT),
        Cost("`embed`", 2 * TEXT_DIM * users, users * TOKENS * text, users / TEXTS),
        Cost("`embed_items`", 2 * TEXT_DIM * items, items * ITEM_TOKENS * text,
             items / TEXTS * ITEM_TOKENS / TOKENS),
        Cost("`train`, all items in each softmax", 2 * TEXT_DIM * users,
             EPOCHS * users * 6 * DIM * items, None),
        Cost(f"`train` as released, {CANDIDATES:,} candidates", 2 * TEXT_DIM * users,
             EPOCHS * users * 6 * DIM * CANDIDATES, None),
        Cost("`evaluate`, all users", 8 * users, users * 2 * DIM * items, users * items / SCORED),
        Cost("`evaluate`, 100,000 users", 8e5, 1e5 * 2 * DIM * items, 1e5 * items / SCORED),
    ]  # fmt: skip


def amount(value: float, units: tuple[str, ...], step: float) -> str:
    """A number with the largest unit that leaves it at 1 or more."""
    for unit in units[:-1]:
        if value < step:
            return f"{value:.3g} {unit}"
        value /= step
    return f"{value:,.3g} {units[-1]}" if value < 1000 else f"{value:,.0f} {units[-1]}"


def hours(seconds: float | None) -> str:
    """A time, by its size."""
    if seconds is None:
        return "not measured"
    if seconds < 60:
        return f"{seconds:.2g} s"
    if seconds < 3600:
        return f"{seconds / 60:.2g} min"
    return f"{seconds / 3600:,.3g} h" if seconds < 3.6e6 else f"{seconds / 3600:,.0f} h"


def row(cost: Cost) -> str:
    """A stage as the table shows it: the cheaper of core and accelerator is what it costs."""
    gpu = cost.operations / FLOPS
    ways = [gpu / 3600 * GPU_HOUR] if gpu else []
    if cost.cores is not None:
        ways.append(cost.cores / 3600 * CORE_HOUR)
    dollars = min(ways, default=0.0) + cost.dollars
    cells = (
        cost.stage,
        amount(cost.keeps, ("B", "kB", "MB", "GB", "TB"), 1000),
        f"{cost.operations:.1e}" if gpu else "–",
        hours(cost.cores),
        hours(gpu) if gpu else "–",
        f"{dollars:,.2f}" if dollars < 100 else f"{dollars:,.0f}",
    )
    return f"| {' | '.join(cells)} |"


def table(interactions: float = 1e9, users: float = 1e8, items: float = 1e7) -> str:
    """One row a stage."""
    head = f"{HEAD} operations | one core | one accelerator | USD |"
    return "\n".join(
        [head, "|---|---|---|---|---|---|", *map(row, costs(interactions, users, items))]
    )


def document() -> str:
    """The document with the table as it is today."""
    before, _, rest = FILE.read_text().partition(HEAD)
    _, _, after = rest.partition("\n\n")
    return f"{before}{table()}\n\n{after}"


def main() -> None:
    """Write the document, or print the table of another size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("interactions", "users", "items"):
        parser.add_argument(f"--{name}", type=float)
    given = {name: value for name, value in vars(parser.parse_args()).items() if value}
    if given:
        sys.stdout.write(f"{table(**given)}\n")
    else:
        FILE.write_text(document())
        sys.stdout.write(f"wrote {FILE}\n")


if __name__ == "__main__":
    main()

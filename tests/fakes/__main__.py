"""The faults of tests/crs/llm/test_faults.py as a table: what went wrong and what a bill shows.

    python -m tests.fakes

12 requests a line, a server on loopback, and the same command until every request has an answer:
`commands` says how often. `jobs` were made at the vendor's, which gave so many `answers`; `right`
of the 12 are the right ones in the end.
"""

import contextlib
import io
import tempfile
from dataclasses import replace
from pathlib import Path

from crs.errors import UserError
from crs.llm.report import report
from tests.fakes.asking import (
    BATCHES,
    KINDS,
    environment,
    fresh,
    language_model,
    questions,
    right,
    texts,
)
from tests.fakes.vendor import Faults

FAULTS = {
    "nothing wrong": Faults(),
    "429 storm": Faults(storm=5),
    "500s": Faults(broken=4),
    "slow": Faults(polls=4),
    "truncated once": Faults(truncated=1),
    "invalid UTF-8": Faults(bad_bytes=3),
    "out of order": Faults(shuffled=True),
    "doubled": Faults(doubled=5),
    "foreign keys": Faults(foreign=4),
    "made, and told 500": Faults(after=1),
    "all of these": Faults(
        storm=2, broken=2, polls=3, truncated=1, shuffled=True, doubled=3, foreign=2, after=1
    ),
    "errors inside the job": Faults(hiccups=3),
    "job fails as a whole": Faults(failed=1),
    "killed and restarted": Faults(),
    "missing 3": Faults(missing=3),
    "truncated for good": Faults(truncated=3),
    "swapped 2 pairs": Faults(swapped=2),
}
"""Those after `killed and restarted` cannot but cost: answers that nobody can have any more."""
ASKED = questions(12)


def line(kind: str, name: str) -> str:
    """One fault, until all is answered."""
    with (
        fresh(kind) as vendor,
        environment(vendor),
        tempfile.TemporaryDirectory() as folder,
        contextlib.redirect_stderr(io.StringIO()),
    ):
        # The client of the Developer API repeats uploads itself, after whole seconds.
        vendor.faults = replace(FAULTS[name], only="v1beta/" if kind == "gemini_batch" else "")
        if name == "killed and restarted":
            llm = language_model(kind, vendor, Path(folder), tries=2)
            llm.submit(ASKED if kind in BATCHES else ASKED[:5])
            vendor.stop()
            with contextlib.suppress(UserError):
                llm.ask(ASKED)
            vendor.start()
        answers, commands = [], 0
        while not answers:
            commands += 1
            llm = language_model(kind, vendor, Path(folder))
            with contextlib.suppress(UserError):
                answers = texts(llm.ask(ASKED))
        kept = sum(one == two for one, two in zip(answers, right(ASKED), strict=True))
        found = report(llm, ASKED)
        return (
            f"{name:<24}{kind:<14}{commands:>8}{vendor.calls['create']:>6}"
            f"{sum(vendor.generated.values()):>9}{kept:>7}{found['mismatched']:>12}"
        )


if __name__ == "__main__":
    print(f"{'fault':<24}{'back end':<14}commands  jobs  answers  right  mismatched")
    for name in FAULTS:
        for kind in KINDS:
            print(line(kind, name), flush=True)

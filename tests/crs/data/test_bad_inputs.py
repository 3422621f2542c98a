"""docs/bad_input.md says what is printed."""

import re

import pytest

from scripts.refresh_bad_inputs import FILE
from tests.crs.data.bad_inputs.printed import printed
from tests.crs.data.bad_inputs.table import BAD, row

ROWS = [
    line for line in FILE.read_text().splitlines() if re.match(r"\| [^|]+\| \w+( `.*`)? \| `", line)
]
OUTCOME = re.compile(r"(error: |audit |warning |[\d,]+ (users|dialogues), )[^\n]*")


def test_every_input_stands_in_the_document():
    assert len(ROWS) == len(BAD)


@pytest.mark.parametrize("number", range(len(BAD)))
def test_the_document_is_true(number, tmp_path):
    assert row(BAD[number], printed(BAD[number], tmp_path)) == ROWS[number]


@pytest.mark.parametrize("line", ROWS)
def test_what_is_printed_is_a_sentence_or_a_count(line):
    said = line.split(" | ", 2)[2].removesuffix(" |").split("<br>")
    assert said and all(OUTCOME.fullmatch(part.strip("`")) for part in said)
    assert not any(word in line for word in ("Traceback", "Errno", "NoneType"))

"""JSON lines that came broken."""

import json

from hypothesis import given
from hypothesis import strategies as st

from crs.llm.jsonl_results import fetch, parse
from tests.contracts.tiny import quick

LINES = [{"key": f"k{i}", "text": "a line of words"} for i in range(3)]
WHOLE = "\n".join(map(json.dumps, LINES)).encode()


def test_whole_lines_and_empty_ones():
    assert parse(b"\n" + WHOLE + b"\n\n") == (LINES, 0)


def test_what_is_cut_off_is_broken_and_the_rest_is_kept():
    assert parse(WHOLE[:-5]) == (LINES[:2], 1)


def test_bytes_that_are_no_text_leave_the_key_and_count():
    found, broken = parse(WHOLE.replace(b"words", b"wo\xff\xferds", 1))
    assert (found, broken) == (LINES, 1)


def test_what_is_no_object_is_broken():
    assert parse(b"[1]\nnull\n3\n" + WHOLE) == (LINES, 3)


@quick
@given(st.binary(max_size=40))
def test_no_bytes_raise(data):
    found, broken = parse(data)
    assert max(len(found), broken) <= len(data.splitlines())


def test_a_broken_download_is_fetched_again_and_the_best_is_taken():
    sent = [WHOLE[:-5], WHOLE[:10], WHOLE]
    assert fetch(lambda: sent.pop(0)) == (LINES, 0)
    worse = [WHOLE[:10], WHOLE[:-5], WHOLE[:10]]
    assert fetch(lambda: worse.pop(0)) == (LINES[:2], 1)
    assert worse == []

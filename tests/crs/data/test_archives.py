"""Archives are read in place, and those with names or links that lead elsewhere not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crs.data.parsing.raw import member, members
from crs.errors import UserError
from tests.contracts.interactions import zipped
from tests.contracts.tiny import quick


@pytest.fixture
def archive(tmp_path):
    def make(*args, **kwargs):
        (file := tmp_path / "a.zip").write_bytes(zipped(*args, **kwargs))
        return file

    return make


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/x", "..\\x", "a/..", "C:\\x", "\\\\h\\x"])
def test_a_name_that_leads_out_is_refused(archive, name):
    file = archive({"a": "good", name: "evil"})
    with pytest.raises(UserError, match="leads out of the archive"):
        member(file, "a")


@pytest.mark.parametrize("name", ["a..b", "...", "a/..b", ".a", "é (1).txt"])
def test_dots_in_a_name_are_no_way_out(archive, name):
    assert member(archive({name: "good"}), name) == b"good"


def test_a_link_is_refused(archive):
    with pytest.raises(UserError, match=r"a\.zip holds 'b', a symbolic link"):
        member(archive({"a": "good"}, link="b"), "a")


def test_nothing_is_unpacked(archive, tmp_path):
    file = archive({"a/b": "good"})
    assert member(file, "a/b") == b"good" and list(tmp_path.iterdir()) == [file]


@quick
@given(data=st.data())
def test_any_damage_is_a_sentence_or_does_no_harm(tmp_path_factory, data):
    content = bytearray(zipped({"a": "good" * 50, "b/c": "x"}))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (file := tmp_path_factory.getbasetemp() / "damaged.zip").write_bytes(
        content[: data.draw(st.integers(0, len(content)))]
    )
    try:
        for name in members(file):
            member(file, name)
    except UserError as error:
        assert "damaged.zip" in str(error)

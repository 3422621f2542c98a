"""A data set's name knows who read the file, and not where that code lies."""

import sys
from importlib import import_module

import pytest

from crs import command_line
from crs.data import reader as module
from crs.data.reader import Reader, declared, label_of
from crs.errors import UserError
from tests.contracts.tiny import config

CUSTOM = "crs.data.readers.custom:read"
LINES = "crs.data.readers.iclrec_text:read"


def identity(*readers, name="custom"):
    """Of a data set of the user's own file, read by these."""
    settings = config("dataset=custom", "model=popularity", "stage=dataset").dataset
    sources = [type(settings.sources[0])(reader) for reader in readers]
    return type(settings)(**{**vars(settings), "sources": sources, "name": name}).identity()


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Write a reader of the user's own; returns its name for a YAML file."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(text, name="mine"):
        (tmp_path / f"{name}.py").write_text(text)
        sys.modules.pop(name, None)
        declared.cache_clear()
        return f"{name}:read"

    yield write
    declared.cache_clear()


@pytest.mark.parametrize("name", command_line.groups()["dataset"])
def test_every_reader_of_ours_says_its_name_and_version(name):
    for source in config(f"dataset={name}", "model=popularity").dataset.sources:
        found = declared(source.reader)
        assert found is not None and found.version >= 1 and found.name
        package, _, function = source.reader.partition(":")
        assert callable(getattr(import_module(package), function))


def test_no_two_readers_have_one_name():
    found = {}
    for name in command_line.groups()["dataset"]:
        for source in config(f"dataset={name}", "model=popularity").dataset.sources:
            assert found.setdefault(declared(source.reader).name, source.reader) == source.reader


def test_results_of_before_readers_were_in_names_kept_theirs():
    assert "readers" not in identity(LINES, name="beauty")
    assert identity(LINES, name="mine")["readers"] == ["iclrec_text/1"]


def test_another_reader_is_another_data_set(own):
    mine = own("def read(file, settings): ...")
    names = [identity(CUSTOM), identity("crs.data.readers.recbole:read"), identity(mine)]
    assert len({str(name) for name in names}) == 3
    assert names[1]["readers"] == ["recbole/2"]


def test_a_newer_version_is_in_every_name():
    assert Reader("custom", 1, ("custom",)).label("custom") is None
    assert Reader("custom", 2, ("custom",)).label("custom") == "custom/2"


def test_a_reader_of_ones_own_counts_by_its_code(own):
    one = label_of(own("def read(file, settings): return 1"), "custom")
    assert one == label_of(own("def read(file, settings): return 1"), "custom")
    assert one != label_of(own("def read(file, settings): return 2"), "custom")
    assert len(one) == 64


def test_a_reader_that_moves_keeps_its_name(own):
    """Its declaration goes along: the module is in no name."""
    text = (
        "from crs.data.reader import reader\n\n@reader('visits', 3)\ndef read(file, settings): ..."
    )
    here, there = own(text, "here"), own(text, "there")
    assert label_of(here, "custom") == label_of(there, "custom") == "visits/3"


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("nowhere.at.all:read", "no module for the reader"),
        ("nowhere:read", "no module for the reader"),
        ("crs.data.readers.custom:reed", "crs.data.readers.custom has no function 'reed'"),
    ],
)
def test_a_reader_that_is_not_there_is_one_sentence(target, told):
    with pytest.raises(UserError, match=told):
        identity(target)


def test_names_are_read_without_importing_a_reader():
    assert (
        not hasattr(module, "pd") and declared("crs.data.readers.amazon:read").name == "amazon_2023"
    )


@pytest.mark.parametrize(("older", "module"), [
    ("crs.data.custom:read", "custom"), ("crs.data.generated:read", "synthetic"),
])  # fmt: skip
def test_a_reader_by_its_older_path_is_told_the_new_one(older, module):
    with pytest.raises(UserError, match=f"is in crs.data.readers.{module} now; type that"):
        identity(older)

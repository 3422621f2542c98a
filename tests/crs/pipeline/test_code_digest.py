"""The digest of the code that made a result: what changes it, and what does not."""

import tokenize
from collections.abc import Callable, Iterator

import pytest

from crs.pipeline import code_digest
from crs.pipeline.plan import plan

CODE = '''"""Module."""

from demo.other import two

LIMIT = 3  # a comment
"""What the limit is."""


class Thing:
    """A thing."""

    size: int = 1


def one(x):
    """One."""
    for _ in range(LIMIT):
        x += two("text")
    return x
'''


@pytest.fixture
def write(tmp_path, monkeypatch) -> Iterator[Callable[[str, str], None]]:
    """Writes a module of the package `demo`, which stands for ours."""

    def forget() -> None:
        for cached in (code_digest.source_of, code_digest.imports_of, code_digest.code_of):
            cached.cache_clear()

    def write(module: str, text: str) -> None:
        (tmp_path / "demo" / f"{module}.py").write_text(text)
        forget()

    (tmp_path / "demo").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(code_digest, "PACKAGES", ("demo",))
    write("__init__", "")
    write("one", CODE)
    write("other", "def two(text):\n    return len(text)\n")
    yield write
    forget()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# a comment", "# another"),
        ("  # a comment", ""),
        ('"""Module."""', '"""A module."""'),
        ('"""Module."""\n', ""),
        ('"""What the limit is."""\n', ""),
        ('"""A thing."""', '"""Another."""'),
        ('    """One."""\n', ""),
        ("\n\n\n", "\n"),
        ("    return x", "\n    # the end\n    return x"),
        ("LIMIT = 3", "LIMIT  =  3"),
    ],
)
def test_comments_docstrings_and_layout_leave_the_digest_alone(write, old, new):
    before = code_digest.code_digest("demo.one")
    assert old in CODE
    write("one", CODE.replace(old, new))
    assert code_digest.code_digest("demo.one") == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 3", "LIMIT = 4"),
        ('"text"', '"texts"'),
        ("x +=", "x -="),
        ("size: int = 1", "size: float = 1"),
        ("    return x", "        return x"),
        ("def one", "def uno"),
    ],
)
def test_an_edit_of_code_changes_the_digest(write, old, new):
    before = code_digest.code_digest("demo.one")
    assert old in CODE
    write("one", CODE.replace(old, new))
    assert code_digest.code_digest("demo.one") != before


SAID = """from demo.console import say

def one(self, x):
    if x > 3:
        raise ValueError(
            f"{x} é is " + str(4)
        ) from None
    say("begins"); x += 1
    self.context.note(f"{x} is {1}")
    return self.say("computed")
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('f"{x} é is " + str(4)', '"é".join(["another", "sentence"])'),
        ('(\n            f"{x} é is " + str(4)\n        )', ""),
        ('"begins"', '"starts"'),
        ('f"{x} is {1}"', 'f"{x} may be {1}", end=""'),
    ],
)
def test_the_wording_of_errors_and_of_progress_leaves_the_digest_alone(write, old, new):
    write("one", SAID)
    before = code_digest.code_digest("demo.one")
    assert old in SAID
    write("one", SAID.replace(old, new))
    assert code_digest.code_digest("demo.one") == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x > 3", "x > 4"),
        ("ValueError", "TypeError"),
        ("from None", "from x"),
        ("x += 1", "x += 2"),
        ('"computed"', '"other"'),
    ],
)
def test_what_stands_beside_the_wording_changes_the_digest(write, old, new):
    write("one", SAID)
    before = code_digest.code_digest("demo.one")
    assert old in SAID
    write("one", SAID.replace(old, new))
    assert code_digest.code_digest("demo.one") != before


def test_an_error_within_the_wording_of_an_error_is_left_out_with_it():
    text = 'raise UserError("a", from_=OSError("b"), c=1)\nx = 1\n'
    assert code_digest.without_wording(text) == "raise UserError\nx = 1\n"


def test_an_f_string_is_one_token_in_every_version_of_python():
    text = "x = f\"{a!r:>{b}} {f'{c}'}\" + f'''{\nd} é''' f''\n"
    strings = [t.string for t in code_digest.tokens_of(text) if t.type == tokenize.STRING]
    assert strings == ["f\"{a!r:>{b}} {f'{c}'}\"", "f'''{\nd} é'''", "f''"]


def test_modules_that_never_compute_and_what_they_import_do_not_count(write, monkeypatch):
    monkeypatch.setattr(code_digest, "NEVER_COMPUTES", {"demo.other"})
    write("other", "import demo.third\n")
    write("third", "A = 1\n")
    assert code_digest.closure("demo.one") == ["demo.one"]


def test_each_module_that_never_computes_exists():
    assert all(map(code_digest.source_of, code_digest.NEVER_COMPUTES))


@pytest.mark.parametrize(
    "line",
    [
        "import demo.other",
        "import demo.other as o",
        "from demo import other",
        "from demo.other import two",
        "def f():\n    from demo.other import two",
        "if True:\n    import demo.other",
    ],
)
def test_an_edit_of_an_imported_module_changes_the_digest(write, line):
    write("one", line + "\n")
    before = code_digest.code_digest("demo.one")
    write("other", "def two(text):\n    return 2\n")
    assert code_digest.code_digest("demo.one") != before


def test_an_import_of_an_import_counts(write):
    write("other", "import demo.third\n")
    write("third", "A = 1\n")
    before = code_digest.code_digest("demo.one")
    write("third", "A = 2\n")
    assert code_digest.code_digest("demo.one") != before


def test_a_module_that_is_not_imported_does_not_count(write):
    before = code_digest.code_digest("demo.one")
    write("third", "A = 2\n")
    assert code_digest.code_digest("demo.one") == before


def test_modules_may_import_each_other(write):
    write("other", "import demo.one\n")
    assert code_digest.closure("demo.one") == ["demo.one", "demo.other"]


def test_the_order_of_modules_is_free(write):
    names = "demo.one", "demo.other"
    assert code_digest.code_digest(*names) == code_digest.code_digest(*reversed(names))


def test_other_peoples_modules_are_left_out(write):
    write("one", "import json\nimport pytest\n")
    assert code_digest.closure("demo.one") == ["demo.one"]


def test_the_reader_of_a_dataset_is_part_of_its_code(configure):
    config = configure("dataset=ml1m", "stage=dataset")
    assert "crs.data.readers.movielens" in code_digest.code_modules(plan(config)[0], config)


def test_a_text_file_beside_a_module_that_is_reached_changes_the_digest(write, tmp_path):
    before = code_digest.code_digest("demo.one")
    (tmp_path / "demo" / "sub").mkdir()
    (tmp_path / "demo" / "sub" / "elsewhere.txt").write_text("words")
    assert code_digest.code_digest("demo.one") == before
    table = tmp_path / "demo" / "words.txt"
    table.write_text("words")
    named = code_digest.code_digest("demo.one")
    table.write_text("other words")
    assert len({before, named, code_digest.code_digest("demo.one")}) == 3


def test_the_everyday_words_are_in_the_digest_of_what_reads_titles():
    reached = code_digest.closure("multi_turn.dialogues")
    assert "everyday.txt" in {file.name for file in code_digest.texts_beside(reached)}

"""The digest of the code that made a result: what changes it, and what does not."""

from collections.abc import Callable, Iterator

import pytest

from crs import closure

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
        for cached in (closure.source_of, closure.imports_of, closure.code_of):
            cached.cache_clear()

    def write(module: str, text: str) -> None:
        (tmp_path / "demo" / f"{module}.py").write_text(text)
        forget()

    (tmp_path / "demo").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(closure, "PACKAGES", ("demo",))
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
    before = closure.code_digest("demo.one")
    assert old in CODE
    write("one", CODE.replace(old, new))
    assert closure.code_digest("demo.one") == before


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
    before = closure.code_digest("demo.one")
    assert old in CODE
    write("one", CODE.replace(old, new))
    assert closure.code_digest("demo.one") != before


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
    before = closure.code_digest("demo.one")
    write("other", "def two(text):\n    return 2\n")
    assert closure.code_digest("demo.one") != before


def test_an_import_of_an_import_counts(write):
    write("other", "import demo.third\n")
    write("third", "A = 1\n")
    before = closure.code_digest("demo.one")
    write("third", "A = 2\n")
    assert closure.code_digest("demo.one") != before


def test_a_module_that_is_not_imported_does_not_count(write):
    before = closure.code_digest("demo.one")
    write("third", "A = 2\n")
    assert closure.code_digest("demo.one") == before


def test_modules_may_import_each_other(write):
    write("other", "import demo.one\n")
    assert closure.closure("demo.one") == ["demo.one", "demo.other"]


def test_the_order_of_modules_is_free(write):
    names = "demo.one", "demo.other"
    assert closure.code_digest(*names) == closure.code_digest(*reversed(names))


def test_other_peoples_modules_are_left_out(write):
    write("one", "import json\nimport pytest\n")
    assert closure.closure("demo.one") == ["demo.one"]
